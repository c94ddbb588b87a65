"""Every page of the admin in a real browser: nothing that the policy refuses, no script that fails, nothing missing."""

from __future__ import annotations

from itertools import product

import pytest
from django.urls import reverse

from audit.services import SYSTEM
from clusters.models import Finding
from operations.admin_actions import DEEDS as OF_OPERATIONS
from operations.freezing import freeze
from operations.models import Freeze, Operation
from pods.admin_deeds import DEEDS
from pods.models import CloudPod
from tenants.models import Tenant
from tests.browser.browser import elsewhere, visitor
from tests.desk import (
    a_row,
    desk,
    form,
    our_models,
    page,
    rows,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FORMS = ("tenants_tenant_add", "tenants_apitoken_add", "tenants_membership_add", "tenants_user_add", "auth_group_add")
THEMES = ("light", "dark")
WIDTHS = (390, 1024, 1440)


def all_pages(pod):
    models = our_models()
    yield reverse("admin:index")
    yield from (rows(model) for model in models)
    yield from (page(a_row(model)) for model in models)
    yield from (reverse(f"admin:{name}") for name in FORMS)
    yield from (reverse(f"admin:{deed.url_name}", args=[pod.pk]) for deed in DEEDS)
    operation = Operation.objects.filter(subject_id=pod.pk).first()
    assert operation
    yield from (reverse(f"admin:{deed.url_name}", args=[operation.pk]) for deed in OF_OPERATIONS)
    yield reverse("admin:pods_cloudpod_new")
    yield reverse("admin:operations_freeze_new")
    yield reverse("admin:operations_freeze_thaw", args=[a_row(Freeze).pk])
    yield reverse("admin:clusters_finding_close", args=[a_row(Finding).pk])
    yield reverse("admin:tenants_tenant_suspend", args=[pod.tenant_id])
    yield from (form(row) for row in (pod.tenant, pod.cluster, pod.node))
    yield reverse("admin:password_change")
    yield rows(CloudPod) + "?q=nothing-is-called-this"


@pytest.mark.parametrize("theme", THEMES)
def test_no_page_of_the_admin_makes_the_browser_complain_or_is_wider_than_its_window(theme, live_server, running, draw):
    """Opened in every theme at every width; by a draw, every sixth page in one theme at one width, and then drawn to
    the other widths.
    """
    CloudPod.objects.filter(pk=running.pk).update(hostname="x" * 63)
    Tenant.objects.filter(pk=running.tenant_id).update(name="y" * 200)
    freeze(by=SYSTEM, reason="z" * 500)
    client, urls = desk(), list(all_pages(running))
    looks = zip(urls, draw.ways(len(urls), list(product(THEMES, WIDTHS)), one_in=6), strict=True)
    with visitor(live_server.url, client, theme=theme) as browser:
        for url, opened_at in [(url, width) for url, ways in looks for of, width in ways if of == theme]:
            browser.page.set_viewport_size({"width": opened_at, "height": 900})
            browser.open(url)
            assert browser.page.locator("main").count() == 1, url
            for width in (opened_at, *WIDTHS):
                browser.page.set_viewport_size({"width": width, "height": 900})
                assert browser.page.evaluate("document.documentElement.scrollWidth") <= width, (url, opened_at, width)
        assert browser.complaints == []


def test_the_listener_hears_what_the_policy_refuses(live_server, running):
    """The test above is worth nothing if nobody listens."""
    client, url = desk(), reverse("admin:index")
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        browser.page.evaluate("document.body.setAttribute('style', 'color: red')")
        browser.page.evaluate("document.head.append(document.createElement('style'))")
        browser.page.evaluate("document.querySelector('head > style:last-child').textContent = 'a {}'")
        browser.open("/static/no-such-file.css")
        heard = "\n".join(browser.complaints)
        assert "Content Security Policy" in heard
        assert "404" in heard


def test_somebody_logs_in_by_hand_and_destroys_a_pod_after_the_question(live_server, running):
    desk()  # makes ada
    pod_page = page(running)
    with visitor(live_server.url) as browser:
        browser.open(reverse("admin:login"))
        browser.page.get_by_label("Username").fill("ada")
        browser.page.get_by_label("Password").fill("a-long-test-password")
        browser.page.keyboard.press("Enter")
        browser.page.wait_for_url("**/admin/")
        browser.open(pod_page)
        with browser.leaving():
            browser.page.get_by_role("link", name="Destroy …").click()
        browser.page.get_by_label("Why?").fill("the customer left")
        browser.page.get_by_label("Type ").fill(running.hostname)
        browser.page.get_by_role("button", name=f"Destroy {running.hostname}").click()
        browser.page.wait_for_url(f"**{pod_page}")
        assert "has begun" in browser.page.locator("main").inner_text()
        assert browser.complaints == []
    assert Operation.objects.filter(kind="destroy", subject_id=running.pk).exists()


def test_a_pods_page_follows_what_happens_without_a_reload_and_then_rests(live_server, pods):
    client, pod_page, pod = desk(), page(pods[0]), pods[0]
    Operation.objects.filter(subject_id=pod.pk).update(state="parked", waits_for="the first thing")
    with visitor(live_server.url, client) as browser:
        browser.open(pod_page)
        browser.page.get_by_text("the first thing").first.wait_for()
        elsewhere(_finish, pod.pk)
        browser.page.locator("#live").get_by_text(f"{pod.hostname} runs on").wait_for(timeout=10_000)
        assert browser.page.locator("#live[data-refresh]").count() == 0
        assert browser.complaints == []


def test_filters_search_and_the_command_palette_work_by_hand(live_server, running):
    client, url = desk(), rows(CloudPod)
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        browser.page.locator("summary", has_text="Phase").click()
        with browser.leaving("**phase__exact=active**"):
            browser.page.get_by_role("link", name="Active", exact=True).click()
        assert browser.page.locator("#result_list tbody").count() == 1
        browser.page.keyboard.press("/")
        browser.page.keyboard.type("nobody")
        browser.page.keyboard.press("Enter")
        browser.page.get_by_text("No CloudPod matches").wait_for()
        browser.page.keyboard.press("Control+k")
        browser.page.locator("#search-input-command").press_sequentially(running.hostname)
        browser.page.locator("#command-results a", has_text=running.hostname).first.wait_for()
        assert browser.complaints == []


def test_a_token_for_a_tenant_picked_in_the_form_is_shown_to_be_copied(live_server, running):
    client, url = desk(), reverse("admin:tenants_apitoken_add")
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        browser.page.locator(".select2-selection").click()
        browser.page.locator(".select2-results__option", has_text="TENANT-101").click()
        browser.page.get_by_label("Name").fill("ci")
        browser.page.get_by_role("button", name="Save", exact=True).click()
        browser.page.get_by_role("heading", name="Copy the token now").wait_for()
        assert browser.page.locator("#token-text").inner_text().startswith("mc_")
        assert browser.complaints == []


def test_the_skip_link_is_first_and_leads_to_the_content(live_server, running):
    client, url = desk(), rows(Tenant)
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        browser.page.keyboard.press("Tab")
        assert browser.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        browser.page.keyboard.press("Enter")
        assert browser.page.evaluate("document.activeElement.id") == "main-content"


def test_the_frame_is_worked_by_keyboard(live_server, running):
    """Unfold makes its buttons of <span> and <div>: without our script nobody could log out without a mouse."""
    client, url = desk(), reverse("admin:index")
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        page = browser.page
        page.get_by_role("button", name="Show or hide the menu").focus()
        page.keyboard.press("Enter")
        page.locator("#nav-sidebar").wait_for(state="hidden")
        page.keyboard.press("Enter")
        page.locator("#nav-sidebar").wait_for(state="visible")
        page.get_by_role("button", name="ada").press("Enter")
        page.wait_for_function("document.activeElement.textContent.includes('Light')")
        page.get_by_role("button", name="Log out").press("Enter")
        page.get_by_text("Log in again").wait_for()
        assert browser.complaints == []


def test_the_picker_of_a_tenant_has_a_name_for_those_who_do_not_see_it(live_server, running):
    client, url = desk(), reverse("admin:tenants_apitoken_add")
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        browser.page.get_by_role("combobox", name="Tenant").wait_for()
        assert browser.page.get_by_role("heading", name="Add API token").count() == 1


def test_what_changed_is_read_aloud_and_the_focus_stays(live_server, pods):
    client, pod_page, pod = desk(), page(pods[0]), pods[0]
    Operation.objects.filter(subject_id=pod.pk).update(state="parked", waits_for="the first thing")
    with visitor(live_server.url, client) as browser:
        browser.open(pod_page)
        browser.page.locator(".mc-operation > summary").first.focus()
        elsewhere(_finish, pod.pk)
        browser.page.get_by_role("status").filter(has_text=f"{pod.hostname} runs on").wait_for(timeout=10_000)
        assert browser.page.evaluate("document.activeElement.matches('#live .mc-operation > summary')")


def test_a_site_that_does_not_answer_is_told_and_asked_again(live_server, pods):
    client, pod_page, pod = desk(), page(pods[0]), pods[0]
    Operation.objects.filter(subject_id=pod.pk).update(state="parked", waits_for="the first thing")
    with visitor(live_server.url, client) as browser:
        browser.open(pod_page)
        browser.page.route("**" + pod_page, lambda route: route.fulfill(status=502))
        browser.page.get_by_text("The site does not answer").wait_for(timeout=10_000)
        browser.page.unroute("**" + pod_page)
        browser.page.get_by_text("The site does not answer").wait_for(state="hidden", timeout=10_000)


def _finish(pod_id):
    CloudPod.objects.filter(pk=pod_id).update(phase="active", observed_state="running")
    Operation.objects.filter(subject_id=pod_id).update(state="succeeded", waits_for="")

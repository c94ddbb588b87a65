"""The portal in a real browser: nothing that the policy refuses, nothing too wide for a telephone, all by keyboard.

Decides: what a visitor does and hears. Not: what stands on the pages (tests/migracloud/test_portal.py).
"""

from __future__ import annotations

import pytest
from django.urls import reverse

from operations.models import Operation
from pods.models import CloudPod
from tenants.models import Tenant
from tests.browser.browser import elsewhere, visitor
from tests.desk import make_pods
from tests.migracloud.portal_people import KEY, PASSWORD, member, pods_in_every_state, portal, settle

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PODS = "/portal/TENANT-101/pods/"
SCHEMES = ("light", "dark")


@pytest.fixture
def pods(transactional_db, world, alice):
    return pods_in_every_state(alice)


@pytest.fixture
def making(transactional_db, world, alice):
    """A pod that is being made."""
    [pod] = make_pods(alice, 1)
    Operation.objects.filter(subject_id=pod.pk).update(state="parked")
    return pod


def of_pod(pod):
    return reverse("portal:pod", args=["TENANT-101", pod.pk])


def all_pages(pods):
    operation = Operation.objects.get(subject_id=pods["not made"].pk)
    yield "/portal/"
    yield from (reverse(f"portal:{name}", args=["TENANT-101"]) for name in ("pods", "addresses", "operations"))
    yield from (reverse(f"portal:{name}", args=["TENANT-102"]) for name in ("pods", "addresses", "operations"))
    yield from (of_pod(pod) for pod in pods.values())
    yield reverse("portal:operation", args=["TENANT-101", operation.pk])
    yield PODS + "?q=nothing-is-called-this"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_makes_the_browser_complain_or_is_wider_than_its_window(
    scheme, live_server, pods, alice, charlie, draw
):
    """Every page in both schemes; by a draw, each in one."""
    CloudPod.objects.filter(pk=pods["running"].pk).update(hostname="x" * 63, ssh_keys=[KEY + "y" * 200])
    Tenant.objects.filter(pk=alice.tenant.pk).update(name="z" * 200, state="suspended")
    client, urls = portal(member("dora", alice.tenant, charlie.tenant)), list(all_pages(pods))
    with visitor(live_server.url, client) as browser:
        browser.page.emulate_media(color_scheme=scheme)
        for url in [url for url, ways in zip(urls, draw.ways(len(urls), SCHEMES), strict=True) if scheme in ways]:
            browser.page.set_viewport_size({"width": 1280, "height": 900})
            browser.open(url)
            assert browser.page.locator("main h1, main h2").count() >= 1, url
            for width in (1280, 800, 360):
                browser.page.set_viewport_size({"width": width, "height": 900})
                assert browser.page.evaluate("document.documentElement.scrollWidth") <= width, (url, width)
        assert browser.complaints == []


def test_somebody_logs_in_by_hand_finds_the_pod_and_logs_out(live_server, pods, alice):
    member("alice", alice.tenant, password=PASSWORD)
    with visitor(live_server.url) as browser:
        page = browser.page
        browser.open("/portal/")
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_role("alert").filter(has_text="do not match").wait_for()
        assert page.evaluate("document.activeElement.id") == "id_password"
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{PODS}")
        page.get_by_label("Host name").fill("web-9")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="web-9").click()
        page.get_by_role("heading", name="web-9").wait_for()
        page.get_by_role("button", name="Log out").press("Enter")
        page.get_by_role("heading", name="Log in to MigraCloud").wait_for()
        assert browser.complaints == []


def test_the_line_to_log_in_by_is_copied_by_keyboard(live_server, pods, alice):
    client, url = portal(member("alice", alice.tenant)), of_pod(pods["running"])
    with visitor(live_server.url, client) as browser:
        browser.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        browser.open(url)
        browser.page.get_by_role("button", name="Copy ssh root@10.1.10.59").focus()
        browser.page.keyboard.press("Enter")
        browser.page.get_by_text("Copied", exact=True).wait_for()
        assert browser.page.evaluate("navigator.clipboard.readText()") == "ssh root@10.1.10.59"
        assert browser.page.get_by_role("status").inner_text() == "Copied ssh root@10.1.10.59"
        assert browser.complaints == []


def test_without_a_script_all_is_there_but_no_button_that_does_nothing(live_server, pods, alice):
    client, url = portal(member("alice", alice.tenant)), of_pod(pods["running"])
    with visitor(live_server.url, client) as browser:
        browser.page.route("**/portal.js", lambda route: route.fulfill(body=""))
        browser.open(url)
        assert "ssh root@10.1.10.59" in browser.page.locator("main").inner_text()
        assert not browser.page.get_by_text("Copy", exact=True).is_visible()
        assert "UTC" in browser.page.locator("time[data-time=exact]").first.inner_text()


def test_times_are_told_in_the_readers_zone(live_server, pods, alice):
    client, url = portal(member("alice", alice.tenant)), of_pod(pods["running"])
    CloudPod.objects.update(created_at="2026-01-15T12:00:00Z")
    with visitor(live_server.url, client) as browser:
        session = browser.page.context.new_cdp_session(browser.page)
        session.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        browser.open(url)
        time = browser.page.locator('time[datetime="2026-01-15T12:00:00+00:00"]')
        assert "9:00:00" in time.inner_text()
        assert "GMT+9" in (time.get_attribute("title") or "")


def test_a_pods_page_follows_what_happens_and_then_rests(live_server, making, alice):
    client, url = portal(member("alice", alice.tenant)), of_pod(making)
    with visitor(live_server.url, client) as browser:
        page = browser.page
        browser.open(url)
        page.get_by_text("web-0 is being made.").wait_for()
        page.get_by_role("link", name="Create").first.focus()
        elsewhere(_step_on, making)
        page.locator(".mc-current", has_text="Set size and network").wait_for(timeout=10_000)
        assert page.evaluate("document.activeElement.matches('#live a')")
        elsewhere(settle, making)
        page.locator("#live").get_by_text("web-0 is running.").wait_for(timeout=10_000)
        page.get_by_role("status").filter(has_text="web-0 is running.").wait_for()
        assert page.locator("#live[data-refresh]").count() == 0
        assert browser.complaints == []


def test_a_site_that_does_not_answer_is_told_and_a_lost_session_too(live_server, making, alice):
    client, url = portal(member("alice", alice.tenant)), of_pod(making)
    with visitor(live_server.url, client) as browser:
        page = browser.page
        browser.open(url)
        page.route(f"**{url}", lambda route: route.fulfill(status=502))
        page.get_by_text("The site does not answer").wait_for(timeout=10_000)
        page.unroute(f"**{url}")
        page.get_by_text("The site does not answer").wait_for(state="hidden", timeout=10_000)
        page.context.clear_cookies()
        page.get_by_text("You are no longer logged in").wait_for(timeout=10_000)


def test_the_skip_link_is_first_and_the_menu_of_tenants_works_by_keyboard(live_server, pods, alice, charlie):
    client = portal(member("dora", alice.tenant, charlie.tenant))
    with visitor(live_server.url, client) as browser:
        page = browser.page
        browser.open(PODS)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.locator("#tenant-menu > summary").press("Enter")
        page.keyboard.press("Escape")
        assert not page.get_by_role("link", name="TENANT-102").is_visible()
        page.locator("#tenant-menu > summary").press("Enter")
        page.get_by_role("link", name="TENANT-102").press("Enter")
        page.get_by_role("heading", name="You have no pods yet").wait_for()
        assert browser.complaints == []


def _step_on(pod):
    steps = Operation.objects.get(subject_id=pod.pk).steps
    steps.filter(name="clone").update(state="done")

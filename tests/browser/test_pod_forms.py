"""The forms that make and resize a pod, typed by hand: what it comes to is there before the button is pressed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from operations.models import Operation
from pods.models import CloudPod
from tests.browser.browser import visitor
from tests.desk import desk, make_pods, page

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pod(transactional_db, world, alice):
    (made,) = make_pods(alice, 1)
    CloudPod.objects.update(phase="active", observed_state="running")
    Operation.objects.update(state="succeeded")
    return made


def beside(browser, words):
    browser.page.locator("#preview").get_by_text(words).first.wait_for()
    return browser.page.locator("#preview").inner_text()


def test_a_pod_is_made_by_keyboard_alone_with_all_told_before_the_button_is_pressed(live_server, pod, alice):
    client, url = desk(), reverse("admin:pods_cloudpod_new")
    with visitor(live_server.url, client) as browser:
        browser.open(url)
        tab, type_in = browser.page.keyboard.press, browser.page.keyboard.type
        browser.page.get_by_label("Tenant").focus()
        type_in("10")
        browser.page.locator("#tenant-options option[value=TENANT-101]").wait_for(state="attached")
        type_in("1")
        beside(browser, "Still needed: host name.")
        tab("Tab")
        type_in("Web")
        beside(browser, "is no host name")
        assert "is no host name" in browser.page.locator("#id_hostname_problem").inner_text()
        assert browser.page.get_by_label("Host name").get_attribute("aria-invalid") == "true"
        tab("Control+a")
        type_in("shop")
        beside(browser, "shop can be made on node")
        assert browser.page.locator("#id_hostname_problem").inner_text() == ""
        assert browser.page.get_by_label("Host name").get_attribute("aria-invalid") is None
        tab("Tab")
        tab("ArrowDown")  # from the small to the medium one
        shown = beside(browser, "8 GiB + 40 GiB of 10000 GiB")
        assert "would be 9101" in shown
        assert browser.page.get_by_role("status").inner_text().startswith("shop can be made on node")
        assert not browser.page.get_by_role("spinbutton", name="Cores").is_visible()
        browser.page.get_by_label("Own size").focus()
        tab("Space")
        tab("Tab")
        assert browser.page.evaluate("document.activeElement.id") == "id_cores"
        type_in("1")
        beside(browser, "2 + 1 of 1000")
        browser.page.get_by_role("button", name="Create the pod").focus()
        tab("Enter")
        browser.page.get_by_text("Creating shop has begun").wait_for()
        assert browser.complaints == []
    assert CloudPod.objects.get(hostname="shop").cores == 1


def test_a_pods_new_size_is_shown_beside_the_present_one(live_server, pod):
    client, url = desk(), reverse("admin:pods_cloudpod_resize", args=[pod.pk])
    with visitor(live_server.url, client) as browser:
        browser.page.set_viewport_size({"width": 390, "height": 900})
        browser.open(url)
        browser.page.get_by_label("Memory (MiB)").fill("4096")
        assert "changes" in beside(browser, "2 GiB + 2 GiB of")
        browser.page.get_by_label("Disk (GiB)").fill("4")
        beside(browser, "a disk cannot become smaller")
        browser.page.get_by_label("Disk (GiB)").fill("8")
        beside(browser, "can be resized so")
        assert browser.page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.page.get_by_role("button", name="Resize web-0").click()
        browser.page.wait_for_url(f"**{page(pod)}")
        assert browser.complaints == []
    assert CloudPod.objects.get(pk=pod.pk).memory_mib == 4096


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_preview_fits_a_phone_and_the_page_works_without_our_script(theme, live_server, pod):
    client, url = desk(), reverse("admin:pods_cloudpod_new")
    with visitor(live_server.url, client, theme=theme) as browser:
        browser.page.route("**/form.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        browser.page.set_viewport_size({"width": 390, "height": 900})
        browser.open(url)
        browser.page.get_by_label("Tenant").fill("TENANT-101")
        browser.page.get_by_label("Host name").fill("shop")
        browser.page.get_by_role("button", name="Check").click()
        beside(browser, "shop can be made on node")
        assert browser.page.get_by_label("Host name").input_value() == "shop"
        assert browser.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert browser.complaints == []
    assert CloudPod.objects.count() == 1

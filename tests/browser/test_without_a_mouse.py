"""A pod's whole life by somebody who has no mouse: every key is pressed, nothing is clicked, filled in or focused."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from ipam.models import IPLease
from pods.models import CloudPod
from tests.browser.browser import elsewhere, visitor
from tests.desk import desk, page

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
MOST_STOPS = 120  # of the focus, to anything on a page
FOCUSED = """() => {
    const one = document.activeElement, said = one.cloneNode(true);
    const label = one.labels && one.labels.length ? one.labels[0].innerText : "";
    said.querySelectorAll("[aria-hidden=true]").forEach((icon) => icon.remove());
    return (label || one.getAttribute("aria-label") || said.innerText || one.value || "").trim();
}"""


def tab_to(browser, name):
    """By Tab, to what is called so, as somebody hears it."""
    heard = []
    for _ in range(MOST_STOPS):
        browser.page.keyboard.press("Tab")
        heard.append(browser.page.evaluate(FOCUSED) or "nothing")
        if f"{heard[-1].splitlines()[0]} ".startswith(f"{name} "):
            return
    raise AssertionError(f"the focus never comes to {name!r}, but to {heard}")


def enter(browser, name):
    """To what is called so, and in; until the page that it leads to is there."""
    tab_to(browser, name)
    with browser.leaving():
        browser.page.keyboard.press("Enter")


def find(browser, words, pod):
    browser.page.keyboard.press("Control+k")
    browser.page.locator("#search-input-command:focus").wait_for()
    with browser.leaving(f"**{page(pod)}"):  # a search that the next letter overtakes is cut off too
        browser.page.keyboard.type(words)
        browser.page.keyboard.press("Enter")


def test_a_pod_is_created_found_by_its_address_stopped_and_destroyed(live_server, world, alice, work):
    client = desk()
    with visitor(live_server.url, client) as browser:
        keyboard = browser.page.keyboard
        made: dict[str, Any] = {}

        def rest():
            """Workers do what was asked; a pod's page is told by the controller's look."""
            work.until_idle()
            work.observe()
            made["pod"] = CloudPod.objects.get()
            made["address"] = IPLease.objects.get(released_at=None).address

        browser.open(reverse("admin:index"))
        enter(browser, "CloudPods")
        enter(browser, "Create a pod")
        tab_to(browser, "Tenant")
        keyboard.type("TENANT-101")
        tab_to(browser, "Host name")
        keyboard.type("shop")
        browser.page.locator("#preview").get_by_text("shop can be made").first.wait_for()
        enter(browser, "Create the pod")
        browser.page.get_by_text("Creating shop has begun").wait_for()
        elsewhere(rest)
        find(browser, str(made["address"]), made["pod"])
        enter(browser, "Stop")
        enter(browser, "Stop shop")
        browser.page.get_by_text("Stopping shop has begun").wait_for()
        elsewhere(rest)
        assert made["pod"].observed_state == "stopped"
        find(browser, str(made["address"]), made["pod"])
        enter(browser, "Destroy")
        tab_to(browser, "Type")
        keyboard.type("shop")
        enter(browser, "Destroy shop")
        browser.page.get_by_text("Destroying shop has begun").wait_for()
        elsewhere(rest)
        assert browser.complaints == []
    assert made["pod"].phase == "deleted"

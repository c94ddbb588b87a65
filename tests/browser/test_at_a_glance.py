"""What is told at a glance: it fits the window, unscrolled, and nothing is cut."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from clusters.models import Cluster, Node, StorageTier
from core.clock import control_now
from operations.models import Operation
from pods.models import CloudPod
from tests.browser.browser import visitor
from tests.desk import desk, page, rows

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUT = """() => [
    ...Array.from(document.querySelectorAll("main .simplebar-content-wrapper, main .mc-card"))
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => `wider than its place: ${one.innerText}`),
    ...Array.from(document.querySelectorAll("#result_list .mc-code, #result_list time"))
        .filter((one) => one.getClientRects().length > 1).map((one) => `cut in two: ${one.innerText}`),
]"""


def test_overview_and_lists_fit_a_laptop_and_no_address_is_cut_in_two(live_server, running):
    Cluster.objects.update(ca_file="/etc/migracloud/clusters/frankfurt/pve-root-ca.pem", fingerprint="")
    client, urls = desk(), [reverse("admin:index"), *map(rows, (CloudPod, Cluster, Node, StorageTier, Operation))]
    with visitor(live_server.url, client) as browser:
        browser.page.set_viewport_size({"width": 1280, "height": 900})
        for url in urls:
            browser.open(url)
            assert browser.page.evaluate(CUT) == [], url


# Those of which no part lies in the window, or not all of it; a place is what a selector finds with these words in it.
# Measured at once: a page that is read again meanwhile has other elements afterwards.
OUT_OF_SIGHT = """(places) => Object.entries(places).filter(([, [selector, words]]) => {
    const found = Array.from(document.querySelectorAll(selector)).find((one) => one.innerText.includes(words));
    const box = found && found.getBoundingClientRect();
    return !box || !box.height || box.top < 0 || box.bottom > innerHeight || box.right > innerWidth;
}).map(([name]) => name)"""


def test_a_pods_page_tells_what_is_urgent_without_scrolling_and_has_nothing_to_fill_in(live_server, pods):
    pod = pods[0]
    CloudPod.objects.filter(pk=pod.pk).update(
        phase="active", observed_state="running", last_seen_state="running", observed_at=control_now()
    )
    address = pod.interfaces.get().addresses.get().lease.address
    waits = {"state": "waiting", "due_at": control_now() + timedelta(minutes=2)}
    Operation.objects.filter(subject_id=pod.pk).update(**waits)
    with visitor(live_server.url, desk()) as browser:  # 1440 x 900
        browser.open(page(pod))
        places = {
            "state": [".mc-sentence", "runs on"],
            "as of": [".mc-sentence", "As of"],
            "address and ssh line": ["#ssh-line", f"ssh root@{address}"],
            "current step": [".mc-current .mc-step", "clone"],
            "next try": ["main p", "Next try"],
            "Proxmox's last line": [".mc-last", "TASK ERROR: the node's own words"],
        }
        assert browser.page.evaluate(OUT_OF_SIGHT, places) == []
        main = browser.page.locator("main")
        assert main.locator("input, select, textarea").count() == 0
        assert main.get_by_role("button", name="Save").count() == 0


def test_the_first_two_rows_of_the_overview_fit_a_telephone(live_server, running):
    with visitor(live_server.url, desk()) as browser:
        browser.page.set_viewport_size({"width": 390, "height": 844})
        browser.open(reverse("admin:index"))
        first = {str(n): [f".mc-figures > li:nth-child({n}) > .mc-figure", ""] for n in range(1, 5)}
        assert browser.page.evaluate(OUT_OF_SIGHT, first) == []


def test_a_clusters_check_is_at_hand_without_scrolling_and_its_name_too(live_server, world):
    client, url = desk(), page(world.cluster)
    with visitor(live_server.url, client) as browser:
        for width in (1280, 360):
            browser.page.set_viewport_size({"width": width, "height": 700})
            browser.open(url)
            for one in (browser.page.locator("header a", has_text="Check"), browser.page.locator("h1 .mc-crumb").last):
                box = one.bounding_box()
                assert box is not None, width
                assert box["width"] > 20, width
                assert box["y"] + box["height"] < 100, width

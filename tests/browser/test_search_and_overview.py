"""The search by keyboard alone, and the overview that is read again by itself, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse

from operations.models import Operation
from pods.models import CloudPod
from tests.browser.browser import elsewhere, visitor
from tests.desk import desk, make_everything, page, rows

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HIDDEN = """(hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
FIGURES = """() => Array.from(document.querySelectorAll(".mc-figure"), (one) => {
    const box = one.getBoundingClientRect();
    return [Math.round(box.top), Math.round(box.height)];
})"""
OUT_OF_SIGHT = """() => Array.from(document.querySelectorAll("main .mc-card"))
    .filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.innerText)"""


@pytest.fixture
def pods(transactional_db, world, alice):
    return make_everything(alice, world.cluster, pods=6, seen=("worker", "controller"))


@pytest.fixture
def at_rest(pods):
    CloudPod.objects.update(phase="active", observed_state="running")
    Operation.objects.update(state="succeeded")
    return pods


def test_what_is_typed_and_entered_at_once_opens_its_page_and_nothing_found_opens_nothing(live_server, at_rest):
    client, pod = desk(), at_rest[0]
    mac, where = pod.interfaces.get().mac, page(pod)
    with visitor(live_server.url, client) as browser:
        keyboard = browser.page.keyboard
        browser.open(rows(CloudPod))
        keyboard.press("/")  # the list's own search: Ctrl+K works from there too
        keyboard.press("Control+k")
        browser.page.locator("#search-input-command:focus").wait_for()
        keyboard.type("nothing-is-called-this")
        keyboard.press("Enter")
        browser.page.locator("#command-results strong", has_text="Nothing is found for").wait_for()
        keyboard.press("Escape")
        keyboard.insert_text(mac)  # as pasting does: no key is pressed
        with browser.leaving(f"**{where}"):
            keyboard.press("Enter")
        assert browser.complaints == []


SLOW_FRAMES = """() => {
    const soon = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => window.setTimeout(() => soon(draw), 150);
}"""


def test_a_browser_that_is_busy_gives_the_search_the_focus_too(live_server, at_rest):
    with visitor(live_server.url, desk()) as browser:
        browser.open(reverse("admin:index"))
        browser.page.evaluate(SLOW_FRAMES)
        browser.page.keyboard.press("Control+k")
        browser.page.locator("#search-input-command:focus").wait_for(timeout=5_000)
        assert browser.complaints == []


def test_the_arrows_choose_another_line_and_escape_gives_the_focus_back(live_server, at_rest):
    client, third = desk(), page(at_rest[3])
    with visitor(live_server.url, client) as browser:
        keyboard = browser.page.keyboard
        browser.open(reverse("admin:index"))
        opener = browser.page.get_by_role("button", name="Search everything")
        opener.focus()
        keyboard.press("Enter")
        browser.page.locator("#search-input-command:focus").wait_for()
        keyboard.press("Escape")
        browser.page.wait_for_function("document.activeElement.matches('.mc-opensearch')")
        keyboard.press("Control+k")
        browser.page.locator("#search-input-command:focus").wait_for()
        keyboard.insert_text("web-")  # at once: a search that the next letter overtakes is told on the console
        browser.page.locator("#command-results a").first.wait_for()
        for _ in range(3):
            keyboard.press("ArrowDown")  # the newest is first
        with browser.leaving(f"**{third}"):
            keyboard.press("Enter")
        assert browser.complaints == []


def test_the_overview_is_read_again_at_rest_but_not_while_nobody_looks(live_server, at_rest):
    client, pod = desk(), at_rest[0]
    with visitor(live_server.url, client) as browser:
        browser.page.clock.install()
        browser.open(reverse("admin:index"))
        needs = browser.page.locator(".mc-figure", has_text="Pods in need").locator("strong")
        elsewhere(_break, pod.pk)
        browser.page.clock.run_for(21_000)
        browser.page.wait_for_function("document.querySelectorAll('.mc-figure strong')[1].innerText === '1'")
        browser.page.evaluate(HIDDEN, True)
        elsewhere(_mend, pod.pk)
        browser.page.clock.run_for(120_000)
        assert needs.inner_text() == "1"
        browser.page.evaluate(HIDDEN, False)
        browser.page.wait_for_function("document.querySelectorAll('.mc-figure strong')[1].innerText === '0'")
        assert browser.complaints == []


def test_the_figures_are_of_one_height_in_full_rows_and_nothing_is_out_of_sight(live_server, pods):
    client = desk()
    with visitor(live_server.url, client) as browser:
        for width in (390, 700, 1024, 1440):
            browser.page.set_viewport_size({"width": width, "height": 900})
            browser.open(reverse("admin:index"))
            boxes = browser.page.evaluate(FIGURES)
            tops = [top for top, _ in boxes]
            assert len({tops.count(top) for top in tops}) == 1, width
            assert all(len({high for at, high in boxes if at == top}) == 1 for top in tops), width
            assert browser.page.evaluate(OUT_OF_SIGHT) == [], width


def test_a_bar_of_the_chart_and_a_state_are_reached_by_keyboard(live_server, pods):
    client = desk()
    with visitor(live_server.url, client) as browser:
        browser.open(reverse("admin:index"))
        browser.page.locator(".mc-chart a").last.focus()
        with browser.leaving("**/operation/?day=**"):
            browser.page.keyboard.press("Enter")
        assert browser.page.locator("#result_list tbody").count() == 6
        browser.open(reverse("admin:index"))
        browser.page.locator(".mc-states a", has_text="creating").last.focus()
        with browser.leaving("**/cloudpod/?phase__exact=creating"):
            browser.page.keyboard.press("Enter")
        assert browser.complaints == []


def _break(pod_id):
    CloudPod.objects.filter(pk=pod_id).update(phase="needs_attention")


def _mend(pod_id):
    CloudPod.objects.filter(pk=pod_id).update(phase="active")

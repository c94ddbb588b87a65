"""The page of the API's document in a real browser: whole, without a complaint, no wider than its window."""

from __future__ import annotations

import pytest
from django.test import Client

from migracloud.openapi.hooks import operations_in
from tests.browser.browser import visitor
from tests.described import document_read

pytestmark = pytest.mark.slow


@pytest.mark.django_db(transaction=True)
def test_the_page_shows_every_route_and_no_browser_complains(live_server):
    with visitor(live_server.url) as browser:
        for theme in ("light", "dark"):
            browser.page.emulate_media(color_scheme=theme)
            browser.open("/api/v1/docs")
        page = browser.page
        for path, method, operation in operations_in(document_read()):
            section = page.locator(f"section#{operation['operationId']}")
            assert section.locator(".address").inner_text().split() == [method, path]
            assert "curl" in section.locator(".right pre").first.inner_text()
            assert "$TOKEN" in section.locator(".right pre").first.inner_text()
        page.get_by_role("link", name="Create a pod").first.click()
        assert page.url.endswith("#create_pod")
        assert page.locator("section#create_pod").get_by_role("heading", name="Create a pod").is_visible()
        page.locator("section#create_pod").get_by_text("Problems").click()
        assert page.locator("section#create_pod").get_by_text("hostname_taken").is_visible()
        assert browser.complaints == []


@pytest.mark.sampled(1)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_the_page_is_no_wider_than_its_window(width, live_server):
    with visitor(live_server.url) as browser:
        browser.page.set_viewport_size({"width": width, "height": 900})
        browser.open("/api/v1/docs")
        assert browser.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.django_db(transaction=True)
def test_every_link_of_the_page_leads_somewhere(live_server):
    with visitor(live_server.url) as browser:
        browser.open("/api/v1/docs")
        targets = browser.page.eval_on_selector_all(
            "a[href^='#']", "links => links.map(link => link.getAttribute('href').slice(1))"
        )
        ids = browser.page.eval_on_selector_all("[id]", "found => found.map(one => one.id)")
        assert len(ids) == len(set(ids))
        assert set(targets) <= set(ids)


def test_page_and_document_are_for_everybody_and_hold_nothing_inline():
    client = Client()
    page, document = client.get("/api/v1/docs"), client.get("/api/v1/openapi.json")
    assert page.status_code == document.status_code == 200
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "script" not in page.content.decode().lower().replace("description", "")
    assert " style=" not in page.content.decode()
    assert document.json() == document_read()

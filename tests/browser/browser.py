"""A real browser that listens: what its console, its network and the content security policy complain about.

Decides: what counts as a complaint. Not: which pages are visited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Page, Request, TimeoutError, sync_playwright

CHROMIUM = "/usr/bin/chromium"
CUT_OFF = ("htmx:sendAbort", "htmx:afterRequest")  # what the script that reads again says when it is
FLAGS = ["--disable-background-networking", "--no-first-run", "--disable-sync", "--no-sandbox"]


@dataclass
class Visitor:
    """A page, and every complaint that was heard while it was open."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    under_way: set[Request] = field(default_factory=set)
    is_leaving: bool = False

    def open(self, path: str) -> None:
        """Go there and wait until all is loaded and unfold's scripts have taken the page over (they lift the cloak)."""
        self.page.goto(self.base + path, wait_until="load")
        self.page.wait_for_function("!document.documentElement.hasAttribute('x-cloak')")
        self._settle()

    @contextmanager
    def leaving(self, url: str | None = None) -> Iterator[None]:
        """In the block the page is left for another one, until that one is there. What the page that is left was just
        reading again is cut off by that, which is no complaint.
        """
        self.is_leaving = True
        with self.page.expect_navigation(url=url):
            yield
        self.page.wait_for_function("!document.documentElement.hasAttribute('x-cloak')")
        self.is_leaving = False

    def _settle(self) -> None:
        """Wait for what is under way: the icon comes after the load event; to leave cuts it off as if it had failed."""
        with suppress(TimeoutError):  # one that fails is a complaint already
            while self.under_way:
                self.page.wait_for_event("requestfinished", timeout=3_000)

    def listen(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._complain(f"script: {error}"))
        self.page.on("request", lambda request: self.under_way.add(request))
        self.page.on("requestfinished", lambda request: self.under_way.discard(request))
        self.page.on("requestfailed", lambda request: self.under_way.discard(request))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._response)

    def _failed(self, request: Request) -> None:
        again = request.resource_type in ("fetch", "xhr")
        if not (self.is_leaving and again and request.failure == "net::ERR_ABORTED"):
            self._complain(f"not fetched: {request.url}")

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning") and not (self.is_leaving and message.text in CUT_OFF):
            self._complain(f"{message.type}: {message.text}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self._complain(f"{response.status}: {response.url}")

    def _complain(self, words: str) -> None:
        self.complaints.append(f"{self.page.url.removeprefix(self.base)}: {words[:300]}")


@contextmanager
def visitor(base: str, client: Client | None = None, *, theme: str = "light") -> Iterator[Visitor]:
    """Logged in as the client is. While it is open, Django's database must not be used in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(f"localStorage.setItem('adminTheme', JSON.stringify('{theme}'))")
        if client is not None:
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base}])
        found = Visitor(context.new_page(), base)
        found.listen()
        try:
            yield found
        finally:
            browser.close()


def elsewhere(work: Callable[..., object], *arguments: object) -> None:
    """In a thread of its own: the browser's event loop forbids Django's database in this one."""

    def run() -> None:
        try:
            work(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()

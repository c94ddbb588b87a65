"""Photographs a demo that is up: the pages that the README shows.

Decides: which pages, in which moment and size. Not: how the demo is started and stopped (bin/screenshots).
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

FLAGS = ["--disable-background-networking", "--no-first-run", "--disable-sync", "--no-sandbox"]
DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
UP = "The site stays up"
PATIENCE = 300.0  # seconds for the demo's scenario


@dataclass(frozen=True)
class Told:
    """What a demo says about itself: `people` are name and password for the admin and for the portal."""

    base: str
    people: tuple[tuple[str, str], tuple[str, str]]


def main(arguments: list[str]) -> int:
    log, folder = Path(arguments[0]), Path(arguments[1])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        told = wait_for(log)
    except (OSError, TimeoutError) as reason:
        print(f"screenshots: {reason}", file=sys.stderr)
        return 1
    try:
        photograph(told, folder)
    except PlaywrightError as reason:
        print(f"screenshots: a page is not as it is awaited: {reason.message}", file=sys.stderr)
        return 1
    return 0


def photograph(told: Told, folder: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        admin, portal = told.people
        with visit(browser, f"{told.base}/admin/", admin, "light", DESK) as page:
            of_the_admin(page, told.base, folder)
        with visit(browser, f"{told.base}/admin/", admin, "dark", DESK) as page:
            shoot(page, folder / "overview-dark.png")
        with visit(browser, f"{told.base}/portal/", portal, "light", TELEPHONE) as page:
            shoot(page, folder / "portal.png")
        browser.close()


def wait_for(log: Path) -> Told:
    """Until the scenario is over and the site stays up. Raises TimeoutError with the demo's last words."""
    end = time.monotonic() + PATIENCE
    while UP not in (said := log.read_text() if log.exists() else ""):
        if time.monotonic() > end or "broke off" in said or "demo: " in said:
            raise TimeoutError(f"the demo is not up:\n{said[-2000:]}")
        time.sleep(0.5)
    people = re.findall(r"user, password\W+(\w+), (\S+)", said)
    base = re.search(r"(http://127\.0\.0\.1:\d+)/admin/", said)
    assert base is not None
    return Told(base[1], (people[0], people[1]))


@contextmanager
def visit(browser: Browser, url: str, person: tuple[str, str], theme: str, size: dict[str, int]) -> Iterator[Page]:
    """A page on which the person has logged in."""
    context = browser.new_context(viewport=size, color_scheme=theme, timezone_id="Europe/Zurich")  # type: ignore[arg-type]
    context.add_init_script(f"localStorage.setItem('adminTheme', JSON.stringify('{theme}'))")
    page = context.new_page()
    page.goto(url)
    page.locator("[name=username]").fill(person[0])
    page.locator("[name=password]").fill(person[1])
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def of_the_admin(page: Page, base: str, folder: Path) -> None:
    shoot(page, folder / "overview.png")
    page.goto(f"{base}/admin/operations/operation/?state__exact=needs_attention")
    page.locator("#result_list tbody a").first.click()
    page.wait_for_url("**/change/*")
    shoot(page, folder / "needs-attention.png")
    page.goto(f"{base}/admin/pods/cloudpod/new/")
    page.get_by_label("Tenant").fill("TENANT-102")
    page.get_by_label("Host name").fill("gallery")
    page.locator("#preview").get_by_text("gallery can be made").first.wait_for()
    shoot(page, folder / "create.png")
    page.get_by_role("button", name="Create the pod").click()
    page.locator(".mc-current .mc-attempts").first.wait_for()
    shoot(page, folder / "pod-during-create.png")
    page.goto(f"{base}/admin/pods/cloudpod/")
    shoot(page, folder / "pods.png")


def shoot(page: Page, file: Path) -> None:
    page.wait_for_function("!document.documentElement.hasAttribute('x-cloak')")
    page.screenshot(path=file)
    print(f"{file}: {page.title()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

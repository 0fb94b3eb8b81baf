"""A real Chromium looking at a real service. Without a Chromium these tests are skipped, but not where CI is set."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serving import serving

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

DEADLINE_MS = 30_000
"""How long a promised state may take to come, on a machine that is busy with other things."""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    reason = "no Chromium on this machine: the browser tests need one on the PATH"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=DEADLINE_MS)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


@pytest.fixture(scope="session")
def service(repository: Path) -> Iterator[str]:
    with serving(repository, "--workers", "1") as root:
        yield root


@pytest.fixture
def visit(browser: Browser, service: str) -> Iterator[Open]:
    """Open a page of the service; what it throws, and what its security policy refuses, fails the test."""
    contexts, errors = [], []

    def opened(address: str = "/", *, width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(2 * DEADLINE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
        page.on("request", lambda sent: None if sent.url.startswith(service) else errors.append(sent.url))
        arrive(page, service + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors


def arrive(page: Page, address: str) -> None:
    """Go to a page and wait until its first text has been read by every model."""
    with page.expect_response("**/v1/compare"):
        page.goto(address)
    settled(page)


def settled(page: Page) -> None:
    """Wait until everything that was asked for is on the page."""
    page.wait_for_function("() => document.getElementById('main').ariaBusy === 'false'")


def read(page: Page, text: str) -> None:
    """Put `text` into the box and wait until everything about it has been answered."""
    with page.expect_response("**/v1/compare"):
        page.fill("#text", text)
    settled(page)


def still(page: Page) -> None:
    """Wait until nothing on the page moves or fades any more."""
    page.wait_for_function("() => document.getAnimations().every((one) => one.playState !== 'running')")


def fits(page: Page) -> None:
    """Wait until nothing hangs over the side of the screen; it never does for longer than a layout takes."""
    page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")

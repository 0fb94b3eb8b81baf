"""The monitor page shows the service at work, without a word from outside."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import fits
from tests.serving import serving


@pytest.fixture(scope="module")
def service(repository: Path) -> Iterator[str]:
    """A service that has answered nobody else: what the page counts is what these tests asked."""
    with serving(repository, "--workers", "1") as root:
        yield root


def test_it_shows_what_the_service_does(browser: Browser, service: str) -> None:
    errors: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{service}/monitor")
    body = json.dumps({"text": "an amazing plot", "model": "gru"}).encode()
    for _ in range(40):
        with urllib.request.urlopen(urllib.request.Request(f"{service}/v1/predict", body)):
            pass
    expect(page.locator("#state")).to_have_text("ready")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.chart b')].some(b => /^[1-9][0-9.]* ?(ms|s)$/.test(b.textContent))"
    )
    expect(page.locator(".chart")).to_have_count(10)
    expect(page.locator("#versions tbody tr")).to_have_count(3)
    expect(page.locator("#labels td").get_by_text("gru", exact=True).first).to_be_visible()
    expect(page.locator("#drift .feature", has_text="window of 40 reviews").first).to_be_visible()
    features = page.locator("#drift .feature")
    expect(features.filter(has_not_text="too few reviews to tell")).to_have_count(0)
    expect(features.filter(has_text="moved")).to_have_count(0)
    assert errors == []


def test_the_charts_have_the_time_and_looking_is_no_production(browser: Browser, service: str) -> None:
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    chart = page.locator(".chart").first
    expect(chart.locator(".axis")).to_have_text(re.compile(r"\d\d:\d\d:\d\d\s*\d\d:\d\d:\d\d"))
    page.wait_for_timeout(4500)
    expect(chart.locator("b").nth(1)).to_have_text("0.00")
    chart.locator("svg").hover(position={"x": 5, "y": 10})
    expect(chart.locator(".axis")).to_contain_text("at ")
    expect(chart.locator("b").nth(1)).to_have_text("–")


def test_a_service_that_is_gone_leaves_nothing_that_looks_fresh(browser: Browser, service: str) -> None:
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    expect(page.locator("#state")).to_have_text("ready")
    page.context.set_offline(True)
    expect(page.locator("#state")).to_contain_text("no answer")
    expect(page.locator("main")).to_have_css("opacity", "0.55")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text("ready")


def test_it_fits_a_narrow_screen(browser: Browser, service: str) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.goto(f"{service}/monitor")
    expect(page.locator("#state")).to_have_text("ready")
    fits(page)

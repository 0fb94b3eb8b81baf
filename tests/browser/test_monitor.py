"""The monitor page shows the service at work, without a word from outside."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import fits
from tests.bundles import random_weights, write_bundle
from tests.serving import serving


@pytest.fixture(scope="module")
def service(repository: Path) -> Iterator[str]:
    """A service that has answered nobody else: what the page counts is what these tests asked."""
    with serving(repository, "--workers", "1") as root:
        yield root


def ask(service: str, count: int, **headers: str) -> None:
    """Send reviews; none of them needs to be answered."""
    body = json.dumps({"text": "an amazing plot", "model": "gru"}).encode()
    for _ in range(count):
        try:
            urllib.request.urlopen(urllib.request.Request(f"{service}/v1/predict", body, headers)).close()
        except urllib.error.HTTPError as refused:
            refused.close()


def test_it_shows_what_the_service_does(browser: Browser, service: str) -> None:
    errors: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{service}/monitor")
    ask(service, 40)
    expect(page.locator("#state")).to_have_text("ready")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.chart b')].some(b => /^[1-9][0-9.]* ?(ms|s)$/.test(b.textContent))"
    )
    expect(page.locator("#charts .chart")).to_have_count(12)
    for by, name in (("version", "gru v1"), ("model", "gru"), ("route and status", "/v1/predict 200")):
        page.locator("#by").select_option(label=by)
        expect(page.locator("#groups .chart", has_text="Slowest hundredth").locator("li span")).to_contain_text([name])
    expect(page.locator("#versions tbody tr")).to_have_count(3)
    expect(page.locator("#events li")).to_contain_text(["gru v1 is served"])
    page.get_by_text("how near every alert is").click()
    expect(page.locator("#levels tr", has_text="QueueNearLimit")).to_contain_text(re.compile(r"quiet\s*0%\s*80%"))
    expect(page.locator("#labels td").get_by_text("gru", exact=True).first).to_be_visible()
    expect(page.locator("#drift .feature", has_text="window of 40 reviews").first).to_be_visible()
    answered = page.locator("#routes tr", has_text="/v1/predict").filter(has_text="200")
    expect(answered.locator("td").nth(3)).to_have_text("40")
    expect(answered).to_contain_text(re.compile(r"\d+\.\d ms.*under"))
    features = page.locator("#drift .feature")
    expect(features.filter(has_not_text="too few reviews to tell")).to_have_count(0)
    expect(features.filter(has_text="moved")).to_have_count(0)
    assert errors == []


def test_the_charts_have_the_time_and_looking_is_no_production(browser: Browser, service: str) -> None:
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    page.get_by_label("the last").select_option("5 minutes")
    chart = page.locator(".chart").first
    expect(chart.locator(".axis")).to_have_text(re.compile(r"\d\d:\d\d:\d\d\s*\d\d:\d\d:\d\d"))
    for status in chart.locator("li b").all():
        expect(status).to_have_text("0.00")
    chart.locator("svg").hover(position={"x": 5, "y": 10})
    expect(chart.locator(".axis")).to_contain_text("at ")


def test_a_service_that_is_gone_leaves_nothing_that_looks_fresh(browser: Browser, service: str) -> None:
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    expect(page.locator("#state")).to_have_text("ready")
    page.context.set_offline(True)
    expect(page.locator("#state")).to_contain_text("no answer")
    expect(page.locator("main")).to_have_css("opacity", "0.55")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_have_text("ready")


def test_what_was_before_the_page_was_opened_is_shown(browser: Browser, service: str) -> None:
    ask(service, 40)
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    page.wait_for_function("""() => {
        const points = document.querySelector(".chart .line-0")?.getAttribute("d") ?? "";
        return points.split(/[ML]/).slice(1).some((point) => Number(point.split(" ")[1]) < 80);
    }""")
    expect(page.locator("#alerts")).to_have_text("Nothing: no alert holds.")
    chart = page.locator(".chart svg").first
    chart.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart").first.locator(".axis")).to_contain_text("at ")


def test_what_is_wrong_stands_first_with_what_to_do(browser: Browser, service: str) -> None:
    ask(service, 40, **{"X-Request-Timeout": "0.000001"})
    page = browser.new_page()
    page.goto(f"{service}/monitor")
    alert = page.locator("#alerts li", has_text="of reviews are refused or run out of time")
    expect(alert).to_contain_text("act now")
    expect(alert).to_contain_text("clients ask for less time than the queue takes")
    alert.get_by_role("link", name="GatescopeRefuses in the runbook").click()
    expect(page.locator("h3:target")).to_have_text("GatescopeRefuses")
    expect(page.locator("h3:target + p")).to_contain_text("429 (too much work)")


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[str]:
    """A service behind keys, with two versions of one model."""
    for seed in (0, 1):
        write_bundle(tmp_path, "gru", random_weights("gru", seed=seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATESCOPE_API_KEYS", json.dumps(["user"]))
        patch.setenv("GATESCOPE_ADMIN_KEYS", json.dumps(["admin"]))
        with serving(tmp_path, "--workers", "2") as root:
            yield root


def test_who_has_the_admin_key_changes_what_is_served_and_sees_what_that_did(browser: Browser, locked: str) -> None:
    page = browser.new_page()
    page.goto(f"{locked}/monitor")
    rows, says = page.locator("#versions tbody tr"), page.locator("#versions-say")
    expect(rows).to_have_count(1)
    for key, told in (("user", "a key with the scope admin"), ("admin", "gru v1 is served")):
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="use this key").click()
        expect(rows).to_have_count(2)
        page.get_by_role("button", name="serve gru v1").click()
        expect(says).to_contain_text(told)
    expect(rows.filter(has_text="stop serving")).to_contain_text(["gru1served"])
    expect(page.locator("#events li")).to_contain_text(["gru v2 is served no longer", "gru v1 is served"])
    expect(page.locator("#charts .marks").first).to_have_attribute("d", re.compile(r"^(M[\d.]+ 0V80){3}$"))
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="stop serving gru").click()
    expect(says).to_have_text("gru is served no longer.")
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()
    assert page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])").count("admin") == 0


def test_it_fits_a_narrow_screen_and_axe_finds_nothing(browser: Browser, service: str) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.goto(f"{service}/monitor")
    expect(page.locator("#state")).to_have_text("ready")
    fits(page)
    expect(page.locator("#alerts li").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

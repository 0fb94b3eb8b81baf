"""The monitor page shows the service at work, without a word from outside."""

import json
import urllib.request

from playwright.sync_api import Browser


def test_it_shows_what_the_service_does(browser: Browser, service: str) -> None:
    errors: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{service}/monitor")
    body = json.dumps({"text": "an amazing plot", "model": "gru"}).encode()
    for _ in range(40):
        with urllib.request.urlopen(urllib.request.Request(f"{service}/v1/predict", body)):
            pass
    page.wait_for_function("() => document.querySelector('#state').textContent === 'ready'")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.chart b')].some(b => /^[1-9][0-9.]* ?(ms|s)$/.test(b.textContent))"
    )
    assert page.locator(".chart").count() == 10
    assert page.locator("#versions tbody tr").count() == 3
    page.wait_for_function(
        "() => [...document.querySelectorAll('#labels td')].some(cell => cell.textContent === 'gru')"
    )
    page.wait_for_selector("#drift .feature")
    assert errors == []


def test_it_fits_a_narrow_screen(browser: Browser, service: str) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 900})
    page.goto(f"{service}/monitor")
    page.wait_for_function("() => document.querySelector('#state').textContent === 'ready'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""The page of the HTTP interface says every route, with commands that work as they are copied."""

import json
import re
import shlex
import subprocess
import urllib.request
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import fits


@pytest.fixture
def docs(browser: Browser, service: str) -> Any:
    """Open the page; what it throws, what its policy refuses and what comes from elsewhere fails the test."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("request", lambda sent: None if sent.url.startswith(service) else errors.append(sent.url))
    page.goto(f"{service}/docs")
    page.wait_for_function("() => document.getElementById('main').ariaBusy === 'false'")
    yield page
    page.close()
    assert not errors


def document(service: str) -> Any:
    with urllib.request.urlopen(f"{service}/schema") as response:
        return json.load(response)


def test_every_route_and_type_is_on_the_page(docs: Page, service: str) -> None:
    found = document(service)
    routes = {(method.upper(), path) for path, item in found["paths"].items() for method in item}
    shown = docs.locator(".route h3").all_inner_texts()
    assert {tuple(heading.split()) for heading in shown} == routes
    assert len(shown) == len(routes)
    assert set(docs.locator(".kind h3").all_inner_texts()) == set(found["components"]["schemas"])
    expect(docs.get_by_role("alert")).to_be_hidden()


def test_links_lead_to_what_they_name(docs: Page) -> None:
    broken = docs.evaluate(
        "() => [...document.querySelectorAll('main a[href^=\"#\"], #contents a')]"
        ".map(a => a.getAttribute('href')).filter(href => !document.getElementById(href.slice(1)))"
    )
    assert broken == []


def test_the_commands_work(docs: Page) -> None:
    commands = docs.locator(".command code").all_inner_texts()
    asked = [one for one in commands if not re.search(r"/repository/models/|/versions/", one)]
    assert len(asked) > 10
    for command in asked:
        arguments = [*shlex.split(command.replace("\\\n", " ")), "-o", "/dev/null", "-w", "%{http_code}"]
        answer = subprocess.run(arguments, capture_output=True, text=True, check=True)
        assert answer.stdout == "200", command


def test_a_command_is_copied(docs: Page, service: str) -> None:
    docs.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service)
    route = docs.locator(".route", has_text="/v1/predict").first
    route.get_by_role("button", name="copy").click()
    expect(route.get_by_role("button", name="copied")).to_be_visible()
    assert docs.evaluate("() => navigator.clipboard.readText()") == route.locator(".command code").inner_text()


def test_it_fits_and_axe_finds_nothing(docs: Page) -> None:
    for width in (1280, 768, 400):
        docs.set_viewport_size({"width": width, "height": 900})
        fits(docs)
    alike = ".route + .route, .kind + .kind"
    docs.evaluate("(alike) => document.querySelectorAll(alike).forEach((other) => other.remove())", alike)
    found = Axe().run(docs)
    assert found.violations_count == 0, found.generate_report()

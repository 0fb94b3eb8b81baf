"""Pages work behind a proxy that serves them below a path of its own."""

import pytest
from playwright.sync_api import Browser, Route, expect

PREFIX = "/team/gatescope"


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/", "#words span"), ("/model", "#units tbody tr"), ("/monitor", "#versions tbody tr"), ("/docs", ".route h3")],
)
def test_a_page_asks_for_nothing_outside_its_path(browser: Browser, service: str, path: str, shown: str) -> None:
    page, outside = browser.new_page(), list[str]()

    def forward(route: Route) -> None:
        address = route.request.url
        if not address.startswith(f"{service}{PREFIX}/"):
            outside.append(address)
        route.fulfill(response=route.fetch(url=address.replace(PREFIX, "", 1)))

    page.route("**/*", forward)
    page.goto(f"{service}{PREFIX}{path}")
    expect(page.locator(shown).first).to_be_visible()
    links = [link.evaluate("(link) => link.href") for link in page.locator("header nav a").all()]
    assert links == [f"{service}{PREFIX}/{name}" for name in ("", "model", "monitor", "docs")]
    page.close()
    assert outside == []

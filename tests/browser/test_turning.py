"""What would turn a verdict is found and told, and read beside the text that it was made from."""

import json
import re
import urllib.request
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Open, fits, read, settled, still
from tests.browser.test_explorer import TEXT, number, traced

TEXTS = [TEXT, "A great plot", "dull and long, not good", "a good film", "worst story", "funny"]


def turned(service: str, text: str) -> dict[str, Any]:
    asked = urllib.request.Request(f"{service}/v1/counterfactuals", json.dumps({"text": text}).encode())
    with urllib.request.urlopen(asked) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_the_smallest_change_is_told_and_read_beside_the_text(visit: Open, service: str) -> None:
    text, found = next((text, found) for text in TEXTS if (found := turned(service, text))["turned"])
    page = visit(color_scheme="dark")
    read(page, text)
    page.get_by_role("button", name="what would turn it?").click()
    rows = page.locator("#whatif tbody tr")
    expect(rows).to_have_count(len(found["turned"]))
    first = found["turned"][0]
    expect(rows.first).to_contain_text(f"{first['label']} {100 * first['probabilities'][first['label']]:.0f} %")
    before, after = (traced(service, text=one)["prediction"] for one in (text, first["text"]))
    assert abs(number(rows.first.locator("td").nth(1).inner_text()) - (after["logit"] - before["logit"])) < 0.0051
    rows.first.get_by_role("button", name="beside").click()
    expect(page.locator("#pair h3").first).to_have_text(re.compile(f"^this text: {found['label']} "))
    expect(page.locator("#pair h3").nth(1)).to_have_text(re.compile(f"^the other text: {first['label']} "))
    expect(page.locator("#pair textarea")).to_have_value(first["text"])
    shares = [number(cell) for cell in page.locator("#pair tbody td:nth-child(2)").all_inner_texts()]
    ledger = traced(service, text=text)["ledgers"]["deep"]["words"]
    assert all(min(abs(share - word) for word in ledger) < 0.0051 for share in shares)
    with page.expect_response("**/v1/compare"):
        page.locator("#model").select_option("gru")
    settled(page)
    other = traced(service, text=first["text"], model="gru")["prediction"]["label"]
    expect(page.locator("#pair h3").nth(1)).to_have_text(re.compile(f"^the other text: {other} "))
    for width in (1440, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
    still(page)
    found_faults = Axe().run(page, "#pair")
    assert found_faults.violations_count == 0, found_faults.generate_report()


def test_where_nothing_turns_it_that_is_said(visit: Open, service: str) -> None:
    page = visit()
    read(page, "zqxv")
    page.get_by_role("button", name="what would turn it?").click()
    expect(page.locator("#whatif [role=status]")).to_contain_text("No change of up to four words was found")

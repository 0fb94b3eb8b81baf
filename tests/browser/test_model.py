"""The model page says what a network has learnt, and the explorer finds places like a phrase in its corpus."""

import csv
import json
import re
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, fits, read, settled
from tests.browser.test_explorer import TEXT
from tests.browser.test_saving import saved


def asked(service: str, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{service}/v1/models/{path}") as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def opened(browser: Browser, address: str, **options: Any) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    settled(page)
    return page


def test_units_and_mistakes_are_those_of_the_service_and_lead_into_the_explorer(browser: Browser, service: str) -> None:
    page = opened(browser, f"{service}/model")
    expect(page.locator("#facts")).to_contain_text("40 reviews")
    units = asked(service, "lstm/units")["units"]
    expect(page.locator("#units tbody th")).to_have_text([str(one["unit"]) for one in units])
    page.get_by_label("order by").select_option("keeps longest")
    longest = max(units, key=lambda one: one["half_life"])
    expect(page.locator("#units tbody tr").first).to_contain_text(f"{longest['half_life']:.1f} words")
    expect(page.locator("#lifetimes")).to_contain_text(f"unit {longest['unit']} for {longest['half_life']:.1f} words")
    page.get_by_role("button", name="unit 3", exact=True).focus()
    page.keyboard.press("Enter")
    highest = asked(service, "lstm/units/3")["highest"]
    expect(page.locator("#units h3").first).to_have_text("Where unit 3 is highest")
    places = page.locator("#units .places").first.locator("li")
    expect(places.locator("mark")).to_have_text([one["text"][one["start"] : one["end"]] for one in highest])
    expect(page).to_have_url(re.compile("unit=3"))
    slices = asked(service, "lstm/slices")["slices"]
    wrong = max((one for one in slices if one["label"] != one["answer"]), key=lambda one: one["count"])
    expect(page.locator("#mistakes [aria-pressed=true]")).to_contain_text(f"{wrong['count']},")
    expect(page.locator("#mistakes .places li")).to_have_count(len(wrong["reviews"]))
    expect(page.locator("#mistakes table").last.locator("tbody th")).to_have_text([w["word"] for w in wrong["words"]])
    link = page.locator("#units .places a").first
    hash_of = parse_qs(urlparse(link.get_attribute("href") or "").fragment)
    assert hash_of["text"] == [highest[0]["text"]] and hash_of["unit"] == ["3"]
    link.click()
    settled(page)
    expect(page.locator("#text")).to_have_value(highest[0]["text"])
    expect(page.locator(f"#words span[data-t='{highest[0]['word']}']")).to_have_attribute("aria-current", "true")


def test_without_texts_there_are_numbers_and_without_a_corpus_a_sentence(browser: Browser, service: str) -> None:
    page = opened(browser, f"{service}/model#model=gru")
    expect(page.locator("#facts")).to_contain_text("Their texts are not kept")
    expect(page.locator("#units .places a")).to_have_count(0)
    expect(page.locator("#units .places li").first).to_contain_text(re.compile(r"review \d+, word \d+.*sha256"))
    page.locator("#model").select_option("rnn")
    expect(page.locator("#facts")).to_contain_text("no corpus to search: gatescope index")
    expect(page.locator("#units")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen_and_axe_finds_nothing(browser: Browser, service: str, scheme: str) -> None:
    page = opened(browser, f"{service}/model", color_scheme=scheme)
    expect(page.locator("#units .places li").first).to_be_visible()
    for width in (1440, 1024, 768, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_phrase_that_is_dragged_over_is_looked_for(visit: Open, tmp_path: Path) -> None:
    page = visit()
    read(page, TEXT)
    first, last = (page.locator(f"#words span[data-t='{t}']").bounding_box() for t in (1, 3))
    assert first and last
    with page.expect_response("**/v1/models/lstm/similar") as answer:
        page.mouse.move(first["x"] + 2, first["y"] + first["height"] / 2)
        page.mouse.down()
        page.mouse.move(last["x"] + last["width"] - 2, last["y"] + last["height"] / 2, steps=4)
        page.mouse.up()
    sent = json.loads(answer.value.request.post_data or "")
    assert (sent["from"], sent["to"]) == (1, 4)
    assert answer.value.request.headers["x-gatescope-look"]
    found = answer.value.json()
    marked = page.locator("#phrase .places mark")
    expect(marked).to_have_text(
        [re.compile(re.escape(one["text"][one["start"] : one["end"]])) for one in found["places"]]
    )
    chips = page.locator("#phrase .chips button")
    expect(chips).to_have_count(8)
    with page.expect_response("**/v1/models/lstm/similar") as answer:
        chips.first.click()
    counting = json.loads(answer.value.request.post_data or "")["units"]
    assert counting == [one["unit"] for one in found["units"][1:]]
    expect(chips.first).to_have_attribute("aria-pressed", "false")
    page.locator("#phrase > .save > summary").click()
    rows = list(csv.reader(saved(page, "phrase", "CSV", tmp_path).open()))
    places = answer.value.json()["places"]
    assert [int(row[0]) for row in rows[1:]] == [one["review"] for one in places]
    place = places[0]
    page.locator("#phrase .places a").first.click()
    expect(page.locator("#text")).to_have_value(place["text"])
    expect(page.locator(f"#words span[data-t='{place['word']}']")).to_have_attribute("aria-current", "true")
    assert "text=" not in page.url
    page.go_back()
    expect(page.locator("#text")).to_have_value(TEXT)


def test_a_phrase_is_marked_with_keys_too(visit: Open) -> None:
    page = visit("/#model=rnn")
    read(page, TEXT)
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#phrase .warn")).to_contain_text("gatescope index")
    page.locator("#model").select_option("gru")
    expect(page.locator("#phrase .body")).to_contain_text("In “A great”")
    expect(page.locator("#phrase .places li")).to_have_count(12)
    page.focus("#words")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#phrase .body")).to_contain_text("In “A great plot”")

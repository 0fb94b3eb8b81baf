"""The explorer page does what it promises to a person who reads, points, types and looks."""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, read, settled

TEXT = "A great plot, but the film is dull and long"
GATES = {"lstm": ("forget", "input", "candidate", "output"), "gru": ("reset", "update", "candidate")}


def traced(service: str, **body: object) -> dict[str, Any]:
    request = urllib.request.Request(f"{service}/v1/trace", json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def here(page: Page) -> int:
    return int(page.locator("#words span[aria-current]").get_attribute("data-t") or -1)


def test_an_example_is_read_at_once_and_its_sum_holds(visit: Open) -> None:
    page = visit()
    expect(page.locator("#strip .answer strong")).to_have_text(re.compile(r"^(fresh|rotten) \d+ %$"))
    terms = [number(text) for text in page.locator(".term:not(.sum) b").all_inner_texts()]
    assert sum(terms) == pytest.approx(number(page.locator(".term.sum b").inner_text()), abs=0.005 * (len(terms) + 1))
    expect(page.locator("#words")).to_contain_text("This box of cereal gave me")
    assert page.evaluate("() => performance.getEntriesByType('resource').length") + 1 <= 12


def test_one_cursor_moves_through_every_panel(visit: Open) -> None:
    page = visit()
    read(page, TEXT)
    page.focus("#words")
    for key, word in (("Home", 0), ("ArrowRight", 1), ("End", 10), ("ArrowLeft", 9), ("ArrowRight", 10)):
        page.keyboard.press(key)
        expect(page.locator(f"#words span[data-t='{word}']")).to_have_attribute("aria-current", "true")
    expect(page.locator("#cell-title")).to_have_text("At the cursor: “long”")
    expect(page.locator("#whatif .word")).to_have_text("long")
    for slider in page.get_by_role("slider").all():
        expect(slider).to_have_attribute("aria-valuenow", "11")
    expect(page.locator("#sentence")).to_contain_text("long, word 11 of 11")


def test_pointing_at_a_chart_moves_the_cursor_until_a_click_pins_it(visit: Open) -> None:
    page = visit()
    box = page.locator("#running .figure").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 20, middle)
    page.wait_for_function(
        "() => document.querySelector('[aria-current=true]') === document.querySelector('#words span:last-of-type')"
    )
    page.mouse.click(box["x"] + box["width"] / 2, middle)
    page.wait_for_function(
        "() => document.querySelector('[aria-current=true]') !== document.querySelector('#words span:last-of-type')"
    )
    pinned = here(page)
    page.mouse.move(box["x"] + 60, middle)
    page.wait_for_timeout(100)
    assert here(page) == pinned
    page.focus("#words")
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 50, middle)
    expect(page.locator("#words span[data-t='0']")).to_have_attribute("aria-current", "true")


def test_keys_reach_units_models_and_help(visit: Open) -> None:
    page = visit()
    page.focus("#units .figure")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#cell-says")).to_contain_text("whose numbers multiply through")
    page.keyboard.press("c")
    expect(page.locator("#compare")).to_have_value("gru")
    expect(page.locator("#comparison-says")).to_contain_text("gru differ most")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("to the biggest turn before, after")
    page.keyboard.press("Escape")
    page.focus("#text")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_brackets_jump_to_a_turn_and_lines_follow_the_text(visit: Open) -> None:
    page = visit(width=500)
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("]")
    expect(page.locator("#words span[data-t='0']")).not_to_have_attribute("aria-current", "true")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "() => document.querySelector('[aria-current=true]').offsetTop > document.querySelector('[data-t]').offsetTop"
    )


def test_the_address_restores_the_view_and_never_holds_the_text(visit: Open) -> None:
    page = visit("/#example=2&model=gru&view=removed&word=4&gate=update")
    expect(page.locator("#words span[data-t='4']")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="removed")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="update")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#model")).to_have_value("gru")
    read(page, "private words")
    page.focus("#words")
    for key in ("Home", "End"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"model=gru.*word=1\b"))
    assert "private" not in page.url


def test_typed_markup_stays_text_and_offsets_survive_emoji(visit: Open) -> None:
    page = visit()
    read(page, "😀 great <img src=x onerror=alert(1)> İstanbul <br /> film 👍 dull")
    expect(page.locator("#words span[data-t]")).to_have_text(["😀", "great", "İstanbul", "film", "👍", "dull"])
    expect(page.locator("#words")).to_have_text("😀 great İstanbul film 👍 dull")
    expect(page.locator("#words img")).to_have_count(0)


def test_no_words_is_explained_and_the_next_text_is_read(visit: Open) -> None:
    page = visit()
    page.fill("#text", " <br /> ")
    expect(page.get_by_role("alert")).to_contain_text("The text has no words")
    expect(page.locator("#text")).to_have_value(" <br /> ")
    page.fill("#text", "great")
    expect(page.locator("#facts")).to_contain_text("1 word,")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_service_that_is_gone_is_said_and_the_text_kept(visit: Open) -> None:
    page = visit()
    read(page, TEXT)
    page.context.set_offline(True)
    page.select_option("#model", "gru")
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="try again").click()
    expect(page.locator("#facts")).to_contain_text("11 words")
    expect(page.locator("#text")).to_have_value(TEXT)


def test_what_if_tells_prediction_and_truth(visit: Open, service: str) -> None:
    page = visit()
    read(page, TEXT)
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("d")
    cells = page.locator("#whatif tbody tr").first.locator("td")
    expect(cells.nth(1)).to_be_visible()
    before, after = traced(service, text=TEXT), traced(service, text=TEXT[1:])
    shown = [number(text) for text in cells.all_inner_texts()[:2]]
    expected = [-before["ledgers"]["deep"]["words"][0], after["prediction"]["logit"] - before["prediction"]["logit"]]
    assert shown == pytest.approx(expected, abs=0.0051)
    page.get_by_label("replace by").fill("great")
    page.get_by_role("button", name="replace").click()
    expect(page.locator("#whatif tbody th").first).to_have_text("“A” → “great”")


def test_the_words_at_which_a_unit_fires_are_listed_and_lead_there(visit: Open, service: str) -> None:
    page = visit("/#example=5")
    page.focus("#units .figure")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#firing")).to_have_attribute("aria-busy", "false")
    unit = int(page.locator("#unit-chooser select").input_value())
    lists = page.locator("#firing section")
    expect(lists.locator("h3")).to_have_text([f"Where unit {unit} is highest", f"Where unit {unit} is lowest"])
    texts = page.evaluate("async () => (await import('/web/js/examples.js')).EXAMPLES.map(({ text }) => text)")
    hidden = [hidden_of(service, text, unit) for text in texts]
    values = [number(text) for text in lists.locator("b").all_inner_texts()]
    assert values[:6] == sorted(values[:6], reverse=True) and values[6:] == sorted(values[6:])
    assert values[0] == pytest.approx(max(map(max, hidden)), abs=0.0051)
    assert values[6] == pytest.approx(min(map(min, hidden)), abs=0.0051)
    own = page.locator("#firing button", has_not=page.locator(".small")).first
    shown, word = number(own.locator("b").inner_text()), own.locator("mark").inner_text()
    own.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_be_focused()
    expect(page.locator("#words span[aria-current]")).to_have_text(word)
    assert hidden[5][here(page)] == pytest.approx(shown, abs=0.0051)


def hidden_of(service: str, text: str, unit: int) -> list[float]:
    tensors = {"names": ["hidden"], "units": [unit]}
    trace = traced(service, text=text, include=["tensors"], tensors=tensors)
    return [value for (value,) in trace["tensors"]["values"]["hidden"][0]]


def test_a_place_in_another_text_brings_that_text(visit: Open) -> None:
    page = visit()
    read(page, TEXT)
    page.focus("#units .figure")
    page.keyboard.press("ArrowDown")
    page.locator("#firing").scroll_into_view_if_needed()
    expect(page.locator("#firing")).to_have_attribute("aria-busy", "false")
    elsewhere = page.locator("#firing button", has=page.locator(".small", has_text="a long one")).first
    word = elsewhere.locator("mark").inner_text()
    with page.expect_response("**/v1/compare"):
        elsewhere.click()
    settled(page)
    expect(page.locator("#text")).to_have_value(re.compile("^I went in with no hope at all"))
    expect(page.locator("#words span[aria-current]")).to_have_text(word)


def test_without_a_unit_the_words_with_the_state_at_the_cursor_are_listed(visit: Open) -> None:
    page = visit()
    read(page, "a great plot . it is a great plot")
    page.focus("#words")
    page.keyboard.press("End")
    page.locator("#firing").scroll_into_view_if_needed()
    expect(page.locator("#firing")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#firing h3")).to_have_text("Where else the state is most like that at “plot”")
    values = [number(text) for text in page.locator("#firing b").all_inner_texts()]
    assert values == sorted(values, reverse=True) and values[0] <= 1
    page.keyboard.press("Home")
    expect(page.locator("#firing h3")).to_contain_text("“a”")


def test_the_memory_says_when_half_of_a_word_was_gone(visit: Open, service: str) -> None:
    page = visit()
    read(page, TEXT)
    page.focus("#words")
    page.keyboard.press("Home")
    shares = traced(service, text=TEXT, include=["memory"])["memory"]["retention"][0]
    gone = next((word for word, share in enumerate(shares) if share < 0.5), None)
    assert gone is not None
    expect(page.locator(".remembered")).to_contain_text(f"Half of it is gone after {gone} word")
    points = (page.locator(".remembered .spark").last.locator("polyline").get_attribute("points") or "").split()
    assert [(54 - float(point.split(",")[1])) / 52 for point in points] == pytest.approx(shares, abs=1e-4)


def test_an_rnn_says_what_it_has_not(visit: Open) -> None:
    page = visit("/#model=rnn")
    expect(page.get_by_role("button", name="written")).to_be_disabled()
    expect(page.locator("#memory")).to_contain_text("no gate that carries its state")
    expect(page.locator("#review-says")).not_to_contain_text("gate")
    expect(page.locator("#cell svg")).to_have_attribute("aria-label", re.compile("^RNN cell reading"))


@pytest.mark.parametrize("model", GATES)
def test_the_cell_shows_the_numbers_of_the_trace(visit: Open, service: str, model: str) -> None:
    page = visit(f"/#model={model}&word=3&unit=mean")
    read(page, TEXT)
    page.focus("#words")
    page.keyboard.press("Home")
    gates = traced(service, text=TEXT, model=model, include=["gates"])["gates"]["values"]
    expect(page.locator("#cell-title")).to_contain_text("“A”")
    for name in GATES[model]:
        shown = page.locator("#cell svg g", has=page.locator("text.name", has_text=re.compile(f"^{name}$"))).last
        value = number(shown.locator("text.value").first.text_content() or "")
        assert value == pytest.approx(gates[name][0], abs=0.0051)


def test_the_table_holds_every_word_and_its_share(visit: Open, service: str) -> None:
    page = visit()
    read(page, TEXT)
    page.locator("#table > summary").click()
    rows = page.locator("#table tbody tr")
    trace = traced(service, text=TEXT, include=["write"])
    expect(rows).to_have_count(len(trace["words"]))
    head = page.locator("#table thead th").all_inner_texts()
    column = 1 + [name.strip() for name in head].index("written")
    shares = [number(row.locator("th, td").nth(column).inner_text()) for row in rows.all()]
    assert shares == pytest.approx(trace["ledgers"]["write"]["words"], abs=0.00051)


def test_arrays_and_command_can_be_taken_away(visit: Open, service: str, tmp_path: Path) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    read(page, "it's great")
    with page.expect_download() as download:
        page.get_by_role("button", name="download arrays").click()
    download.value.save_as(tmp_path / "trace.npz")
    with np.load(tmp_path / "trace.npz") as arrays:
        assert len(arrays["ledgers.write.words"]) == 2
    page.get_by_role("button", name="copy as curl").click()
    expect(page.locator("#copied")).to_contain_text("copied")
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert command.startswith(f"curl -s {service}/v1/trace") and "it'\\''s great" in command

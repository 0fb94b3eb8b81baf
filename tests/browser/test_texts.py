"""A person's own text is never lost, and leaves this machine in no address unless it is asked for."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, read, settled

OWN = "my own private words about a dull plot"


def holds(page: Page, text: str) -> None:
    expect(page.locator("#text")).to_have_value(text)
    expect(page.locator("#words")).to_contain_text(text)


def test_an_own_text_outlives_examples_reloads_and_the_monitor(visit: Open) -> None:
    page = visit()
    read(page, OWN)
    page.locator("#text").blur()
    with page.expect_response("**/v1/compare"):
        page.select_option("#example", label="not bad")
    settled(page)
    page.go_back()
    holds(page, OWN)
    page.reload()
    holds(page, OWN)
    page.get_by_role("link", name="monitor").click()
    page.go_back()
    holds(page, OWN)
    assert "private" not in page.url


def test_texts_that_were_read_can_be_chosen_again_and_forgotten(visit: Open) -> None:
    page = visit()
    for text in (OWN, "another text of mine"):
        read(page, text)
        page.locator("#text").blur()
    page.goto(page.url.split("#")[0])
    page.select_option("#example", label=OWN)
    holds(page, OWN)
    page.select_option("#example", label="forget them all")
    assert page.evaluate("() => localStorage.getItem('texts')") is None
    holds(page, OWN)


def test_back_undoes_a_change_of_the_text(visit: Open) -> None:
    page = visit()
    first = page.locator("#text").input_value()
    read(page, OWN)
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("d")
    page.get_by_role("button", name="read this").click()
    holds(page, OWN.removeprefix("my"))
    page.go_back()
    holds(page, OWN)
    page.go_back()
    expect(page.locator("#text")).to_have_value(first)
    page.go_forward()
    holds(page, OWN)


def test_a_link_carries_the_text_only_where_that_is_asked_for(visit: Open) -> None:
    page = visit("/#word=2", permissions=["clipboard-read", "clipboard-write"])
    read(page, OWN)
    copied = "() => navigator.clipboard.readText()"
    page.get_by_role("button", name="copy link, without the text").click()
    expect(page.locator("#copied")).to_contain_text("copied")
    assert "private" not in page.evaluate(copied)
    page.get_by_role("button", name="copy link with the text").click()
    expect(page.locator("#copied")).to_contain_text("reads the text")
    link = page.evaluate(copied)
    assert "private" in link
    other = visit()
    other.goto(link)
    holds(other, OWN)
    expect(other).not_to_have_url(re.compile("private"))


def test_an_address_that_is_edited_is_followed(visit: Open) -> None:
    page = visit()
    page.evaluate("() => { location.hash = 'example=3&view=removed' }")
    expect(page.locator("#words")).to_contain_text("Not bad at all")
    expect(page.get_by_role("button", name="removed")).to_have_attribute("aria-pressed", "true")


def test_the_verdict_follows_every_key(visit: Open) -> None:
    page = visit()
    page.evaluate("() => { window.setTimeout = () => 0 }")  # no pause in the typing ever ends
    box = page.locator("#text")
    for count, word in enumerate(["one", "two", "three", "four", "five", "six"], start=1):
        box.press_sequentially(f"{word} ") if count > 1 else box.fill(f"{word} ")
        expect(page.locator("#facts")).to_contain_text(f"{count} word")


LONG = "the plot is fine and the cast is good but " * 80


@pytest.mark.parametrize("sockets", [True, False])
def test_the_verdict_of_a_long_text_follows_every_key_too(visit: Open, service: str, sockets: bool) -> None:
    page = visit()
    sent: list[str] = []
    page.on("websocket", lambda opened: opened.on("framesent", lambda frame: sent.append(str(frame))))
    if not sockets:
        page.context.add_init_script("delete window.WebSocket")
        page.reload()
        settled(page)
    read(page, LONG)
    page.evaluate("() => { window.setTimeout = () => 0 }")
    expect(page.locator("#example option:checked")).to_have_text("my own text")
    page.focus("#text")
    page.keyboard.press("Control+End")
    typed = ""
    for letter in "amazing, dull!":
        page.keyboard.type(letter)
        typed += letter
        expect(page.locator("#strip strong")).to_have_text(verdict(service, LONG + typed))
    assert bool(sent) == sockets
    assert not sent or json.loads(sent[0])["look"]


def verdict(service: str, text: str) -> str:
    """The answer to a text as the page writes it."""
    body = json.dumps({"text": text, "model": "lstm"}).encode()
    with urllib.request.urlopen(f"{service}/v1/predict", body) as answer:
        said = json.load(answer)
    return f"{said['label']} {100 * said['probabilities'][said['label']]:.0f} %"

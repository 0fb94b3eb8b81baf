"""A long review stays quick to move in, and any stretch of it can be looked at closely."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, Open, arrive, read, settled
from tests.browser.test_explorer import TEXT
from tests.bundles import WORDS, random_weights, write_bundle
from tests.serving import serving


def test_moving_the_cursor_over_a_long_review_draws_no_chart_again(visit: Open) -> None:
    page = visit()
    read(page, " ".join([TEXT] * 100))
    expect(page.locator("#facts")).to_contain_text("1 100 words")
    expect(page.locator("#gradient polyline")).to_have_count(3)
    page.evaluate("""() => {
        window.drawn = 0;
        const watch = new MutationObserver((changes) => window.drawn += changes.length);
        for (const panel of ["running", "gradient", "words"]) {
            watch.observe(document.getElementById(panel), {childList: true, subtree: true});
        }
    }""")
    page.focus("#words")
    for _ in range(20):
        page.keyboard.press("PageDown")
    expect(page.locator("#words span[aria-current]")).to_be_in_viewport()
    assert page.evaluate("() => window.drawn") == 0


def test_more_words_than_are_read_is_said(visit: Open) -> None:
    page = visit()
    read(page, "great film " * 1100)
    expect(page.locator("#facts")).to_contain_text("the rest is not read")
    expect(page.locator("#words")).to_contain_text("the model stops after 2048 words")
    settled(page)


WIRE = 600_000
"""Bytes until everything about a text of 1,000 words is on the page, three networks of 128 units; measured on
2026-11-28: 409,026."""


def test_a_long_text_is_light_on_the_wire(browser: Browser, tmp_path: Path) -> None:
    for cell in ("lstm", "gru", "rnn"):
        write_bundle(tmp_path, cell, random_weights(cell, hidden_size=128, embedding_size=64))
    text = " ".join(random.Random(0).choices([word for word in WORDS if word.isalpha()], k=1000))
    came = list[int]()
    with serving(tmp_path, "--workers", "1") as root, browser.new_context() as context:
        context.set_default_timeout(2 * DEADLINE_MS)
        page = context.new_page()
        arrive(page, f"{root}/")
        page.on("requestfinished", lambda done: came.append(done.sizes()["responseBodySize"]))
        read(page, text)
        page.wait_for_load_state("networkidle")
    assert 100_000 < sum(came) < WIRE, came


MOVES = 40
WORK: dict[str, Callable[[dict[str, Any]], int]] = {
    "UpdateLayoutTree": lambda event: event["args"].get("elementCount", 0),
    "Layout": lambda event: event["args"].get("beginData", {}).get("dirtyObjects", 0),
    "Paint": lambda event: 1,
}
"""What a move of the cursor costs: elements whose style is found anew, boxes laid out, layers painted."""

BUDGET = (120, 250, 15)
"""What each may come to, a move, at 1,100 words; measured on 2026-11-28: 81, 190 and 9."""


def test_moving_the_cursor_paints_no_word_again(browser: Browser, visit: Open) -> None:
    page = visit()
    read(page, " ".join([TEXT] * 100))
    page.focus("#words")
    page.keyboard.press("Home")
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.evaluate(
        """async (moves) => {
        for (let i = 0; i < moves; i += 1) {
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
            await new Promise(requestAnimationFrame);
        }
    }""",
        MOVES,
    )
    events = json.loads(browser.stop_tracing())["traceEvents"]
    done = [sum(work(event) for event in events if event["name"] == name) / MOVES for name, work in WORK.items()]
    assert all(much <= most for much, most in zip(done, BUDGET, strict=True)), dict(zip(WORK, done, strict=True))
    painted = [event["args"]["data"].get("nodeName", "") for event in events if event["name"] == "Paint"]
    assert sum("cursor-frame" in name or "id='cell'" in name for name in painted) > 20
    assert sum("id='words'" in name for name in painted) < 5


def test_a_stretch_that_is_marked_on_the_strip_is_what_the_pictures_show(visit: Open) -> None:
    page = visit()
    read(page, " ".join([TEXT] * 20))
    strip = page.locator("#strip svg").bounding_box()
    assert strip
    middle = strip["y"] + strip["height"] / 2
    page.mouse.move(strip["x"] + 0.25 * strip["width"], middle)
    page.mouse.down()
    page.mouse.move(strip["x"] + 0.4 * strip["width"], middle)
    page.mouse.move(strip["x"] + 0.5 * strip["width"] - 1, middle)
    page.mouse.up()
    shown(page, 56, 110)
    page.focus("#words")
    page.keyboard.press("Home")
    expect(page.locator("#running .figure")).to_contain_text("first word")
    page.get_by_role("button", name="all words").click()
    expect(page.locator("#running .figure")).to_contain_text("last word")
    expect(page.get_by_role("button", name="all words")).to_be_hidden()


def test_keys_show_fewer_words_and_all_again(visit: Open) -> None:
    page = visit()
    read(page, " ".join([TEXT] * 20))
    page.focus("#words")
    page.keyboard.press("End")
    page.keyboard.press("+")
    expect(page.locator("#running .figure")).to_contain_text(re.compile(r"word 11[01]"))
    expect(page.locator("#gradient .figure")).to_contain_text("words before the end")
    page.keyboard.press("0")
    expect(page.locator("#running .figure")).to_contain_text("first word")


def shown(page: Page, first: int, last: int) -> None:
    first_word, last_word = (f"word ({at - 1}|{at}|{at + 1})" for at in (first, last))
    expect(page.locator("#running .figure")).to_contain_text(re.compile(first_word + last_word))

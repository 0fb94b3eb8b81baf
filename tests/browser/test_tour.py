"""The tour tells how the first example is read, with the numbers of the models that are served."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, fits
from tests.browser.test_explorer import number, traced


def opened(page: Page) -> str:
    """Open the tour; what its first step says."""
    page.get_by_role("button", name="how it reads").click()
    return told(page, 1)


def told(page: Page, count: int) -> str:
    """What is said at a step, once it is told."""
    expect(page.locator("#tour .quiet")).to_have_text(f"{count} of 11")
    expect(page.locator("#tour")).to_have_attribute("aria-busy", "false")
    return page.locator("#tour p").inner_text()


def onward(page: Page, count: int) -> str:
    page.keyboard.press("ArrowRight")
    return told(page, count)


def test_every_step_has_the_numbers_of_the_trace(visit: Open, service: str) -> None:
    page = visit(width=400)
    assert opened(page).startswith(f"The LSTM says {page.locator('#strip .answer strong').inner_text().split()[0]}")
    fits(page)
    text = page.locator("#text").input_value()
    names = ["input", "candidate", "cell"]
    trace = traced(service, text=text, model="lstm", include=["tensors"], tensors={"names": names})
    series = {name: [units[0] for units in layers[0]] for name, layers in trace["tensors"]["values"].items()}
    written = [i * g for i, g in zip(series["input"], series["candidate"], strict=True)]
    words = [t for t, word in enumerate(trace["words"]) if t and word["text"].isalnum()]
    most = max(words, key=lambda t: abs(written[t]))
    assert "Its three gates are valves" in onward(page, 2)
    assert "the rest forgotten" in onward(page, 3)
    part = page.locator("#cell svg [data-part=forget]").first
    expect(part).to_have_css("opacity", "1")
    expect(page.locator("#cell svg [data-part=output]").first).to_have_css("opacity", "0.4")
    expect(page.locator(f"#words span[data-t='{most}']")).to_have_attribute("aria-current", "true")
    assert f"{series['input'][most]:.2f}" in onward(page, 4)
    assert number(onward(page, 5).split("= ")[-1].rstrip(".")) == pytest.approx(written[most], abs=0.0051)
    assert number(onward(page, 6).split("make ")[-1].rstrip(".")) == pytest.approx(series["cell"][most], abs=0.0051)
    assert "tanh" in onward(page, 7)
    assert "no other word fades so fast" in onward(page, 8)
    assert onward(page, 9).startswith("The GRU says")
    expect(page.locator("#model")).to_have_value("gru")
    assert "update gate" in onward(page, 10)
    last = onward(page, 11)
    shares = {cell: share_of_the_first(service, text, cell) for cell in ("rnn", "lstm", "gru")}
    assert all(share in last for share in shares.values())
    expect(page.get_by_role("button", name="next")).to_be_disabled()


def share_of_the_first(service: str, text: str, model: str) -> str:
    norm = traced(service, text=text, model=model, include=["gradient"])["gradient"]["norm"][-1]
    share = norm[0] / norm[-1]
    return "less than 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def test_it_is_left_by_escape_by_another_text_and_by_another_model(visit: Open) -> None:
    page = visit()
    ways: tuple[Callable[[], object], ...] = (
        lambda: page.keyboard.press("Escape"),
        lambda: page.select_option("#model", "gru"),
        lambda: page.fill("#text", "another text"),
    )
    for leave in ways:
        opened(page)
        leave()
        expect(page.locator("#tour")).to_be_hidden()
    expect(page.locator("#text")).to_have_value(re.compile("^another text$"))


def test_every_cell_that_is_drawn_has_a_story(visit: Open) -> None:
    page = visit()
    drawn, told = page.evaluate("""async () => {
        const [{DRAWINGS}, {STORIES}] = await Promise.all([import("/web/js/cells.js"), import("/web/js/stories.js")]);
        return [Object.keys(DRAWINGS).sort(), Object.keys(STORIES).sort()];
    }""")
    assert told == drawn

"""Gates as whole vectors, and how the gradient fades in each cell, with the numbers of the trace."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from models.network.equations import Cell
from tests.browser.conftest import Open, arrive, read
from tests.browser.test_explorer import TEXT, traced
from tests.bundles import random_weights, write_bundle
from tests.serving import serving

FADING: tuple[Cell, ...] = ("lstm", "rnn")


def test_all_units_at_the_cursor_are_bars_of_the_trace(visit: Open, service: str) -> None:
    page = visit("/#word=3")
    read(page, TEXT)
    page.locator("#vectors summary").first.click()
    asked = {"units": "all", "from": 3, "to": 4}
    values = traced(service, text=TEXT, include=["tensors"], tensors=asked)["tensors"]["values"]
    expect(page.locator("#vectors .vector")).to_have_count(len(values))
    page.focus("#words")
    for key, t in (("Home", 0), ("End", 10)):
        page.keyboard.press(key)
        tensor = traced(service, text=TEXT, include=["tensors"], tensors=asked | {"from": t, "to": t + 1})["tensors"]
        forget = tensor["values"]["forget"][0][0]
        path = page.locator("#vectors [data-name=forget] path")
        expect(path).to_have_attribute("d", re.compile(rf"^M0,24v-{int(24 * forget[0])}\."))
        heights = re.findall(r"v-([\d.]+)h", path.get_attribute("d") or "")
        assert [float(height) / 24 for height in heights] == pytest.approx(forget, abs=5e-4)
    opened = sum(value > 0.5 for value in forget)
    label = page.locator("#vectors [data-name=forget] svg").get_attribute("aria-label") or ""
    assert label.startswith(f"forget: {opened} of 10 units more open than closed")


def test_how_much_the_gradient_fades_is_said_of_every_cell(browser: Browser, tmp_path: Path) -> None:
    for seed, cell in enumerate(FADING):
        write_bundle(tmp_path, cell, random_weights(cell, "last", seed=seed))
    with serving(tmp_path, "--workers", "1") as root:
        page = browser.new_page()
        arrive(page, root)
        norms = [
            traced(root, text=page.locator("#text").input_value(), model=model, include=["gradient"])["gradient"]
            for model in FADING
        ]
        said = page.locator("#gradient-says").inner_text()
        page.close()
    left = [norm["norm"][-1][0] / norm["norm"][-1][-1] for norm in norms]
    values = [float(number) / 100 for number in re.findall(r"(?:LSTM|RNN) (?:under )?([\d.]+) %", said)]
    assert values == pytest.approx(left, rel=0.5, abs=0.006)

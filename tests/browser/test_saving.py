"""Every panel is handed over as a picture and as numbers."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, read
from tests.browser.test_explorer import TEXT, traced

SVG = "{http://www.w3.org/2000/svg}"
PANELS = {
    "verdict": "logit",
    "review": "plot",
    "running": "100",
    "cell": "forget",
    "memory": "Memory",
    "units": "Gates",
    "gradient": "LSTM",
    "whatif": "What",
    "comparison": "Compare",
    "card": "accuracy",
}
"""Each panel, and a word that its picture must have."""


def saved(page: Page, panel: str, kind: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator(f"#{panel} > .save button", has_text=kind).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.fixture
def page(visit: Open) -> Page:
    """A page that has read a text, with every panel's menu open. A browser asks before it saves more than ten files."""
    page = visit("/#gate=forget")
    read(page, TEXT)
    expect(page.locator("#card .facts")).to_be_visible()
    for panel in PANELS:
        page.locator(f"#{panel} > .save > summary").click()
    return page


def test_every_panel_is_a_picture_that_other_programs_read(page: Page, tmp_path: Path) -> None:
    for panel, word in PANELS.items():
        picture = ElementTree.parse(saved(page, panel, "SVG", tmp_path))
        assert word in {
            "".join(text.itertext()).split()[0] for text in picture.iter(f"{SVG}text") if text.text or len(text)
        }
    assert ElementTree.parse(tmp_path / "memory.svg").find(f".//{SVG}image") is not None


def test_a_picture_may_be_one_of_pixels(page: Page, tmp_path: Path) -> None:
    assert saved(page, "memory", "PNG", tmp_path).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_every_panel_is_a_table(page: Page, service: str, tmp_path: Path) -> None:
    for panel in PANELS:
        assert list(csv.reader(saved(page, panel, "CSV", tmp_path).open()))
    trace = traced(service, text=TEXT, include=["tensors"], tensors={"names": ["forget"]})
    running = list(csv.DictReader((tmp_path / "running.csv").open()))
    assert [row["after"] for row in running] == [word["text"] for word in trace["words"]]
    assert [float(row["fresh"]) for row in running] == pytest.approx(trace["running"]["p"], abs=1e-6)
    units = list(csv.reader((tmp_path / "units.csv").open()))
    assert units[0][1] == f"forget of unit {trace['units']['selected'][0]}"
    assert float(units[3][1]) == pytest.approx(trace["tensors"]["values"]["forget"][0][2][0], abs=1e-5)

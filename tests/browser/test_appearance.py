"""The explorer page is legible: at every width, in every theme, on paper, and to those who do not see it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Open, fits, read, settled, still
from tests.bundles import random_weights, write_bundle
from tests.serving import serving

KEY = "only-for-this-test"


def is_drawn(page: Page, canvas: str) -> None:
    """Wait until a canvas shows more than 20 colours."""
    page.wait_for_function(
        """(selector) => {
            const canvas = document.querySelector(selector);
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size > 20;
        }""",
        arg=canvas,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_and_every_picture_is_drawn(visit: Open, tmp_path: Path, scheme: str) -> None:
    page = visit("/#compare=gru&example=2", color_scheme=scheme)
    expect(page.locator("#comparison .bars")).to_be_visible()
    for width in (1440, 1024, 768, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        is_drawn(page, ".triangle canvas")
        is_drawn(page, "#units canvas")
        expect(page.locator("#running polyline")).to_have_count(2)
        expect(page.locator("#gradient polyline")).to_have_count(3)
        assert len(page.screenshot(path=tmp_path / f"{width}-{scheme}.png", full_page=True)) > 50_000


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("/#compare=gru", {"color_scheme": "light"}),
        ("/#model=gru&compare=lstm&unit=3&gate=update", {"color_scheme": "dark"}),
        ("/#model=rnn", {"color_scheme": "light", "width": 400}),
    ],
)
def test_axe_finds_nothing(visit: Open, address: str, options: dict[str, Any]) -> None:
    page = visit(address, **options)
    for summary in page.locator("main summary").all():
        summary.click()
    still(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_message_passes_axe_too(visit: Open) -> None:
    page = visit()
    page.fill("#text", " ")
    expect(page.get_by_role("alert")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"], "rules": {"color-contrast": {"enabled": False}}})
    assert found.violations_count == 0, found.generate_report()


def test_the_theme_is_chosen_and_kept(visit: Open) -> None:
    page = visit(color_scheme="light")
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="theme").click()
    page.get_by_role("button", name="theme").click()
    page.wait_for_function(f"(before) => ({paper})() !== before", arg=light)
    page.reload()
    settled(page)
    expect(page.get_by_role("button", name="theme")).to_have_text("theme: dark")


def test_on_paper_there_are_verdict_text_and_line(visit: Open) -> None:
    page = visit()
    page.emulate_media(media="print")
    for shown in ("#verdict", "#words", "#running .line", "#model"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("#input", "#cell", "#units", "#memory", "#phrase", "#pair"):
        expect(page.locator(hidden)).to_be_hidden()


def test_forced_colours_keep_the_sign_by_line_and_glyph(visit: Open) -> None:
    page = visit(forced_colors="active")
    expect(page.locator("#words span.against").first).to_have_css("border-bottom-style", "dashed")
    expect(page.locator("#words span:not(.against)").first).to_have_css("border-bottom-style", "solid")
    page.locator("#firing").scroll_into_view_if_needed()
    word = page.locator("#firing mark").first
    expect(word).to_have_css("color", page.locator("body").evaluate("(body) => getComputedStyle(body).color"))


def test_reduced_motion_steps_where_play_would_run(visit: Open) -> None:
    page = visit(reduced_motion="reduce")
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_timeout(700)
    expect(page.locator("#words span[data-t='1']")).to_have_attribute("aria-current", "true")


@pytest.fixture(scope="module")
def stars(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service behind a key, whose one model has three labels."""
    repository = tmp_path_factory.mktemp("stars")
    write_bundle(repository, "stars", random_weights("gru", classes=3), ("bad", "fair", "good"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATESCOPE_API_KEYS", json.dumps([KEY]))
        with serving(repository, "--workers", "1") as root:
            yield root


def test_a_key_is_asked_for_and_three_labels_let_a_person_choose_what_is_explained(
    browser: Browser, stars: str
) -> None:
    page = browser.new_page()
    page.goto(stars)
    page.get_by_label("API key").fill(KEY)
    with page.expect_response("**/v1/compare"):
        page.get_by_role("button", name="use this API key").click()
    settled(page)
    expect(page.locator("#model")).to_have_value("stars")
    expect(page.get_by_role("alert")).to_have_count(0)
    read(page, "A great film, not dull.")
    page.get_by_label("label explained").select_option("good")
    page.get_by_label("against which label").select_option("")
    expect(page.locator("#review-legend")).to_contain_text("− not good")
    page.get_by_label("against which label").select_option("bad")
    expect(page.locator("#review-legend")).to_contain_text("− bad")
    page.get_by_role("button", name="how it reads").click()
    expect(page.locator("#tour")).to_contain_text("1 of 2")
    expect(page.locator("#tour p")).to_contain_text("The GRU says")
    page.close()

"""Nothing on the page says more than the model does: scales, warnings, labels, results of the text that is shown."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, fits, read
from tests.browser.test_explorer import TEXT, traced


def fills(page: Page) -> list[float]:
    return page.evaluate(
        "() => Array.from(document.querySelectorAll('#words span'), (e) => Number(e.style.getPropertyValue('--much')))"
    )


def test_unknown_words_are_warned_of_and_drawn_faintly(visit: Open, service: str) -> None:
    page = visit()
    unknown = "zqxv wqpl krrt"
    read(page, unknown)
    expect(page.locator("#verdict .warn").first).to_contain_text("knows none of these words")
    shares = traced(service, text=unknown)["ledgers"]["deep"]["words"]
    assert max(fills(page)) <= max(1.0 if abs(share) >= 0.25 else abs(share) / 0.25 for share in shares) + 0.001
    read(page, "great zqxv wqpl krrt")
    expect(page.locator("#verdict .warn").first).to_contain_text("knows only 1 of these 4 words")


def test_one_scale_can_be_kept_for_every_text(visit: Open, service: str) -> None:
    page = visit()
    page.get_by_label("the same scale for every text").check()
    expect(page.locator("#review-legend")).to_contain_text("2.00 logits or more")
    for text in (TEXT, "great"):
        read(page, text)
        shares = traced(service, text=text)["ledgers"]["deep"]["words"]
        assert all(abs(fill - min(1, abs(s) / 2)) < 0.002 for fill, s in zip(fills(page), shares, strict=True))


def test_every_mark_says_its_value_to_pointer_keyboard_and_finger(visit: Open, service: str) -> None:
    trace = traced(service, text=TEXT, include=["memory", "tensors", "gradient"], tensors={"names": ["hidden"]})
    page = visit("/#gate=hidden", has_touch=True)
    read(page, TEXT)
    note = page.locator("#value")
    page.locator("#words span[data-t='2']").hover()
    expect(note).to_contain_text(f"plot: {said(trace['ledgers']['deep']['words'][2])} logits")
    page.locator("#memory .remembered .spark").last.hover()
    expect(note).to_contain_text("% still in the cell")
    unit = trace["units"]["selected"][0]
    for picture, told in (
        ("#units .figure", f"unit {unit} at “long”: hidden {said(trace['tensors']['values']['hidden'][0][-1][0])}"),
        ("#running .figure", f"after “long”: {100 * trace['running']['p'][-1]:.1f} % fresh"),
        ("#gradient .figure", "after “long”: LSTM"),
        ("#memory .triangle-frame", f"of “long”, after “long”: {said(trace['memory']['matrix'][-1][-1])} logits"),
    ):
        page.focus(picture)
        page.keyboard.press("End")
        expect(note).to_contain_text(told)
        expect(page.locator(picture)).to_have_attribute("aria-valuetext", re.compile(re.escape(told)))
    page.locator("#words span[data-t='0']").tap()
    expect(note).to_contain_text(f"A: {said(trace['ledgers']['deep']['words'][0])} logits")


def said(value: float) -> str:
    """A number as the page writes it, with its sign."""
    size = f"{abs(value):.2f}"
    return "0" if float(size) == 0 else f"{'−' if value < 0 else '+'}{size}"


def test_pictures_of_shares_have_the_floor_and_the_fixed_scale_too(visit: Open) -> None:
    page = visit()
    read(page, "zqxv wqpl krrt")
    for legend, least, fixed in (("#units-legend", 0.05, "0.40"), ("#memory .legend", 0.25, "2.00")):
        found = re.search(r"deepest: ([\d.]+) logits", page.locator(legend).inner_text())
        assert found and float(found[1]) >= least
        page.get_by_label("the same scale for every text").check()
        expect(page.locator(legend)).to_contain_text(f"deepest: {fixed} logits or more")
        page.get_by_label("the same scale for every text").uncheck()


def test_the_biggest_turns_are_labelled_first(visit: Open, service: str) -> None:
    page = visit()
    text = " ".join([TEXT, "and the end is a great, great surprise"] * 12)
    read(page, text)
    running, bias = (trace := traced(service, text=text))["running"]["logit"], trace["prediction"]["bias"]
    turns = [abs(now - before) for now, before in zip(running, [bias, *running[:-1]], strict=True)]
    largest = trace["words"][max(range(len(turns)), key=turns.__getitem__)]["text"]
    expect(page.locator("#running text.turn").first).to_have_text(largest)


def test_results_of_another_text_do_not_stay(visit: Open) -> None:
    page = visit()
    read(page, TEXT)
    page.focus("#words")
    page.keyboard.press("d")
    rows = page.locator("#whatif tbody tr")
    expect(rows).to_have_count(1)
    expect(page.locator("#whatif table")).to_be_in_viewport()
    expect(page.locator("#sentence")).to_have_text(re.compile("without “.*”: (fresh|rotten)"))
    read(page, "another text")
    expect(rows).to_have_count(0)


def test_the_unit_in_the_cell_is_one_that_is_listed(visit: Open) -> None:
    page = visit("/#unit=20000")
    shown = page.locator("#unit-chooser select").input_value()
    assert shown in page.locator("#unit-chooser option").evaluate_all("(all) => all.map((one) => one.value)")
    expect(page.locator("#cell-says")).to_contain_text(f"unit {shown} of")


def test_help_opens_wherever_nobody_types(visit: Open) -> None:
    page = visit()
    page.locator("body").press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_strip_says_everything_about_the_word_at_the_cursor(visit: Open) -> None:
    page = visit()
    read(page, TEXT)
    page.locator("#words span[data-t='2']").hover()
    expect(page.locator("#strip")).to_contain_text("plot, word 3 of 11")
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#strip")).to_be_in_viewport()


def test_a_word_longer_than_the_screen_hangs_over_nowhere(visit: Open) -> None:
    page = visit(width=320)
    read(page, "a " + "b" * 71 + " film")
    page.focus("#words")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#words span[data-t='1']")).to_have_attribute("aria-current", "true")
    fits(page)

"""What the pages name is there: files, links, commands, make targets, settings; and what is made from code is fresh."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from export.settings import ExportSettings
from gatescope.command_line import COMMANDS
from service.settings import Settings
from tests import runbook_page, settings_page

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "gatescope|models|export|service|deploy|docs|tests"
OTHER_VARIABLES = {"GATESCOPE_CACHE", "GATESCOPE_API_KEY"}

each_page = pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))


def named(file: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, file.read_text()))


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(file: Path) -> Iterator[str]:
    for link in named(file, r"\]\(([^)\s]+)\)"):
        target, _, anchor = link.partition("#")
        place = (file.parent / target) if target else file
        if "://" not in link and (not place.exists() or (anchor and anchor not in anchors(place))):
            yield link


@each_page
def test_every_link_leads_somewhere(file: Path) -> None:
    assert not list(broken_links(file))


@each_page
def test_every_file_is_there(file: Path) -> None:
    paths = named(file, rf"(?<![\w/.-])(?:{FOLDERS})/[\w./*-]*\w")
    assert not [path for path in paths if not list(ROOT.glob(path))]


@each_page
def test_every_module_that_is_run_is_there(file: Path) -> None:
    modules = named(file, r"python3? -m ((?:models|export|service|tests)[\w.]*\w)")
    places = [ROOT.joinpath(*module.split(".")) for module in modules]
    assert not [
        place for place in places if not place.with_suffix(".py").is_file() and not (place / "__main__.py").is_file()
    ]


@each_page
def test_every_make_target_is_there(file: Path) -> None:
    targets = named(ROOT / "Makefile", r"(?m)^([\w-]+):")
    assert named(file, r"(?:`|\$ )make ([\w-]+)") <= targets


@each_page
def test_every_command_is_there(file: Path) -> None:
    assert named(file, r"(?:`|\$ )gatescope ([a-z][\w-]*)") <= set(COMMANDS)


@each_page
def test_every_variable_is_a_setting(file: Path) -> None:
    settings = {f"GATESCOPE_{name.upper()}" for name in (*Settings.model_fields, *ExportSettings.model_fields)}
    assert named(file, r"GATESCOPE_[A-Z_]*[A-Z]") <= settings | OTHER_VARIABLES


@pytest.mark.parametrize("made", [settings_page, runbook_page])
def test_what_is_made_from_something_else_is_fresh(made: ModuleType) -> None:
    assert made.PAGE.read_text() == made.page(), "stale: run `make docs`"

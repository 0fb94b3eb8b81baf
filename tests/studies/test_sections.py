from pathlib import Path

from tests.studies.sections import write_section


def test_a_study_writes_its_own_section_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    write_section(page, "# One", "first\n")
    write_section(page, "## Two", "second")
    write_section(page, "# One", "again\n\n| # | of a table |")
    assert page.read_text() == "# One\n\nagain\n\n| # | of a table |\n\n## Two\n\nsecond\n"
    write_section(page, "## Two", "last")
    assert page.read_text().endswith("## Two\n\nlast\n")

"""Other people's clients against a service: the table at the end of docs/clients.md.

    python -m tests.clients [--write]

Installs them in a folder that goes again, from PyPI and npm; needs curl, Node 20, Go, promtool, and a JDK with Debian's
libjakarta-annotation-api-java. Exits with 1 where a call fails.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from models.network.equations import BUILT_IN
from tests.bundles import random_weights, write_bundle
from tests.clients.tried import CLIENTS, Tried, Workshop
from tests.serving import serving

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
HEADING = "## Tried\n"


def main() -> int:
    """Run every client, print the table, and return whether a call failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients")
    parser.add_argument("--write", action="store_true", help="write the table into docs/clients.md")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        for seed, cell in enumerate(BUILT_IN):
            write_bundle(repository, cell, random_weights(cell, seed=seed))
        with serving(repository, "--workers", "2") as root:
            workshop = Workshop(Path(folder), root)
            rows = [row for client in CLIENTS for row in client(workshop)]
    print(table(rows))
    if given.write:
        page = PAGE.read_text()
        PAGE.write_text(page[: page.index(HEADING)] + section(rows))
    return int(any(row.failed for row in rows))


def section(rows: list[Tried]) -> str:
    """The end of the page."""
    today = datetime.now(UTC).date().isoformat()
    made = f"`python -m tests.clients --write` made this table on {today}, with small untrained models."
    return f"{HEADING}\n{made}\n\n{table(rows)}\n"


def table(rows: list[Tried]) -> str:
    """The rows in Markdown."""
    lines = [f"| {row.client} | {row.version} | {row.call} | {row.result} |" for row in rows]
    return "\n".join(["| client | version | call | result |", "|---|---|---|---|", *lines])


if __name__ == "__main__":
    sys.exit(main())

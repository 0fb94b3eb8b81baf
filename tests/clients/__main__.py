"""Other people's clients against a service: the table at the end of docs/clients.md.

    python -m tests.clients [--write] [CLIENT ...]

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
from tests.clients.tried import CLIENTS, Workshop
from tests.serving import serving

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
HEADING = "## Tried\n"


def main() -> int:
    """Run the clients, print the table, and return whether a call failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients")
    parser.add_argument("--write", action="store_true", help="write the rows into the table of docs/clients.md")
    parser.add_argument("clients", metavar="CLIENT", nargs="*", help="which; left out, all")
    given = parser.parse_args()
    names = given.clients or list(CLIENTS)
    with TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        for seed, cell in enumerate(BUILT_IN):
            write_bundle(repository, cell, random_weights(cell, seed=seed))
        with serving(repository, "--workers", "2") as root:
            workshop = Workshop(Path(folder), root)
            rows = [row for name in names for row in CLIENTS[name](workshop)]
    lines = [f"| {row.client} | {row.version} | {row.call} | {row.result} |" for row in rows]
    print("\n".join(lines))
    if given.write:
        write(names, lines)
    return int(any(row.failed for row in rows))


def write(names: list[str], lines: list[str]) -> None:
    """Put the lines in the place of those that the page has of these clients."""
    before, _, table = PAGE.read_text().partition(HEADING)
    kept = [line for line in table.splitlines() if line.startswith("| ") and client_of(line) not in ["client", *names]]
    ordered = sorted(kept + lines, key=lambda line: list(CLIENTS).index(client_of(line)))
    today = datetime.now(UTC).date().isoformat()
    made = f"`python -m tests.clients --write` made this table on {today}, with small untrained models."
    head = ["| client | version | call | result |", "|---|---|---|---|"]
    PAGE.write_text("\n".join([f"{before}{HEADING}", made, "", *head, *ordered, ""]))


def client_of(line: str) -> str:
    """The client that a line of the table is of."""
    return line.split(" | ", maxsplit=1)[0].removeprefix("| ")


if __name__ == "__main__":
    sys.exit(main())

"""`gatescope verify`: every check of a bundle, and an exit code that says whether it may be served."""

import json
from pathlib import Path
from typing import Annotated

import typer

from models.exits import Exit


def verify(
    folder: Annotated[Path, typer.Argument(help="a bundle: REPOSITORY/MODEL/VERSION")],
    as_json: Annotated[bool, typer.Option("--json", help="the checks as JSON")] = False,
) -> None:
    """Check a bundle in every implementation of its network, over batches, padding, cuts and moving rows."""
    from export.publish.verify import verify as checks_of  # noqa: PLC0415

    checks = list(checks_of(folder))
    if as_json:
        made = [{"name": check.name, "passed": check.passed, "detail": check.detail} for check in checks]
        typer.echo(json.dumps({"bundle": str(folder), "checks": made}, indent=1))
    else:
        for check in checks:
            typer.echo(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {check.detail}")
    if not all(check.passed for check in checks):
        raise typer.Exit(Exit.VERIFICATION)

"""A run of `gatescope score`, what it says on the way and at its end, and its exit code."""

import json

import typer

from models.bundle import InvalidBundle
from service.score.blocks import Tally
from service.score.faults import DataError, WrongUse
from service.score.inputs import PIPE
from service.score.options import Options
from service.score.progress import Meter
from service.score.run import run

USAGE, DATA, INTERRUPTED = 2, 3, 130


def command(options: Options, *, as_json: bool) -> None:
    """Score, and say how that went. Ends with `typer.Exit` where it can't be done."""
    meter = Meter(quiet=as_json)
    tally = _run(options, meter)
    if as_json:
        typer.echo(json.dumps(_summary(tally, meter)), err=options.out == PIPE)
    else:
        typer.echo(_line(options.out, tally, meter), err=True)


def _run(options: Options, meter: Meter) -> Tally:
    """Score, or say why that can't be done and end with the exit code for it."""
    try:
        with meter:
            return run(options, meter)
    except WrongUse as error:
        raise _ended(error, USAGE) from error
    except (DataError, InvalidBundle) as error:
        raise _ended(error, DATA) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason = f"{place}{error.strerror or error}. What is scored is kept: run again to go on"
        raise _ended(reason, DATA) from error
    except KeyboardInterrupt as error:
        raise _ended("interrupted. What is scored is kept: run again to go on", INTERRUPTED) from error


def _ended(reason: object, code: int) -> typer.Exit:
    typer.echo(f"gatescope score: {reason}", err=True)
    return typer.Exit(code)


def _summary(tally: Tally, meter: Meter) -> dict[str, object]:
    return {
        "rows": tally.rows,
        "errors": tally.errors,
        "labels": tally.labels,
        "scored_now": meter.rows,
        "seconds": round(meter.seconds, 3),
        "rows_per_second": round(meter.rate, 1),
    }


def _line(out: str, tally: Tally, meter: Meter) -> str:
    labels = "".join(f"  {label} {count:,}" for label, count in sorted(tally.labels.items()))
    errors = f"  {tally.errors:,} without a label: see the column error" if tally.errors else ""
    return f"{out}  {tally.rows:,} rows{labels}{errors}  {meter.seconds:.1f} s  {meter.rate:,.0f} rows/s"

"""What `gatescope check-data` found, as lines of a table: on the console and on the page."""

from collections.abc import Sequence

from export.survey import Survey, Training

Facts = list[tuple[str, str]]
SHOWN = 20


def facts(found: Survey) -> Facts:
    """Return name and value of everything that is shown as a figure."""
    lengths = found.lengths
    return [
        ("reviews", f"{found.reviews:,}"),
        ("labels", _joined([f"{label} {count:,}" for label, count in found.labels.items()])),
        (
            "words of a review",
            f"{lengths.shortest:,} to {lengths.longest:,}, half of them {lengths.median:,} at most, "
            f"95 % {lengths.most:,} at most; {lengths.cut:,} longer than training reads",
        ),
        ("scripts", _joined([f"{name} {share:.1%}" for name, share in found.scripts.items()]) or "no letters"),
        ("rows skipped", f"{found.skipped:,}"),
        ("duplicates", f"{found.duplicates:,}"),
        ("copies with another label", f"{found.contradictions:,}"),
        ("in two splits", _joined([f"{pair} {count:,}" for pair, count in found.overlaps.items()]) or "0"),
        *(_training(found.training) if found.training else []),
    ]


def _training(training: Training) -> Facts:
    sizes = [f"{name} {sum(counts.values()):,}" for name, counts in training.splits.items()]
    known = [f"{name} {share:.1%}" for name, share in training.known.items()]
    return [
        ("splits", f"{_joined(sizes)} ({training.rule})"),
        ("vocabulary", f"{training.vocabulary:,} words"),
        ("words known", _joined(known)),
        ("commonest label", f"{training.commonest:.1%} of the test: what a model has to beat"),
        ("would train", f"{', '.join(training.cells)}; {training.epochs} epochs of {training.steps:,} steps at most"),
    ]


def _joined(parts: Sequence[str]) -> str:
    return ", ".join(parts[:SHOWN]) + (f" and {len(parts) - SHOWN:,} more" if len(parts) > SHOWN else "")

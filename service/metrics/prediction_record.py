"""What is noted of a prediction: for the metrics and for drift."""

from typing import NamedTuple


class PredictionRecord(NamedTuple):
    """One prediction: seconds of its phases, what the text was like, what the model said."""

    tokenization: float
    queue: float
    compute: float
    postprocess: float
    request: float
    words: int
    unknown: int
    truncated: bool
    label: int
    confidence: float

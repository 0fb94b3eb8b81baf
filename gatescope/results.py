"""Many predictions as one result."""

from html import escape

from service.inference.prediction import Prediction

MOST_SHOWN = 20


class Predictions(list[Prediction]):
    """The predictions of many texts, in their order; a table in a notebook."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td>{escape(each.label)}</td><td>{each.probabilities[each.label]:.1%}</td>"
            f"<td>{each.words}</td></tr>"
            for number, each in enumerate(self[:MOST_SHOWN])
        )
        more = f"<p>and {len(self) - MOST_SHOWN} more</p>" if len(self) > MOST_SHOWN else ""
        head = "<tr><th></th><th>label</th><th>probability</th><th>words</th></tr>"
        return f"<table>{head}{rows}</table>{more}"

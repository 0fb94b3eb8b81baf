"""Write reviews as tasks of Label Studio with what a running service says of them, the least sure first.

`python label_studio.py REVIEWS.txt [ADDRESS] > tasks.json`, a review a line; then import that file into a project with

    <View><Text name="text" value="$text"/><Choices name="verdict" toName="text" required="true">
    <Choice value="rotten"/><Choice value="fresh"/></Choices></View>
"""

import json
import sys
from pathlib import Path
from typing import Any

import httpx


def main(file: str, address: str = "http://127.0.0.1:8000") -> None:
    """Print the tasks. A line that can't be read is left out."""
    reviews = Path(file).read_text().splitlines()
    answer = httpx.post(f"{address}/v1/batch", json=reviews, timeout=60)
    if answer.is_error:
        sys.exit(answer.json()["detail"])
    said = [(text, row) for text, row in zip(reviews, answer.json(), strict=True) if "label" in row]
    said.sort(key=lambda one: max(one[1]["probabilities"].values()))
    print(json.dumps([task(text, prediction) for text, prediction in said], indent=2))


def task(text: str, prediction: dict[str, Any]) -> dict[str, Any]:
    """Return a review with its label already chosen."""
    choice = {"from_name": "verdict", "to_name": "text", "type": "choices", "value": {"choices": [prediction["label"]]}}
    made_by = f"{prediction['model']} {prediction['version']}"
    score = prediction["probabilities"][prediction["label"]]
    return {"data": {"text": text}, "predictions": [{"model_version": made_by, "score": score, "result": [choice]}]}


if __name__ == "__main__":
    main(*sys.argv[1:])

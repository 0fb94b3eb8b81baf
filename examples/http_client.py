"""Ask a running service with httpx: one review, many, one that comes in parts. `python http_client.py [ADDRESS]`."""

import sys
from typing import Any

import httpx


def main(address: str) -> None:
    """Print what the service at `address` says."""
    with httpx.Client(base_url=address, timeout=10) as client:
        one = ask(client, "/v1/predict", {"text": "Not bad at all, and the ending is amazing."})
        print(one["label"], one["probabilities"])

        many = ask(client, "/v1/batch", ["A delight.", "Far too long.", {"text": "Dull.", "model": "gru"}])
        print([answer["label"] for answer in many])

        part = ask(client, "/v1/predict", {"text": "The plot is dull, ", "return_state": True})
        whole = ask(client, "/v1/predict", {"text": "but the cast is great.", "state": part["state"]})
        print(part["label"], "then", whole["label"], "after", whole["words"], "words")


def ask(client: httpx.Client, path: str, body: Any) -> Any:
    """Return the answer as JSON; an error says in `detail` what is wrong."""
    answer = client.post(path, json=body)
    if answer.is_error:
        sys.exit(answer.json()["detail"])
    return answer.json()


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["http://127.0.0.1:8000"]))

"""With requests: the shapes of vLLM and MLflow, and a trace."""

import sys

import requests

root = sys.argv[1]


def ask(path: str, body: object) -> object:
    answer = requests.post(root + path, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


found = ask("/classify", {"model": "gru", "input": ["A good film.", "Dull."]})
print(f"POST /classify\t{[each['label'] for each in found['data']]}")
frame = {"dataframe_split": {"columns": ["text"], "data": [["A good film."]]}}
print(f"POST /invocations\t{ask('/invocations', frame)['predictions'][0]['label']}")
trace = ask("/v1/trace", {"text": "Not good, but I liked it."})
print(f"POST /v1/trace\t{len(trace['words'])} words")

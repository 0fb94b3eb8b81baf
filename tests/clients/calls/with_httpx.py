"""With httpx: JSON, a streamed batch, and a state that goes on."""

import gzip
import json
import sys

import httpx

with httpx.Client(base_url=sys.argv[1]) as client:
    said = client.post("/v1/predict", json={"text": "This film is n", "return_state": True}).raise_for_status().json()
    said = client.post("/v1/predict", json={"text": "ot bad", "state": said["state"]}).raise_for_status().json()
    print(f"POST /v1/predict, in two parts\t{said['label']} after {said['words']} words")
    lines = "".join(json.dumps({"text": f"film number {number}"}) + "\n" for number in range(1000))
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    packed = gzip.compress(lines.encode())
    with client.stream("POST", "/v1/batch", content=packed, headers=headers) as answer:
        *_, last = answer.iter_lines()
    print(f"POST /v1/batch, 1,000 lines in gzip\t{json.loads(last)['summary']['rows']} rows")

"""A plain FastAPI application around ONNX Runtime: one request, one call, on FastAPI's thread pool."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from tests.benchmarks.peers.network import Network

network = Network.from_environment()
app = FastAPI()


class Review(BaseModel):
    """The body of a request."""

    text: str


@app.post("/predict")
def predict(review: Review) -> dict[str, Any]:
    """One review, classified."""
    return network.classify([review.text])[0].body()

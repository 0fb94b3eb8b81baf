"""With Hugging Face's client, which speaks to text-embeddings-inference."""

import sys

from huggingface_hub import InferenceClient

client = InferenceClient(model=f"{sys.argv[1]}/predict")
first, *_ = client.text_classification("An amazing cast.")
print(f"text_classification\t{first.label} {first.score:.2f}")

"""What a review classifier is, and what happened inside it. NumPy; importing it never imports torch."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""ONNX Runtime from 1.29 on reports to its makers unless told not to before it is imported."""

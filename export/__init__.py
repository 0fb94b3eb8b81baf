"""Stage 1: reviews in, verified bundle out."""

import models as models  # before ONNX Runtime, whose telemetry it switches off

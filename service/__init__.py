"""Stage 2: a bundle in, answers out. Never imports torch."""

import models as models  # before ONNX Runtime, whose telemetry it switches off

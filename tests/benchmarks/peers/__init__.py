"""The same classifier behind other model servers. Each runs in its own environment: NumPy, ONNX Runtime and itself."""

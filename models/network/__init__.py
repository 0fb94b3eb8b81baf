"""Every implementation of the network, side by side: NumPy, PyTorch, ONNX and compiled C."""

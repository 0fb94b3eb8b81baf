"""What is compiled; everything else about the distribution stands in pyproject.toml.

All of it is optional: without a C compiler the engine computes in ONNX Runtime, and Python does the rest.
"""

from setuptools import Extension, setup

NATIVE = ("module.c", "network.c", "network.h", "pooling.h", "cells.h")


def extension(name: str, *files: str) -> Extension:
    """Return a module made of C sources and the headers that they need."""
    return Extension(
        name,
        sources=[file for file in files if file.endswith(".c")],
        depends=[file for file in files if file.endswith(".h")],
        extra_compile_args=["-O3", "-g0", "-ffp-contract=fast", "-fno-math-errno", "-Wno-psabi"],
        py_limited_api=True,
        optional=True,
    )


compiled = [
    extension("models.network.recurrence", *(f"models/network/native/{name}" for name in NATIVE)),
    extension("models.text.word_ids", "models/text/word_ids.c", "models/text/utf8_words.h"),
    extension("models.trace.scans", "models/trace/scans.c", "models/trace/gradient_scan.h"),
]

setup(ext_modules=compiled, options={"bdist_wheel": {"py_limited_api": "cp311"}})

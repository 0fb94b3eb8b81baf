"""What is compiled; everything else about the distribution stands in pyproject.toml.

Both parts are optional: without a C compiler the engine computes in ONNX Runtime, and words are found by `re`.
"""

from setuptools import Extension, setup

recurrence = Extension(
    "service.engine.recurrence",
    sources=["service/engine/recurrence.c"],
    depends=["service/engine/recurrence_cells.h"],
    extra_compile_args=["-O3", "-g0", "-ffp-contract=fast", "-fno-math-errno", "-Wno-psabi"],
    py_limited_api=True,
    optional=True,
)
word_ids = Extension(
    "models.word_ids",
    sources=["models/word_ids.c"],
    extra_compile_args=["-O3", "-g0"],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[recurrence, word_ids], options={"bdist_wheel": {"py_limited_api": "cp311"}})

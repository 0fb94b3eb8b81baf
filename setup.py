"""The compiled loops of the engine; everything else about the distribution stands in pyproject.toml."""

from setuptools import Extension, setup

recurrence = Extension(
    "service.engine.recurrence",
    sources=["service/engine/recurrence.c"],
    depends=["service/engine/recurrence_cells.h"],
    extra_compile_args=["-O3", "-g0", "-ffp-contract=fast", "-fno-math-errno", "-Wno-psabi"],
    py_limited_api=True,
    optional=True,  # without a C compiler the engine computes in ONNX Runtime
)

setup(ext_modules=[recurrence], options={"bdist_wheel": {"py_limited_api": "cp311"}})

"""What is compiled; everything else about the distribution stands in pyproject.toml.

All of it is optional: without a C compiler the engine computes in ONNX Runtime, and Python does the rest.
"""

from setuptools import Extension, setup


def extension(name: str, *depends: str) -> Extension:
    """The C file of a module's name."""
    return Extension(
        name,
        sources=[f"{name.replace('.', '/')}.c"],
        depends=list(depends),
        extra_compile_args=["-O3", "-g0", "-ffp-contract=fast", "-fno-math-errno", "-Wno-psabi"],
        py_limited_api=True,
        optional=True,
    )


compiled = [
    extension("service.engine.recurrence", "service/engine/recurrence_cells.h"),
    extension("models.word_ids"),
    extension("models.trace.scans"),
]

setup(ext_modules=compiled, options={"bdist_wheel": {"py_limited_api": "cp311"}})

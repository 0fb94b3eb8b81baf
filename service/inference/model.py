"""One served version of a model: its bundle, its place in the engine, and what notes how its reviews end."""

import time
from dataclasses import dataclass

from models.bundle.files import Bundle
from service.engine import Engine, ServedModel
from service.metrics.predictions import ServedVersion
from service.metrics.recorder import Recorder, VersionRecorder


@dataclass(slots=True, eq=False)
class Model:
    """One served version. `with model:` holds it: a retired version is given up when nobody holds it any longer."""

    bundle: Bundle
    served: ServedModel
    recorder: VersionRecorder
    load_seconds: float
    holders: int = 0

    @classmethod
    def load(cls, bundle: Bundle, engine: Engine, recorder: Recorder) -> "Model":
        """Load a bundle into `engine`. Blocks. Raises `InvalidBundle`."""
        started = time.perf_counter()
        served = engine.load(bundle)
        noted = recorder.of(ServedVersion.of(bundle.manifest))
        return cls(bundle, served, noted, time.perf_counter() - started)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.bundle.manifest.name

    @property
    def version(self) -> int:
        """The version's number."""
        return self.bundle.manifest.version

    def __enter__(self) -> None:
        self.holders += 1

    def __exit__(self, *error: object) -> None:
        self.holders -= 1

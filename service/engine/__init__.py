"""The engine: in-flight batching of recurrent state, admission, deadlines, fairness; and bulk runs for files."""

from models.network.session import State
from service.engine.engine import Engine
from service.engine.interface import (
    Answer,
    EngineSettings,
    Observer,
    Provider,
    QueueState,
    Unobserved,
)
from service.engine.served import ServedModel

__all__ = [
    "Answer",
    "Engine",
    "EngineSettings",
    "Observer",
    "Provider",
    "QueueState",
    "ServedModel",
    "State",
    "Unobserved",
]

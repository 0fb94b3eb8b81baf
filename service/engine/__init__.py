"""The engine: in-flight batching of recurrent state, admission, deadlines, fairness; and bulk runs for files."""

from models.network.session import State
from service.engine.engine import Engine
from service.engine.interface import Answer, EngineSettings, Observer, QueueState, Unobserved
from service.engine.model import Model

__all__ = ["Answer", "Engine", "EngineSettings", "Model", "Observer", "QueueState", "State", "Unobserved"]

"""What happened inside a network while it read: pure functions over hidden states and weights."""

from models.trace.gradient import Gradient, gradient
from models.trace.ledger import Ledger, TopUnits, deep_ledger, top_units, write_ledger
from models.trace.memory import Memory, memory
from models.trace.recover import LayerTrace, Trace, recover
from models.trace.rejoin import StateHistory, course, has_reconverged, logits_from
from models.trace.running import running_logits
from models.trace.target import Head, Target, default_target, head_of

__all__ = [
    "Gradient",
    "Head",
    "LayerTrace",
    "Ledger",
    "Memory",
    "StateHistory",
    "Target",
    "TopUnits",
    "Trace",
    "course",
    "deep_ledger",
    "default_target",
    "gradient",
    "has_reconverged",
    "head_of",
    "logits_from",
    "memory",
    "recover",
    "running_logits",
    "top_units",
    "write_ledger",
]

"""What happened inside a network while it read: pure functions over hidden states and weights."""

from models.trace.analysis import Analysis
from models.trace.ledger import Ledger
from models.trace.recover import recover
from models.trace.running import running_logits
from models.trace.target import Target, default_target

__all__ = ["Analysis", "Ledger", "Target", "default_target", "recover", "running_logits"]

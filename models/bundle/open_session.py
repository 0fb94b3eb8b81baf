"""From a bundle to what computes its network, which has repeated the bundle's golden answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np

from models.bundle.files import STEP, Bundle, InvalidBundle, replay_golden
from models.network.compiled_session import IMPORT_ERROR, CompiledSession
from models.network.equations import Array, Ids
from models.network.onnx_session import Cuda, OnnxSession
from models.network.session import FRESH, SESSION_ERRORS, Session

Provider = Literal["native", "onnxruntime"] | Cuda
"""What computes: the compiled loops, ONNX Runtime on the CPU, or ONNX Runtime on a GPU."""
BEST_ON_CPU: Provider = "onnxruntime" if IMPORT_ERROR else "native"


def open_session(bundle: Bundle, provider: Provider = BEST_ON_CPU) -> Session:
    """Return what computes a bundle's network. It has repeated the golden answers, and so has ONNX Runtime always.

    Raises `InvalidBundle`.
    """
    manifest, cuda = bundle.manifest, provider if isinstance(provider, Cuda) else None
    with refusing(bundle):
        graph = OnnxSession(bundle.step_graph, manifest.states, manifest.layers, cuda=cuda)
        replay_golden(bundle, lambda ids: _logits_in_two_chunks(graph, ids))
        if provider != "native":
            return graph
        compiled = CompiledSession(bundle.weights)
        replay_golden(bundle, lambda ids: _logits_in_two_chunks(compiled, ids))
        return compiled


@contextmanager
def refusing(bundle: Bundle) -> Iterator[None]:
    """Raise `InvalidBundle` where the network of `bundle` can't be opened or run inside `with`."""
    try:
        yield
    except InvalidBundle:
        raise
    except SESSION_ERRORS as error:
        raise InvalidBundle(bundle.folder / STEP, f"{type(error).__name__} while loading") from error


def _logits_in_two_chunks(session: Session, ids: Ids) -> Array:
    """Return the logits `[C]` of one review; of a single word there is one chunk."""
    half = (len(ids) + 1) // 2
    chunk = session.run([ids[:half]], np.array([FRESH]), session.empty_state, traced=False)
    if half < len(ids):
        chunk = session.run([ids[half:]], np.array([0]), chunk.state, traced=False)
    logits: Array = chunk.logits[0]
    return logits

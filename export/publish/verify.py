"""The gate: a bundle is written into a repository, and served, only where every check here passes.

All implementations of the network must agree: PyTorch, ONNX Runtime, the NumPy equations, and the compiled loops at
every vector width of this machine. In none of them may a review's answer depend on the reviews beside it, on padding,
on where it was cut, or on the row that it stands in.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import numpy_helper

from export.publish.agreement import (
    COMPARED,
    Answers,
    Batches,
    Check,
    compare,
    compare_every_way,
    compare_kept_values,
)
from export.training.dataset import encode
from models.bundle.files import Bundle, InvalidBundle, read, replay_golden
from models.corpus.corpus_file import LEVELS
from models.exits import Exit, Failed
from models.network.compiled_session import IMPORT_ERROR, compiled_sessions
from models.network.equations import Array, Ids, forward
from models.network.onnx_graph import step_graph
from models.network.onnx_session import Cuda, OnnxSession
from models.network.padding import pad
from models.network.session import FRESH, Chunk, Session, run_whole
from models.network.state import over_time

BATCHES = (1, 2, 7, 64)
LENGTHS = (1, 2, 63, 400)

Network = Callable[[Ids, NDArray[np.int32]], Array]
"""The trained network in its own framework: `token_ids [T, B]`, `lengths [B]` to `logits [B, C]`."""


class VerificationFailed(Failed, ValueError):
    """At least one check failed; the message names each."""

    exit_code = Exit.VERIFICATION

    def __init__(self, folder: Path, checks: Sequence[Check]) -> None:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.passed)
        super().__init__(f"{folder}: {failed}")
        self.checks = tuple(checks)


def require(folder: Path, network: Network | None = None) -> list[Check]:
    """Verify the bundle in `folder` and return its checks. Raises `VerificationFailed` or `InvalidBundle`."""
    checks = list(verify(folder, network))
    if not all(check.passed for check in checks):
        raise VerificationFailed(folder, checks)
    return checks


def verify(folder: Path, network: Network | None = None) -> Iterator[Check]:
    """Yield every check of the bundle in `folder`, one after another.

    `network` is the network as trained; without one it is made anew from the bundle's weights. Raises
    `InvalidBundle` where the files themselves are not what the manifest says.
    """
    bundle = read(folder)
    yield Check("files", True, f"{len(bundle.manifest.files)} files match their size and sha256")
    yield _graph_format(bundle)
    yield _same_weights(bundle)
    batches = [_reviews(bundle, batch, length) for batch in BATCHES for length in LENGTHS]
    graph = _session(bundle)
    expected = [run_whole(graph, reviews, traced=True) for reviews in batches]
    yield _torch(network or _network(bundle), batches, expected)
    yield _equations(bundle, batches, expected)
    yield from compare_every_way(graph, batches, expected)
    yield _more_padding(graph, batches, expected)
    yield _unoptimised(bundle, batches, expected)
    yield from _compiled(bundle, batches, expected)
    yield _golden(bundle, graph)
    yield _corpus(bundle, graph)
    if "CUDAExecutionProvider" in ort.get_available_providers():
        yield from compare_every_way(_session(bundle, cuda=Cuda()), batches, expected)


def _session(bundle: Bundle, *, optimised: bool = True, cuda: Cuda | None = None) -> OnnxSession:
    manifest = bundle.manifest
    return OnnxSession(bundle.step_graph, manifest.states, manifest.layers, optimised=optimised, cuda=cuda)


def _network(bundle: Bundle) -> Network:
    from models.network.torch_network import Classifier  # noqa: PLC0415 - a stored bundle is checked without training

    return Classifier.from_weights(bundle.weights).logits


def _reviews(bundle: Bundle, batch: int, longest: int) -> list[Ids]:
    """Return random reviews of 1 to `longest` words, one of them exactly that long; the same for every run."""
    random = np.random.default_rng((batch, longest))
    lengths = random.integers(1, longest + 1, batch)
    lengths[random.integers(batch)] = longest
    return [random.integers(1, bundle.manifest.vocabulary_size, length) for length in lengths]


def _graph_format(bundle: Bundle) -> Check:
    model = onnx.load_from_string(bundle.step_graph)
    faults = []
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if not 17 <= opset <= 21:
        faults.append(f"opset {opset}, expected 17 to 21")
    if model.ir_version > 10:
        faults.append(f"IR version {model.ir_version}, expected at most 10")
    states = bundle.manifest.states
    inputs = ["token_ids", "lengths", "carry", *(state.name for state in states)]
    hidden = [over_time(layer) for layer in range(bundle.manifest.layers)]
    outputs = ["logits", "probabilities", *(state.output for state in states), *hidden]
    if [value.name for value in model.graph.input] != inputs:
        faults.append(f"inputs are not {', '.join(inputs)}")
    if [value.name for value in model.graph.output] != outputs:
        faults.append(f"outputs are not {', '.join(outputs)}")
    return Check("graph format", not faults, "; ".join(faults) or f"opset {opset}, IR version {model.ir_version}")


def _same_weights(bundle: Bundle) -> Check:
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(bundle.step_graph).graph.initializer}
    expected = {t.name: numpy_helper.to_array(t) for t in step_graph(bundle.weights).graph.initializer}
    unlike = [name for name, array in expected.items() if name not in stored or not np.array_equal(stored[name], array)]
    detail = f"{', '.join(unlike)} differ" if unlike else f"{len(expected)} tensors equal those of weights.safetensors"
    return Check("same weights", not unlike, detail)


def _torch(network: Network, batches: Batches, expected: Sequence[Chunk]) -> Check:
    return compare("PyTorch", expected, [Answers(network(*pad(reviews))) for reviews in batches])


def _equations(bundle: Bundle, batches: Batches, expected: Sequence[Chunk]) -> Check:
    """Run the NumPy equations in float64 over the first reviews of each batch, with all hidden states."""
    weights = bundle.weights.astype(np.float64)
    found = []
    with np.errstate(over="ignore", invalid="ignore"):
        for reviews in batches:
            runs = [forward(weights, ids) for ids in reviews[:COMPARED]]
            found.append(
                Answers(np.stack([one.logits for one in runs]), [[r.hidden for r in one.runs] for one in runs])
            )
    return compare("NumPy equations", expected, found)


def _more_padding(graph: OnnxSession, batches: Batches, expected: Sequence[Chunk]) -> Check:
    found = [
        Answers(graph.run_padded(*pad(reviews, extra=37), np.full(len(reviews), FRESH), graph.empty_state).logits)
        for reviews in batches
    ]
    return compare("ONNX Runtime, more padding", expected, found)


def _unoptimised(bundle: Bundle, batches: Batches, expected: Sequence[Chunk]) -> Check:
    graph = _session(bundle, optimised=False)
    found = [Answers(run_whole(graph, reviews).logits) for reviews in batches]
    return compare("ONNX Runtime, without optimisations", expected, found)


def _compiled(bundle: Bundle, batches: Batches, expected: Sequence[Chunk]) -> Iterator[Check]:
    """Check the compiled loops at every vector width, or say in one line why they are not here."""
    if IMPORT_ERROR:
        yield Check("compiled loops", True, f"not compared, and not served here: {IMPORT_ERROR}")
    for session in compiled_sessions(bundle.weights):
        yield from compare_every_way(session, batches, expected)
        yield compare_kept_values(session, bundle.weights, batches)


def _corpus(bundle: Bundle, session: Session) -> Check:
    """Have the first reviews of the corpus read again, and compare hidden states and answers."""
    corpus = bundle.corpus
    if corpus is None or corpus.texts is None:
        return Check("corpus", True, "none here" if corpus is None else "no texts here to be read again")
    largest = 0.0
    for review, text in enumerate(corpus.texts[:COMPARED]):
        ids, kept = encode([text], bundle.vocabulary)[0], corpus.hidden[corpus.words_of(review)]
        if len(ids) != len(kept):
            return Check("corpus", False, f"review {review} has {len(ids)} words, the corpus says {len(kept)}")
        read = run_whole(session, [ids], traced=True).hidden[-1][:, 0]
        largest = max(largest, float(np.abs(read / corpus.scale * LEVELS - kept).max()))
    return Check("corpus", largest < 1, f"hidden states are kept to {largest:.2g} of a level")


def _golden(bundle: Bundle, session: Session) -> Check:
    try:
        largest = replay_golden(bundle, lambda ids: run_whole(session, [ids]).logits[0])
    except InvalidBundle as error:
        return Check("golden vectors", False, error.reason)
    return Check(
        "golden vectors", True, f"{len(bundle.manifest.golden)} answers repeated, differences <= {largest:.1g}"
    )

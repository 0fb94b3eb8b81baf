"""The gate: a bundle is written into a repository, and served, only where every check here passes.

Three implementations of the same equations must agree - PyTorch's, ONNX Runtime's and the NumPy oracle's - and a
review's answer must not depend on its batch-mates, its padding, where it was cut, or the row that it stands in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import numpy_helper

from models.bundle.files import Bundle, InvalidBundle, read, replay_golden
from models.network.equations import Array, Forward, Ids, forward, softmax
from models.network.onnx_graph import step_graph
from models.network.onnx_session import Cuda, OnnxSession
from models.network.padding import pad
from models.network.session import FRESH, Chunk, Session, run_whole
from models.network.state import over_time

LOGIT_TOLERANCE = 1e-4
PROBABILITY_TOLERANCE = 1e-5
HIDDEN_TOLERANCE = 1e-4
BATCHES = (1, 2, 7, 64)
LENGTHS = (1, 2, 63, 400)

Network = Callable[[Ids, NDArray[np.int32]], Array]
"""The trained network in its own framework: `token_ids [T, B]`, `lengths [B]` to `logits [B, C]`."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `detail` says what was found."""

    name: str
    passed: bool
    detail: str


class VerificationFailed(ValueError):
    """At least one check failed; the message names each."""

    def __init__(self, folder: Path, checks: Sequence[Check]) -> None:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.passed)
        super().__init__(f"{folder}: {failed}")
        self.checks = tuple(checks)


def require(folder: Path, network: Network | None = None) -> list[Check]:
    """Verify the bundle in `folder`. Raises `VerificationFailed` or `InvalidBundle`."""
    checks = list(verify(folder, network))
    if not all(check.passed for check in checks):
        raise VerificationFailed(folder, checks)
    return checks


def verify(folder: Path, network: Network | None = None) -> Iterator[Check]:
    """Every check of the bundle in `folder`, one after another.

    `network` is the network as trained; without one it is made anew from the bundle's weights. Raises
    `InvalidBundle` where the files themselves are not what the manifest says.
    """
    bundle = read(folder)
    yield Check("files", True, f"{len(bundle.manifest.files)} files match their size and sha256")
    yield _graph_format(bundle)
    yield _same_weights(bundle)
    session = _session(bundle)
    grid = [_reviews(bundle, batch, length) for batch in BATCHES for length in LENGTHS]
    whole = [run_whole(session, reviews, traced=True) for reviews in grid]
    yield _against_network(network or _network(bundle), grid, whole)
    yield _against_oracle(bundle, grid, whole)
    yield _alone(session, grid, whole)
    yield _more_padding(session, grid, whole)
    yield _split(session, grid, whole)
    yield _moving_rows(session, grid, whole)
    yield _unoptimised(_session(bundle, optimised=False), grid, whole)
    yield _golden(bundle, session)
    if "CUDAExecutionProvider" in ort.get_available_providers():
        yield _on_cuda(bundle, grid, whole)


def _session(bundle: Bundle, *, optimised: bool = True, cuda: Cuda | None = None) -> OnnxSession:
    manifest = bundle.manifest
    return OnnxSession(bundle.step_graph, manifest.states, manifest.layers, optimised=optimised, cuda=cuda)


def _network(bundle: Bundle) -> Network:
    from models.network.torch_network import Classifier  # noqa: PLC0415 - a stored bundle is checked without training

    return Classifier.from_weights(bundle.weights).logits


def _reviews(bundle: Bundle, batch: int, longest: int) -> list[Ids]:
    """Random reviews of 1 to `longest` words, one of them exactly that long; the same for every run."""
    random = np.random.default_rng((batch, longest))
    lengths = random.integers(1, longest + 1, batch)
    lengths[random.integers(batch)] = longest
    return [random.integers(1, bundle.manifest.vocabulary_size, length) for length in lengths]


def _graph_format(bundle: Bundle) -> Check:
    model = onnx.load(str(bundle.step_graph), load_external_data=False)
    faults = []
    if domains := sorted({node.domain for node in model.graph.node} - {"", "ai.onnx"}):
        faults.append(f"operators of {', '.join(domains)}")
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if not 17 <= opset <= 21:
        faults.append(f"opset {opset}, expected 17 to 21")
    if model.ir_version > 10:
        faults.append(f"IR version {model.ir_version}, expected at most 10")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
        faults.append("weights outside the file")
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
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(bundle.step_graph)).graph.initializer}
    expected = {t.name: numpy_helper.to_array(t) for t in step_graph(bundle.weights).graph.initializer}
    unlike = [name for name, array in expected.items() if name not in stored or not np.array_equal(stored[name], array)]
    detail = f"{', '.join(unlike)} differ" if unlike else f"{len(expected)} tensors equal those of weights.safetensors"
    return Check("same weights", not unlike, detail)


def _against_network(network: Network, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    return _compare("PyTorch", whole, [network(*pad(reviews)) for reviews in grid])


def _against_oracle(bundle: Bundle, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    """The float64 oracle over up to seven reviews of each batch: logits, and every hidden state of every layer."""
    weights = bundle.weights.astype(np.float64)
    largest_hidden, compared = 0.0, []
    for reviews, chunk in zip(grid, whole, strict=True):
        answers = [forward(weights, ids) for ids in reviews[:7]]
        compared.append(np.stack([answer.logits for answer in answers]))
        largest_hidden = max(largest_hidden, *(_hidden_error(a, chunk, row) for row, a in enumerate(answers)))
    answer = _compare("NumPy oracle", [_first(chunk, 7) for chunk in whole], compared)
    detail = f"{answer.detail}, hidden {largest_hidden:.1g}"
    return Check(answer.name, answer.passed and largest_hidden <= HIDDEN_TOLERANCE, detail)


def _hidden_error(answer: Forward, chunk: Chunk, row: int) -> float:
    return max(
        float(np.abs(run.hidden - hidden[: len(run.hidden), row]).max())
        for run, hidden in zip(answer.runs, chunk.hidden, strict=True)
    )


def _first(chunk: Chunk, rows: int) -> Chunk:
    return Chunk(chunk.logits[:rows], chunk.probabilities[:rows], (), ())


def _alone(session: Session, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    answers = [np.concatenate([run_whole(session, [ids]).logits for ids in reviews[:7]]) for reviews in grid]
    return _compare("alone = in a batch", [_first(chunk, 7) for chunk in whole], answers)


def _more_padding(session: OnnxSession, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    answers = [
        session.run_padded(*pad(reviews, extra=37), np.full(len(reviews), FRESH), session.empty_state).logits
        for reviews in grid
    ]
    return _compare("more padding", whole, answers)


def _split(session: Session, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    """Each batch again in chunks whose ends are drawn at random for every row, all rows in one place."""
    answers = [in_flight(session, reviews, seed=7, places=len(reviews)) for reviews in grid]
    return _compare("split into chunks", whole, answers)


def _moving_rows(session: Session, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    """Each batch again through few places: rows join, leave and change places by `carry`."""
    answers = [in_flight(session, reviews, seed=11, places=max(1, len(reviews) // 3)) for reviews in grid]
    return _compare("rows join, leave and move", whole, answers)


def in_flight(session: Session, reviews: Sequence[Ids], *, seed: int, places: int) -> Array:
    """The logits `[N, C]` of reviews that share `places` rows, in a random order, in chunks of random lengths."""
    random = np.random.default_rng(seed)
    waiting = random.permutation(len(reviews)).tolist()
    done = [0] * len(reviews)
    logits: dict[int, Array] = {}
    row_of: dict[int, int] = {}
    state = session.empty_state
    while waiting or row_of:
        joining = [waiting.pop() for _ in range(min(places - len(row_of), len(waiting)))]
        members = random.permutation([*row_of, *joining]).tolist()
        carry = np.array([row_of.get(member, -1) for member in members])
        chunks = [_next_part(random, reviews[member], done[member]) for member in members]
        chunk = session.run(chunks, carry, state, traced=False)
        state = chunk.state
        for row, (member, ids) in enumerate(zip(members, chunks, strict=True)):
            done[member] += len(ids)
            logits[member] = chunk.logits[row]
        row_of = {member: row for row, member in enumerate(members) if done[member] < len(reviews[member])}
    return np.stack([logits[member] for member in range(len(reviews))])


def _next_part(random: np.random.Generator, ids: Ids, done: int) -> Ids:
    return ids[done : done + random.integers(1, len(ids) - done + 1)]


def _unoptimised(session: Session, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    return _compare("without optimisations", whole, [run_whole(session, reviews).logits for reviews in grid])


def _on_cuda(bundle: Bundle, grid: Sequence[list[Ids]], whole: Sequence[Chunk]) -> Check:
    session = _session(bundle, cuda=Cuda())
    return _compare(
        "CUDA = CPU", whole, [in_flight(session, reviews, seed=13, places=len(reviews)) for reviews in grid]
    )


def _golden(bundle: Bundle, session: Session) -> Check:
    try:
        largest = replay_golden(bundle, lambda ids: run_whole(session, [ids]).logits[0])
    except InvalidBundle as error:
        return Check("golden vectors", False, error.reason)
    return Check(
        "golden vectors", True, f"{len(bundle.manifest.golden)} answers repeated, differences <= {largest:.1g}"
    )


def _compare(name: str, chunks: Sequence[Chunk], logits: Sequence[Array]) -> Check:
    """Logits within 1e-4 of their size, probabilities within 1e-5."""
    logit = probability = 0.0
    for chunk, other in zip(chunks, logits, strict=True):
        scale = max(1.0, float(np.abs(other).max()))
        logit = max(logit, float(np.abs(chunk.logits - other).max()) / scale)
        probability = max(probability, float(np.abs(chunk.probabilities - softmax(other)).max()))
    passed = logit <= LOGIT_TOLERANCE and probability <= PROBABILITY_TOLERANCE
    return Check(name, passed, f"logits differ by {logit:.1g}, probabilities by {probability:.1g}")

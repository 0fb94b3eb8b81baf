"""all-MiniLM-L6-v2 in int8 ONNX on one thread: frozen under a linear model, and fine-tuned as a teacher is."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn

from export.data.splits import Splits
from export.data.wheels import cache_directory
from export.teaching.encoder import BUILT_IN, encoder_folder
from export.teaching.teacher import MAX_PIECES, Teacher, fine_tuned
from models.network.equations import Array
from tests.studies.frontier.linear_rivals import on_vectors
from tests.studies.frontier.rival import TUNED, Rival

OPSET = 17
TEACHER = "teacher.pt"


def encoder_rivals(splits: Splits, kept: Path, said: Callable[[str], None], *, fine_tune: bool) -> Iterator[Rival]:
    """Yield the frozen one; the fine-tuned one too where `kept` has its weights, or it is to be tuned now."""
    folder = encoder_folder(BUILT_IN, cache_directory())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_PIECES)
    words = (folder / "tokenizer.json").stat().st_size
    frozen = _quantised(_MeanVector(Teacher(folder)), kept / "frozen.onnx")

    def vector(text: str) -> Array:
        found: Array = _run(frozen, tokenizer, text)
        return found / np.linalg.norm(found)

    size = (kept / "frozen.onnx").stat().st_size + words
    yield on_vectors("MiniLM-L6, frozen", "transformer", vector, splits, size)
    if not fine_tune and not (kept / TEACHER).is_file():
        return
    tuned = _quantised(_teacher(splits, folder, kept / TEACHER, said), kept / "tuned.onnx")
    size = (kept / "tuned.onnx").stat().st_size + words
    answer = partial(_positive, tuned, tokenizer)
    yield Rival(TUNED, "transformer", "labels, known sentences", size, answer)


def _positive(session: ort.InferenceSession, tokenizer: Tokenizer, text: str) -> int:
    return int(_run(session, tokenizer, text) > 0)


def _teacher(splits: Splits, folder: Path, file: Path, said: Callable[[str], None]) -> Teacher:
    if not file.is_file():
        torch.save(fine_tuned(splits, folder, 0, said).state_dict(), file)
    teacher = Teacher(folder)
    teacher.load_state_dict(torch.load(file, weights_only=True))
    return teacher


class _MeanVector(nn.Module):
    """The encoder of a teacher, and the mean of its vectors."""

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()
        self.encoder = teacher.encoder

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        vectors = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        mean: Tensor = (vectors * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return mean


def _quantised(network: Teacher | _MeanVector, file: Path) -> ort.InferenceSession:
    """Write a network as ONNX with int8 weights, and return a session of one thread."""
    network.eval().encoder.set_attn_implementation("eager")
    example, whole = torch.ones((2, 9), dtype=torch.long), file.with_suffix(".float.onnx")
    torch.onnx.export(
        network,
        (example, example),
        str(whole),
        dynamo=False,
        input_names=["pieces", "mask"],
        output_names=["found"],
        dynamic_axes={"pieces": {0: "B", 1: "T"}, "mask": {0: "B", 1: "T"}, "found": {0: "B"}},
        opset_version=OPSET,
    )
    quantize_dynamic(str(whole), str(file), weight_type=QuantType.QInt8)
    whole.unlink()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(file), options)


def _run(session: ort.InferenceSession, tokenizer: Tokenizer, text: str) -> Array:
    pieces = np.array([tokenizer.encode(text).ids], np.int64)
    found: Array = session.run(None, {"pieces": pieces, "mask": np.ones_like(pieces)})[0][0]
    return found

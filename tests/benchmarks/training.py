"""Words a second that training reads, beside the usual torch loops, and how long the linear models' tuning takes.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.training [--rounds 3]

Three ways to pass once over the same texts with the same network, optimiser and batch size: this project's trainer
(reviews of like length in a batch; its running average and validation are in its time), batches drawn at random and
padded to their longest, and the same as packed sequences. They take turns; the figures are medians, by processor time.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from export.data.sources import load
from export.data.splits import split
from export.teaching.lessons import lessons_of
from export.training.baselines import linear, nb_svm
from export.training.config import TrainingSettings
from export.training.dataset import Dataset, prepare
from export.training.train import CLIP, train
from models.network.equations import BUILT_IN, Cell, Ids
from models.network.padding import pad
from models.network.torch_network import Classifier, Shape

SETS = ("critics", "critics-long")
WIDTH = 128


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.training")
    parser.add_argument("--rounds", type=int, default=3, help="the medians are over these")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| reviews | cell | trainer | padded | packed | trainer / padded | trainer / packed |")
    for name in SETS:
        dataset = _dataset(name)
        for cell in BUILT_IN:
            print(_line(name, cell, dataset, given.rounds), flush=True)
        for fit in (linear, nb_svm):
            print(f"{name}: {fit.__name__} tuned in {_seconds(partial(fit, dataset)):.1f} s", flush=True)


def _dataset(name: str) -> Dataset:
    """Return the reviews alone, with their labels: nothing that a teacher said, no made sentences."""
    splits = split(load(name), 0)
    return prepare(splits, lessons_of(splits.train, splits.labels, None)[:1], vocabulary_size=20_000, min_count=2)


def _line(name: str, cell: Cell, dataset: Dataset, rounds: int) -> str:
    words = sum(map(len, dataset.lesson_ids))
    ways: dict[str, Callable[[], object]] = {
        "trainer": lambda: _trainer(cell, dataset),
        "padded": lambda: _usual(cell, dataset, packed=False),
        "packed": lambda: _usual(cell, dataset, packed=True),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            taken[way].append(_seconds(run))
    rates = {way: words / statistics.median(seconds) for way, seconds in taken.items()}
    shown = [f"{rate:,.0f}" for rate in rates.values()]
    ratios = [f"{rates['trainer'] / rates[way]:.1f}" for way in ("padded", "packed")]
    return f"| {name}, {words:,} words | {cell} | {' | '.join([*shown, *ratios])} |"


def _seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


def _trainer(cell: Cell, dataset: Dataset) -> None:
    vectors = np.zeros((len(dataset.vocabulary), WIDTH), np.float32)
    train(dataset, vectors, TrainingSettings(cell, epochs=1))


class _Packed(Classifier):
    """The same network, over packed sequences."""

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits of padded reviews, as `Classifier` gives them."""
        packed = pack_padded_sequence(self.embedding(token_ids), lengths, enforce_sorted=False)
        _, last = self.rnn(packed)
        logits: Tensor = self.head(last[0][-1] if isinstance(last, tuple) else last[-1])
        return logits


def _usual(cell: Cell, dataset: Dataset, *, packed: bool) -> None:
    """Pass once over the texts, in batches as they are drawn."""
    settings = TrainingSettings(cell)
    kind = _Packed if packed else Classifier
    network = kind(Shape(cell, "last", len(dataset.vocabulary), WIDTH, WIDTH, 1, len(dataset.labels))).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, fused=True)
    targets = torch.from_numpy(dataset.lesson_targets.astype(np.float32))
    texts = [ids[: settings.max_words] for ids in dataset.lesson_ids]
    for rows in _drawn(len(texts), settings.batch_size):
        token_ids, lengths = pad([texts[row] for row in rows])
        found = network(torch.from_numpy(token_ids), torch.from_numpy(lengths).long())
        loss = nn.functional.cross_entropy(found, targets[rows])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimiser.step()


def _drawn(texts: int, size: int) -> Iterator[Sequence[int]]:
    order: Ids = np.random.default_rng(0).permutation(texts)
    yield from (order[start : start + size].tolist() for start in range(0, texts, size))


if __name__ == "__main__":
    main()

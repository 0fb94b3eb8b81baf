"""A transformer that learns from the training reviews and then judges other texts: needs the extra `[teacher]`."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from export.data.reviews import positive_label
from export.data.splits import Splits
from export.teaching.lessons import Lesson, known_lesson, labelled_reviews, made_of
from export.teaching.opinions import Opinions
from models.reviews.errors import DataError

MAX_PIECES = 64
BATCH = 32
POOL = 32
EPOCHS = 2
ENCODER_RATE, HEAD_RATE = 5e-5, 1e-3
WARM_UP = 0.1
WEIGHT_DECAY = 0.01
CLIP = 1.0
KNOWN_SENTENCES = 6_000

Ids = Sequence[list[int]]


def ask_teacher(
    splits: Splits, encoder: Path, seed: int, said: Callable[[str], None], also: Sequence[str] = ()
) -> Opinions:
    """Return what the encoder in the folder `encoder` thinks of the training reviews, of texts made from them, and of
    the texts `also` asked about.

    Raises `DataError` where there are not two labels.
    """
    teacher = fine_tuned(splits, encoder, seed, said)
    texts = [*splits.train.texts, *made_of(splits.train), *also]
    said(f"judge {len(texts):,} texts")
    return Opinions.of(texts, teacher.judge(texts), teacher=encoder.name, training=splits.train.fingerprint)


def fine_tuned(splits: Splits, encoder: Path, seed: int, said: Callable[[str], None]) -> "Teacher":
    """Return a teacher that has learnt from the training reviews and known sentences, not from validation or test.

    Raises `DataError` where there are not two labels.
    """
    if len(splits.labels) != 2:
        raise DataError(f"a teacher judges two labels; these reviews have {', '.join(splits.labels)}")
    torch.manual_seed(seed)
    teacher = Teacher(encoder)
    teacher.learn(_lessons(splits, seed), seed, said)
    return teacher


def _lessons(splits: Splits, seed: int) -> list[Lesson]:
    """Return the training reviews with their labels, and where these are praise and blame some known sentences."""
    reviews, positive = labelled_reviews(splits.train, splits.labels), positive_label(splits.labels)
    return [reviews] if positive is None else [reviews, known_lesson(positive, KNOWN_SENTENCES, seed + 1)]


class Teacher(nn.Module):
    """An encoder in Hugging Face format, the mean of its vectors over a text, and one logit for the second label.

    The vectors of word pieces stay as they are.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        self.encoder.get_input_embeddings().requires_grad_(False)
        self.head = nn.Linear(self.encoder.config.hidden_size, 1)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Return the logits `[B]` of padded pieces of words: `pieces`, `mask` int64 `[B, T]`."""
        vectors = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        mean = (vectors * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        logits: Tensor = self.head(mean).squeeze(-1)
        return logits

    def learn(self, lessons: Sequence[Lesson], seed: int, said: Callable[[str], None]) -> None:
        """Fine-tune on `lessons` of two labels; `said` is told of the progress now and then."""
        torch.manual_seed(seed)
        draw = np.random.default_rng(seed)
        ids = self._pieces([text for lesson in lessons for text in lesson.texts])
        targets = torch.from_numpy(np.concatenate([lesson.targets[:, 1] for lesson in lessons]).astype(np.float32))
        steps = EPOCHS * -(-len(ids) // BATCH)
        optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in self.encoder.parameters() if p.requires_grad], "lr": ENCODER_RATE},
                {"params": self.head.parameters(), "lr": HEAD_RATE},
            ],
            weight_decay=WEIGHT_DECAY,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step / steps))
        self.train()
        losses: list[float] = []
        for rows in chain.from_iterable(_shuffled(ids, draw) for _ in range(EPOCHS)):
            found = self(*self._padded([ids[row] for row in rows]))
            loss = nn.functional.binary_cross_entropy_with_logits(found, targets[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.parameters(), CLIP)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if len(losses) % 50 == 0:
                said(f"{len(losses)} of {steps} steps, loss {np.mean(losses[-50:]):.3f}")

    @torch.inference_mode()
    def judge(self, texts: Sequence[str], batch: int = 128) -> NDArray[np.float32]:
        """Return the probability of the second label for each text, `[N]`."""
        self.eval()
        ids = self._pieces(texts)
        order = np.argsort([len(one) for one in ids], kind="stable")
        found = np.empty(len(ids), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            found[rows] = torch.sigmoid(self(*self._padded([ids[row] for row in rows]))).numpy()
        return found

    def _pieces(self, texts: Sequence[str]) -> Ids:
        encoded: Ids = self.tokenizer(list(texts), truncation=True, max_length=MAX_PIECES)["input_ids"]
        return encoded

    def _padded(self, ids: Ids) -> tuple[Tensor, Tensor]:
        longest = max(map(len, ids))
        pieces = torch.tensor([one + [self.tokenizer.pad_token_id] * (longest - len(one)) for one in ids])
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in ids])
        return pieces, mask


def _rate(share: float) -> float:
    """Return the learning rate as a part of its peak: a straight rise, then a straight fall to nothing."""
    return share / WARM_UP if share < WARM_UP else (1 - share) / (1 - WARM_UP)


def _shuffled(ids: Ids, draw: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield all rows once in batches; within a batch the lengths are alike."""
    order = draw.permutation(len(ids))
    lengths = np.array([len(one) for one in ids])
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), BATCH * POOL):
        pool = order[start : start + BATCH * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
    for number in draw.permutation(len(batches)):
        yield batches[number]

import random

import numpy as np

from export.training.dataset import encode, folded_words
from export.training.vectors import word_vectors
from models.text.words import PAD, UNK, Vocabulary


def _texts() -> list[str]:
    """Pets and colours are words that stand in like places; which of them is chance."""
    draw = random.Random(0)
    pets, colours = ["cat", "dog", "hamster"], ["red", "green", "blue"]
    return [f"my {draw.choice(pets)} sleeps while the {draw.choice(colours)} paint dries" for _ in range(600)]


def _learn(
    texts: list[str], *, size: int = 50, min_count: int = 2, width: int = 6, seed: int = 0
) -> tuple[Vocabulary, np.ndarray]:
    words = [word for text in texts for word in folded_words(text)]
    vocabulary = Vocabulary.build(words, min_count=min_count, size=size)
    return vocabulary, word_vectors(encode(texts, vocabulary), len(vocabulary), width=width, seed=seed)


def test_words_that_stand_in_like_places_have_like_vectors() -> None:
    vocabulary, vectors = _learn(_texts(), size=100)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    at = vocabulary.words.index
    assert unit[at("cat")] @ unit[at("dog")] > unit[at("cat")] @ unit[at("red")] + 0.3
    assert unit[at("green")] @ unit[at("blue")] > unit[at("green")] @ unit[at("hamster")] + 0.3


def test_the_shape_and_the_special_words() -> None:
    _, vectors = _learn(_texts(), size=5, width=16)
    assert vectors.shape == (7, 16)
    assert vectors.dtype == np.float32
    assert (vectors[PAD] == 0).all()
    np.testing.assert_allclose(vectors[UNK], vectors[2:].mean(0), atol=1e-6)


def test_the_same_seed_gives_the_same_vectors() -> None:
    first, again = (_learn(_texts(), seed=1)[1] for _ in range(2))
    assert np.array_equal(first, again)


def test_texts_with_few_words_or_none_are_enough() -> None:
    for texts in (["a"], ["", "a b"], ["x y z"] * 3):
        _, vectors = _learn(texts, min_count=1, width=4)
        assert np.isfinite(vectors).all()

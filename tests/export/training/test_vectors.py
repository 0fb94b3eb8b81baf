import random

import numpy as np

from export.training.vectors import learn_words
from models.text.words import PAD, UNK


def _texts() -> list[str]:
    """Pets and colours are words that stand in like places; which of them is chance."""
    draw = random.Random(0)
    pets, colours = ["cat", "dog", "hamster"], ["red", "green", "blue"]
    return [f"my {draw.choice(pets)} sleeps while the {draw.choice(colours)} paint dries" for _ in range(600)]


def test_words_that_stand_in_like_places_have_like_vectors() -> None:
    lexicon = learn_words(_texts(), size=100, min_count=2, width=6, seed=0)
    unit = lexicon.vectors / np.linalg.norm(lexicon.vectors, axis=1, keepdims=True).clip(1e-9)
    at = lexicon.vocabulary.words.index
    assert unit[at("cat")] @ unit[at("dog")] > unit[at("cat")] @ unit[at("red")] + 0.3
    assert unit[at("green")] @ unit[at("blue")] > unit[at("green")] @ unit[at("hamster")] + 0.3


def test_the_shape_and_the_special_words() -> None:
    lexicon = learn_words(_texts(), size=5, min_count=2, width=16, seed=0)
    assert lexicon.vectors.shape == (7, 16)
    assert lexicon.vectors.dtype == np.float32
    assert (lexicon.vectors[PAD] == 0).all()
    np.testing.assert_allclose(lexicon.vectors[UNK], lexicon.vectors[2:].mean(0), atol=1e-6)


def test_the_same_seed_gives_the_same_vectors() -> None:
    first, again = (learn_words(_texts(), size=50, min_count=2, width=6, seed=1) for _ in range(2))
    assert np.array_equal(first.vectors, again.vectors)


def test_texts_with_few_words_or_none_are_enough() -> None:
    for texts in (["a"], ["", "a b"], ["x y z"] * 3):
        vectors = learn_words(texts, size=50, min_count=1, width=4, seed=0).vectors
        assert np.isfinite(vectors).all()

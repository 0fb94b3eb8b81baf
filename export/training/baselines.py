"""What a classifier has to beat: the commonest label, a linear model on n-grams, and NB-SVM; both tuned on validation.

NB-SVM is Wang and Manning's (2012), with the logistic loss in place of the hinge, as in Mesnil et al. (2015): n-gram
features scaled by their naive Bayes log-count ratio.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from export.data.splits import Part, Splits
from models.network.equations import Array
from models.text.words import typed

MIN_COUNTS = (1, 2)
PENALTIES = (4.0, 8.0, 16.0, 32.0)
OPINION_FOLDS, OPINION_NGRAMS, OPINION_PENALTY = 5, 40_000, 8.0
NB_PENALTIES = (0.3, 1.0, 3.0, 10.0)
NB_SMOOTHINGS = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A rival: its `probabilities [N, C]` on the test reviews, and the settings that did best on validation.

    `predict` gives the probabilities `[N, C]` of any texts; `parameters` is how many numbers it has learnt.
    """

    name: str
    probabilities: Array
    chosen: Mapping[str, float]
    parameters: int
    predict: Callable[[Sequence[str]], Array]


def majority(splits: Splits) -> Baseline:
    """Every review has the training reviews' shares of labels."""
    shares = np.bincount(splits.train.targets, minlength=len(splits.labels)) / len(splits.train)

    def predict(texts: Sequence[str]) -> Array:
        return np.tile(shares, (len(texts), 1))

    return Baseline("majority", predict(splits.test.texts), {}, len(shares), predict)


def linear(splits: Splits) -> Baseline:
    """Logistic regression on the tf-idf of words and pairs of words."""
    return _best("linear", splits, _linear_models(splits))


def nb_svm(splits: Splits) -> Baseline:
    """One classifier a label on n-grams weighted by that label's log-count ratio."""
    return _best("nb-svm", splits, _nb_models(splits))


@lru_cache(maxsize=1)
def opinions(part: Part, classes: int) -> Array:
    """What a linear model that has not read a review's group thinks of the review: probabilities `[N, C]`.

    The last answer is kept, since every cell asks the same.
    Where a label stands in so few groups that leaving some out leaves the label out, these are the labels themselves.
    """
    found = np.eye(classes)[part.targets]
    count = min(OPINION_FOLDS, len(set(part.groups)))
    parted = list(GroupKFold(count).split(part.texts, groups=part.groups)) if count > 1 else []
    if not parted or any(len(np.unique(part.targets[read])) < classes for read, _ in parted):
        return found
    features = TfidfVectorizer(analyzer=_ngrams, max_features=OPINION_NGRAMS, sublinear_tf=True)
    rows = features.fit_transform(part.texts)
    for read, held in parted:
        model = LogisticRegression(C=OPINION_PENALTY, max_iter=300).fit(rows[read], part.targets[read])
        found[held] = model.predict_proba(rows[held])
    return found


@dataclass(frozen=True, slots=True)
class _Candidate:
    chosen: Mapping[str, float]
    validation: Array
    test: Array
    parameters: int
    predict: Callable[[Sequence[str]], Array]


def _best(name: str, splits: Splits, candidates: Iterator[_Candidate]) -> Baseline:
    labels = np.arange(len(splits.labels))
    best = min(candidates, key=lambda c: log_loss(splits.validation.targets, c.validation, labels=labels))
    return Baseline(name, best.test, best.chosen, best.parameters, best.predict)


def _linear_models(splits: Splits) -> Iterator[_Candidate]:
    for min_count in MIN_COUNTS:
        features = TfidfVectorizer(analyzer=_ngrams, min_df=min_count, sublinear_tf=True)
        train, validation, test = _features(features, splits)
        for penalty in PENALTIES:
            model = LogisticRegression(C=penalty, max_iter=1000).fit(train, splits.train.targets)
            chosen = {"min_count": min_count, "C": penalty}
            yield _Candidate(
                chosen,
                model.predict_proba(validation),
                model.predict_proba(test),
                model.coef_.size + model.intercept_.size,
                partial(_predict_linear, features, model),
            )


_NbModels = list[tuple[sparse.dia_array, LogisticRegression]]


def _predict_linear(features: TfidfVectorizer, model: LogisticRegression, texts: Sequence[str]) -> Array:
    found: Array = model.predict_proba(features.transform(texts))
    return found


def _nb_models(splits: Splits) -> Iterator[_Candidate]:
    features = CountVectorizer(analyzer=_ngrams, binary=True, dtype=np.float64)
    train, validation, test = _features(features, splits)
    classes = len(splits.labels)
    for smoothing, penalty in product(NB_SMOOTHINGS, NB_PENALTIES):
        models = []
        for label in range(1 if classes == 2 else 0, classes):
            is_label = splits.train.targets == label
            ratio = _log_count_ratio(train, is_label, smoothing)
            model = LogisticRegression(C=penalty, max_iter=1000).fit(train @ ratio, is_label)
            models.append((ratio, model))

        yield _Candidate(
            {"smoothing": smoothing, "C": penalty},
            _score_nb(models, validation),
            _score_nb(models, test),
            len(models) * (2 * train.shape[1] + 1),
            partial(_predict_nb, features, models),
        )


def _predict_nb(features: CountVectorizer, models: _NbModels, texts: Sequence[str]) -> Array:
    return _score_nb(models, features.transform(texts))


def _score_nb(models: _NbModels, counts: sparse.csr_matrix) -> Array:
    return _shares([model.predict_proba(counts @ ratio)[:, 1] for ratio, model in models])


def _log_count_ratio(counts: sparse.csr_matrix, is_label: NDArray[np.bool_], smoothing: float) -> sparse.dia_array:
    inside = smoothing + np.asarray(counts[is_label].sum(0)).ravel()
    outside = smoothing + np.asarray(counts[~is_label].sum(0)).ravel()
    return sparse.diags_array(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))


def _shares(scores: list[Array]) -> Array:
    """Probabilities `[N, C]` from one score a label, or from that of the second of two labels."""
    columns = np.stack([1.0 - scores[0], scores[0]] if len(scores) == 1 else scores, axis=1)
    shares: Array = columns / columns.sum(1, keepdims=True)
    return shares


def _features(
    features: CountVectorizer, splits: Splits
) -> tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix]:
    train = features.fit_transform(splits.train.texts)
    return train, features.transform(splits.validation.texts), features.transform(splits.test.texts)


def _ngrams(text: str) -> list[str]:
    """The words of `text` and the pairs of words that stand side by side."""
    words = [word.lower() for word in typed(text)]
    return words + [f"{first} {second}" for first, second in pairwise(words)]

"""What a network has to beat: the commonest label, a linear model on n-grams, and NB-SVM; both tuned on validation.

NB-SVM is Wang and Manning's (2012), with the logistic loss in place of the hinge, as in Mesnil et al. (2015): n-gram
features scaled by their naive Bayes log-count ratio.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from export.training.dataset import Dataset, Words, folded_words
from models.network.equations import Array

MIN_COUNTS = (1, 2)
PENALTIES = (4.0, 8.0, 16.0, 32.0)
NB_PENALTIES = (0.3, 1.0, 3.0, 10.0)
NB_SMOOTHINGS = (1.0, 2.0)

Predict = Callable[[Sequence[Words]], Array]
NbModel = tuple[sparse.dia_array, LogisticRegression]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A fitted classifier: its probabilities `[N, C]` on `validation` and `test`, and how it was `tuned`.

    `parameters` is how many numbers it has learnt; `probabilities_of` answers for texts that were cut into words.
    """

    name: str
    tuned: Mapping[str, float]
    parameters: int
    validation: Array
    test: Array
    probabilities_of: Predict

    def predict(self, texts: Sequence[str]) -> Array:
        """Return the probabilities `[N, C]` of any texts."""
        return self.probabilities_of([folded_words(text) for text in texts])


def majority(dataset: Dataset) -> Baseline:
    """Answer every review with the training reviews' shares of labels."""
    shares = np.bincount(dataset.train.targets, minlength=len(dataset.labels)) / len(dataset.train)

    def predict(texts: Sequence[Words]) -> Array:
        return np.tile(shares, (len(texts), 1))

    validation, test = predict(dataset.validation.words), predict(dataset.test.words)
    return Baseline("majority", {}, len(shares), validation, test, predict)


def linear(dataset: Dataset) -> Baseline:
    """Fit logistic regression on the tf-idf of words and pairs of words."""
    return _best_on_validation(_linear_models(dataset), dataset)


def nb_svm(dataset: Dataset) -> Baseline:
    """Fit one classifier a label on n-grams weighted by that label's log-count ratio."""
    return _best_on_validation(_nb_models(dataset), dataset)


def ngrams(words: Words) -> list[str]:
    """Return `words` and the pairs of words that stand side by side."""
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def fit_nb(
    counts: sparse.csr_matrix, is_label: NDArray[np.bool_], weights: Array, smoothing: float, penalty: float
) -> NbModel:
    """Return naive Bayes log-count ratios of n-grams, and logistic regression on `counts [N, F]` scaled by them."""
    ratio = _log_count_ratio(counts, is_label, smoothing)
    return ratio, LogisticRegression(C=penalty, max_iter=1000).fit(counts @ ratio, is_label, weights)


def _best_on_validation(fitted: Iterator[Baseline], dataset: Dataset) -> Baseline:
    labels = np.arange(len(dataset.labels))
    weights = dataset.label_weights[dataset.validation.targets]

    def loss(one: Baseline) -> float:
        return float(log_loss(dataset.validation.targets, one.validation, labels=labels, sample_weight=weights))

    return min(fitted, key=loss)


def _linear_models(dataset: Dataset) -> Iterator[Baseline]:
    weights = dataset.label_weights[dataset.train.targets]
    for min_count in MIN_COUNTS:
        features = TfidfVectorizer(analyzer=ngrams, min_df=min_count, sublinear_tf=True)
        train, validation, test = _features(features, dataset)
        for penalty in PENALTIES:
            model = LogisticRegression(C=penalty, max_iter=1000).fit(train, dataset.train.targets, weights)
            yield Baseline(
                "linear",
                {"min_count": min_count, "C": penalty},
                model.coef_.size + model.intercept_.size,
                model.predict_proba(validation),
                model.predict_proba(test),
                partial(_predict_linear, features, model),
            )


def _predict_linear(features: TfidfVectorizer, model: LogisticRegression, texts: Sequence[Words]) -> Array:
    found: Array = model.predict_proba(features.transform(texts))
    return found


def _nb_models(dataset: Dataset) -> Iterator[Baseline]:
    features = CountVectorizer(analyzer=ngrams, binary=True, dtype=np.float64)
    train, validation, test = _features(features, dataset)
    classes, weights = len(dataset.labels), dataset.label_weights[dataset.train.targets]
    for smoothing, penalty in product(NB_SMOOTHINGS, NB_PENALTIES):
        models = []
        for label in range(1 if classes == 2 else 0, classes):
            is_label = dataset.train.targets == label
            models.append(fit_nb(train, is_label, weights, smoothing, penalty))
        yield Baseline(
            "nb-svm",
            {"smoothing": smoothing, "C": penalty},
            len(models) * (2 * train.shape[1] + 1),
            _score_nb(models, validation),
            _score_nb(models, test),
            partial(_predict_nb, features, models),
        )


def _predict_nb(features: CountVectorizer, models: list[NbModel], texts: Sequence[Words]) -> Array:
    return _score_nb(models, features.transform(texts))


def _score_nb(models: list[NbModel], counts: sparse.csr_matrix) -> Array:
    return _shares([model.predict_proba(counts @ ratio)[:, 1] for ratio, model in models])


def _log_count_ratio(counts: sparse.csr_matrix, is_label: NDArray[np.bool_], smoothing: float) -> sparse.dia_array:
    inside = smoothing + np.asarray(counts[is_label].sum(0)).ravel()
    outside = smoothing + np.asarray(counts[~is_label].sum(0)).ravel()
    return sparse.diags_array(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))


def _shares(scores: list[Array]) -> Array:
    """Return probabilities `[N, C]` from one score a label, or from that of the second of two labels."""
    columns = np.stack([1.0 - scores[0], scores[0]] if len(scores) == 1 else scores, axis=1)
    shares: Array = columns / columns.sum(1, keepdims=True)
    return shares


def _features(
    features: CountVectorizer, dataset: Dataset
) -> tuple[sparse.csr_matrix, sparse.csr_matrix, sparse.csr_matrix]:
    train = features.fit_transform(dataset.train.words)
    return train, features.transform(dataset.validation.words), features.transform(dataset.test.words)

"""The teacher: what a linear model that has not read a review thinks of it, as a target beside the label."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from export.training.baselines import ngrams
from export.training.dataset import Examples
from models.network.equations import Array

FOLDS, NGRAMS, PENALTY = 5, 40_000, 8.0


def cross_fitted_teacher(examples: Examples, classes: int) -> Array:
    """Return the probabilities `[N, C]` of linear models, each review judged by one that has not read its group.

    Where a label stands in so few groups that leaving some out leaves the label out, these are the labels themselves.
    """
    found = np.eye(classes)[examples.targets]
    count = min(FOLDS, len(set(examples.groups)))
    folds = list(GroupKFold(count).split(examples.words, groups=examples.groups)) if count > 1 else []
    if not folds or any(len(np.unique(examples.targets[read])) < classes for read, _ in folds):
        return found
    features = TfidfVectorizer(analyzer=ngrams, max_features=NGRAMS, sublinear_tf=True)
    rows = features.fit_transform(examples.words)
    for read, held in folds:
        model = LogisticRegression(C=PENALTY, max_iter=300).fit(rows[read], examples.targets[read])
        found[held] = model.predict_proba(rows[held])
    return found

"""Trains the topic model and says honestly how good it is. Needs scikit-learn, which only this module imports.

A linear support vector machine, one against all, on TF-IDF of words, pairs and pieces of words, all languages pooled
(channels.md 5.2). Its margins become probabilities by one scale, and the threshold is the least that gives
`PRECISION_WANTED`, both chosen on predictions for texts that the model did not see (stratified folds). Equal texts
count once, or a fold would see its own answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.intake.need.grams import piece_terms, plain_words, word_terms
from services.intake.need.trained import UNKNOWN, TrainedTopics

LABELS_MIN = 200
TOPIC_LABELS_MIN = 10
"""A rarer topic is left out."""
TOPICS_MIN = 2
FOLDS = 5
TERM_TEXTS_MIN = 3
"""A term of fewer texts may be somebody's name, and teaches nothing."""
PRECISION_WANTED = 0.95
THRESHOLD_MIN = 0.5
"""What is likelier wrong than right is never told, however good the rest is: most of it fits no topic."""
THRESHOLD_MAX = 0.999_999
"""Above it stands only 1.0, for a model that never answers."""
SURE_Z = 2.326
"""Normal quantile of one-sided 99 %."""
REGULARISATION = 0.7
SCALES = tuple(float(one) for one in np.geomspace(0.5, 16.0, 60))
SEED = 20_260_403


class TooFewLabels(Exception):
    """There is not enough to learn from; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text and its true topic, as an agent recorded it."""

    text: str
    topic_id: str
    language: str = ""


@dataclass(slots=True)
class Figures:
    """What cross validation found; shares in [0, 1]."""

    texts: int = 0
    topics: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    accuracy: float = 0.0
    majority: float = 0.0
    threshold: float = 1.0
    coverage: float = 0.0
    precision: float = 0.0
    by_topic: dict[str, tuple[int, float, float, float]] = field(default_factory=dict)
    """Texts, share right, share answered, share right of the answered."""
    by_language: dict[str, tuple[int, float, float, float]] = field(default_factory=dict)
    rules: tuple[float, float] | None = None
    """Share answered by the rules and share right of those; None where the topics are not theirs."""


def usable(labels: Sequence[Label]) -> tuple[list[Label], dict[str, int]]:
    """Distinct texts of topics that occur often enough, and the topics that were left out; raises TooFewLabels."""
    distinct = {" ".join(plain_words(label.text)): label for label in labels}
    distinct.pop("", None)
    counts = Counter(label.topic_id for label in distinct.values())
    rare = {topic: count for topic, count in sorted(counts.items()) if count < TOPIC_LABELS_MIN}
    kept = [label for label in distinct.values() if label.topic_id not in rare]
    topics = {label.topic_id for label in kept} - UNKNOWN
    if len(kept) < LABELS_MIN or len(topics) < TOPICS_MIN:
        raise TooFewLabels(
            f"{len(distinct)} distinct labelled texts, {len(kept)} of them in the {len(topics)} topics that have at "
            f"least {TOPIC_LABELS_MIN}; at least {LABELS_MIN} texts and {TOPICS_MIN} topics are needed. "
            "The rules stay in force."
        )
    return kept, rare


def train(labels: Sequence[Label], progress: Callable[[str], None]) -> tuple[TrainedTopics, Figures]:
    """The model and its cross-validated figures; raises TooFewLabels."""
    kept, rare = usable(labels)
    words = [plain_words(label.text) for label in kept]
    topics = sorted({label.topic_id for label in kept})
    truth = np.array([topics.index(label.topic_id) for label in kept])
    progress(f"{len(kept)} texts, {len(topics)} topics")
    margins = _unseen_margins(words, truth, len(topics), progress)
    scale = _scale(margins, truth)
    chances = _softmax(margins, scale)
    threshold = _threshold(chances, truth, topics)
    progress("training on all texts")
    model = _fit(words, truth, topics, scale, threshold)
    return model, _figures(kept, topics, truth, chances, threshold, rare)


def vectorizers() -> Any:
    """The two blocks of terms, as scikit-learn makes them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    shared = {"min_df": TERM_TEXTS_MIN, "sublinear_tf": True, "norm": "l2", "dtype": np.float64}
    return make_union(
        TfidfVectorizer(analyzer=word_terms, **shared), TfidfVectorizer(analyzer=piece_terms, **shared)
    )


def classifier() -> Any:
    """The linear model."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=REGULARISATION, random_state=SEED)


def _fit(
    words: Sequence[list[str]], truth: NDArray[np.intp], topics: Sequence[str], scale: float, threshold: float
) -> TrainedTopics:
    union, machine = vectorizers(), classifier()
    machine.fit(union.fit_transform(words), truth)
    blocks = [block for _, block in union.transformer_list]
    names = [block.get_feature_names_out().tolist() for block in blocks]
    weights, intercepts = machine.coef_, machine.intercept_
    if len(topics) == 2:  # one machine tells two topics apart
        weights, intercepts = (
            np.vstack([-weights, weights]) / 2,
            np.concatenate([-intercepts, intercepts]) / 2,
        )
    return TrainedTopics(
        topics=tuple(topics),
        words={term: place for place, term in enumerate(names[0])},
        pieces={term: place for place, term in enumerate(names[1], start=len(names[0]))},
        idf=np.concatenate([block.idf_ for block in blocks]).astype(np.float32),
        weights=np.ascontiguousarray(weights.T, dtype=np.float32),
        intercepts=intercepts.astype(np.float32),
        scale=scale,
        threshold=threshold,
    )


def _unseen_margins(
    words: Sequence[list[str]], truth: NDArray[np.intp], topics: int, progress: Callable[[str], None]
) -> NDArray[np.float64]:
    """Margins of each text by a model that did not see it; the vocabulary, too, is of the other folds."""
    from sklearn.model_selection import StratifiedKFold

    margins = np.zeros((len(words), topics))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for number, (seen, unseen) in enumerate(folds.split(words, truth), start=1):
        progress(f"fold {number} of {FOLDS}")
        union, machine = vectorizers(), classifier()
        machine.fit(union.fit_transform([words[one] for one in seen]), truth[seen])
        found = machine.decision_function(union.transform([words[one] for one in unseen]))
        margins[unseen] = np.column_stack([-found, found]) / 2 if found.ndim == 1 else found
    return margins


def _softmax(margins: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    scores = np.exp(scale * (margins - margins.max(axis=1, keepdims=True)))
    result: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
    return result


def _scale(margins: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """The scale by which the true topics are likeliest."""
    rows = np.arange(len(truth))
    losses = [-np.log(_softmax(margins, one)[rows, truth] + 1e-12).mean() for one in SCALES]
    return SCALES[int(np.argmin(losses))]


def _threshold(chances: NDArray[np.float64], truth: NDArray[np.intp], topics: Sequence[str]) -> float:
    """The least threshold from which on surely `PRECISION_WANTED` of the answers are right; 1 without one.

    Surely: the lower bound of Wilson's interval, for a bare 95 % on these texts is often 94 % on the next.
    """
    first = chances.argmax(axis=1)
    told = np.array([topics[one] not in UNKNOWN for one in first])
    top, right = chances.max(axis=1)[told], (first == truth)[told]
    order = np.argsort(-top, kind="stable")
    count = np.arange(1, len(order) + 1)
    good = np.flatnonzero(_surely(np.cumsum(right[order]), count) >= PRECISION_WANTED)
    if not len(good):
        return 1.0
    least = math.floor(float(top[order][good[-1]]) * 1e6) / 1e6  # rounded up, it would silence a sure model
    return min(max(THRESHOLD_MIN, least), THRESHOLD_MAX)


def _surely(right: NDArray[np.int_], count: NDArray[np.int_]) -> NDArray[np.float64]:
    """Lower bound of the share right, one-sided (Wilson 1927)."""
    share, z2 = right / count, SURE_Z**2
    middle = share + z2 / (2 * count)
    spread = SURE_Z * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    result: NDArray[np.float64] = (middle - spread) / (1 + z2 / count)
    return result


def _figures(
    labels: Sequence[Label],
    topics: Sequence[str],
    truth: NDArray[np.intp],
    chances: NDArray[np.float64],
    threshold: float,
    rare: dict[str, int],
) -> Figures:
    first = chances.argmax(axis=1)
    right = first == truth
    known = np.array([topic not in UNKNOWN for topic in topics])
    answered = (chances.max(axis=1) >= threshold) & known[first]

    def part(mask: NDArray[np.bool_]) -> tuple[int, float, float, float]:
        both = mask & answered
        precision = float(right[both].mean()) if both.any() else 0.0
        return int(mask.sum()), float(right[mask].mean()), float(answered[mask].mean()), precision

    everything = np.ones(len(truth), dtype=bool)
    languages = np.array([label.language for label in labels])
    texts, accuracy, coverage, precision = part(everything)
    return Figures(
        texts=texts,
        topics=len(topics),
        left_out=rare,
        accuracy=accuracy,
        majority=float(np.bincount(truth).max() / len(truth)),
        threshold=threshold,
        coverage=coverage,
        precision=precision,
        by_topic={topic: part(truth == place) for place, topic in enumerate(topics)},
        by_language={one: part(languages == one) for one in sorted(set(languages.tolist()))},
    )

"""The topic model that is shipped, from the corpus of services/intake/need/corpus. Takes half a minute.

python scripts/train_default_topics.py            trains, prints its figures, writes default_topics.npz
python scripts/train_default_topics.py --check    fails when corpus or lexicon changed since the model was trained
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from services.intake.need.default_topics import FOLDER, MODEL, MODEL_SURE_MIN, source_digest
from services.intake.need.evidence import lexicon
from services.intake.need.grams import piece_terms, plain_words, word_terms
from services.intake.need.trained import TrainedTopics, load, save
from services.intake.need.training import FOLDS, SCALES, SEED, Label
from services.intake.need.words import sentences_of

TERM_TEXTS_MIN = 3
PIECES_MAX = 6_000
"""Pieces of words that are kept, those with the largest weights: the file stays below a megabyte."""
WORDS_SHARE = 0.6
"""Length of the words' block beside that of pieces and of concepts; chosen on the folds of 0.3, 0.6 and 1."""
REGULARISATION = 0.5
NONE = "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare digests only")
    if parser.parse_args().check:
        if load(MODEL).source == source_digest():
            return 0
        print(
            "topics: corpus or lexicon changed since the default model was trained: make topics",
            file=sys.stderr,
        )
        return 1
    labels = corpus()
    model, right = train(labels)
    version = save(model, MODEL)
    print(f"{len(labels)} texts, {right:.1%} right on unseen folds, scale {model.scale:.2f}")
    print(f"written: {MODEL.name}, {version}, {MODEL.stat().st_size:,} bytes")
    return 0


def corpus() -> list[Label]:
    """Its distinct texts, in the order of the files' names."""
    found: dict[str, Label] = {}
    for path in sorted((FOLDER / "corpus").glob("*.tsv")):
        language = path.stem.partition("-")[0]
        for line in path.read_text(encoding="utf-8").splitlines():
            topic, _, text = line.partition("\t")
            if text and topic != "topic":
                found.setdefault(" ".join(plain_words(text)), Label(text, topic, language))
    found.pop("", None)
    return [replace(one, topic_id=NONE) if one.topic_id == "none" else one for one in found.values()]


def concepts_of(label: Label) -> list[str]:
    """The rules' concepts in a text."""
    known = lexicon(label.language)
    return known.names_of(known.read(sentences_of(label.text)).concepts)


def train(labels: Sequence[Label]) -> tuple[TrainedTopics, float]:
    """The model, and the share of texts that it gets right without having seen them."""
    from sklearn.model_selection import StratifiedKFold

    topics = sorted({label.topic_id for label in labels})
    truth = np.array([topics.index(label.topic_id) for label in labels])
    concepts = [concepts_of(label) for label in labels]
    margins = np.zeros((len(labels), len(topics)))
    for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(truth, truth):
        model = fit([labels[one] for one in seen], [concepts[one] for one in seen], topics)
        for one in unseen:
            margins[one] = model.margins(labels[one].text, concepts[one])
    rows = np.arange(len(truth))

    def loss(scale: float) -> float:
        scores = np.exp(scale * (margins - margins.max(axis=1, keepdims=True)))
        return float(-np.log(scores[rows, truth] / scores.sum(axis=1) + 1e-12).mean())

    model = replace(fit(labels, concepts, topics), scale=min(SCALES, key=loss), source=source_digest())
    return model, float((margins.argmax(axis=1) == truth).mean())


def fit(labels: Sequence[Label], concepts: Sequence[list[str]], topics: Sequence[str]) -> TrainedTopics:
    """A model of these texts: once on all terms, then on the pieces that mattered most."""
    truth = [topics.index(label.topic_id) for label in labels]
    words = [plain_words(label.text) for label in labels]
    blocks = [_tfidf(word_terms), _tfidf(piece_terms), _named()]
    given = [words, words, concepts]
    machine = _machine().fit(_matrix(blocks, given), truth)
    first, last = len(blocks[0].vocabulary_), len(blocks[0].vocabulary_) + len(blocks[1].vocabulary_)
    strength = np.abs(machine.coef_[:, first:last]).max(axis=0)
    names = blocks[1].get_feature_names_out()
    kept = sorted(names[one] for one in np.argsort(-strength, kind="stable")[:PIECES_MAX])
    blocks[1] = _tfidf(piece_terms, kept)
    machine = _machine().fit(_matrix(blocks, given), truth)
    weights = machine.coef_.T.copy()
    weights[:first] *= WORDS_SHARE
    vocabularies = [block.get_feature_names_out().tolist() for block in blocks]
    places = iter(range(len(weights)))
    mappings = [{name: next(places) for name in one} for one in vocabularies]
    idf = np.concatenate([blocks[0].idf_, blocks[1].idf_, np.ones(len(vocabularies[2]))])
    return TrainedTopics(
        topics=tuple(topics),
        words=mappings[0],
        pieces=mappings[1],
        idf=idf.astype(np.float32),
        weights=np.ascontiguousarray(weights, dtype=np.float16),  # half the size; enough for three digits
        intercepts=machine.intercept_.astype(np.float32),
        scale=1.0,
        threshold=MODEL_SURE_MIN,
        concepts=mappings[2],
    )


def _matrix(blocks: Sequence[Any], given: Sequence[Any]) -> Any:
    from scipy.sparse import hstack

    made = [block.fit_transform(texts) for block, texts in zip(blocks, given, strict=True)]
    return hstack([made[0] * WORDS_SHARE, *made[1:]]).tocsr()


def _tfidf(analyzer: Any, vocabulary: Sequence[str] | None = None) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    least = TERM_TEXTS_MIN if vocabulary is None else 1
    return TfidfVectorizer(
        analyzer=analyzer, min_df=least, sublinear_tf=True, norm="l2", dtype=np.float64, vocabulary=vocabulary
    )


def _named() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=list, use_idf=False, norm="l2", dtype=np.float64)


def _machine() -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=REGULARISATION, random_state=SEED)


if __name__ == "__main__":
    sys.exit(main())

"""A topic model trained on the desk's own labels, read and applied without scikit-learn (channels.md 5.2).

The file is NumPy's .npz with plain arrays and a JSON text, nothing that could run when it is loaded; its version is a
hash of all of it and is checked. Two blocks of TF-IDF (words with pairs, pieces of words) and, in the default model, one
of the rules' concepts, each of length one, times one weight a term and topic; the margins times `scale` give
probabilities by softmax. Below the model's threshold it abstains.
"""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.contract.facts import TopicWeight
from services.intake.need.grams import piece_terms, plain_words, word_terms

FORMAT = 1
FILE_BYTES_MAX = 512 * 1024 * 1024
"""Longest model, unpacked."""
TOPICS_MAX = 1_000
TOPICS_TOLD_MAX = 3
SHARE_MIN = 0.05
"""Less likely topics are not told."""
UNKNOWN = frozenset({"", "unknown", "oos", "other", "none"})
"""Labels that say that no topic fits: the model learns them and answers nothing."""

Floats = NDArray[np.float32]


class ModelError(Exception):
    """The file is no topic model of ours; the message says why."""


@dataclass(frozen=True, eq=False)
class TrainedTopics:
    """A model: `weights` has a row per term (words, pieces, concepts) and a column per topic."""

    topics: tuple[str, ...]
    words: Mapping[str, int]
    pieces: Mapping[str, int]
    idf: Floats
    weights: Floats
    intercepts: Floats
    scale: float
    threshold: float
    version: str = ""
    concepts: Mapping[str, int] = field(default_factory=dict)
    """Names of the rules' concepts; only the default model has them."""
    source: str = ""
    """Digest of what the default model was made of, "" for a desk's own."""

    def margins(self, text: str, concepts: Iterable[str] = ()) -> NDArray[np.float64]:
        """How far on its side each topic is, in the order of `topics`."""
        words = plain_words(text)
        margins = self.intercepts.astype(np.float64)
        for terms, known in ((word_terms(words), self.words), (piece_terms(words), self.pieces)):
            margins += self._block(terms, known)
        if self.concepts:
            margins += self._block(concepts, self.concepts)
        return margins

    def probabilities(self, text: str, concepts: Iterable[str] = ()) -> NDArray[np.float64]:
        """Probability of each topic, in the order of `topics`."""
        margins = self.margins(text, concepts)
        scores = np.exp(self.scale * (margins - margins.max()))
        result: NDArray[np.float64] = scores / scores.sum()
        return result

    def read(self, text: str) -> tuple[TopicWeight, ...]:
        """The topics of a text, likeliest first; empty when the model abstains."""
        return self.told(self.probabilities(text))

    def told(self, chances: NDArray[np.float64]) -> tuple[TopicWeight, ...]:
        """The topics that are likely enough to be told."""
        order = np.argsort(-chances, kind="stable")[: TOPICS_TOLD_MAX + 1].tolist()
        first = order[0]
        if chances[first] < self.threshold or self.topics[first] in UNKNOWN:
            return ()
        told = [place for place in order if self.topics[place] not in UNKNOWN][:TOPICS_TOLD_MAX]
        return tuple(
            TopicWeight(topic_id=self.topics[place], weight=round(float(chances[place]), 3))
            for place in told
            if place == first or chances[place] >= SHARE_MIN
        )

    def _block(self, terms: Iterable[str], known: Mapping[str, int]) -> NDArray[np.float64]:
        counts: dict[int, int] = {}
        for term in terms:
            place = known.get(term)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        if not counts:
            return np.zeros(len(self.topics))
        places = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = 1.0 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))
        values *= self.idf[places]
        values /= math.sqrt(float(values @ values))
        rows = self.weights[places].astype(np.float64)
        rows *= values[:, None]  # not @: its threads cost more than so small a product
        result: NDArray[np.float64] = np.add.reduce(rows)
        return result


def save(model: TrainedTopics, path: Path) -> str:
    """Writes the model; answers its version."""
    arrays, text = _parts(model)
    version = _version(arrays, text)
    stored: dict[str, Any] = {
        "meta": np.frombuffer(text.encode(), dtype=np.uint8),
        "version": np.frombuffer(version.encode(), dtype=np.uint8),
        **arrays,
    }
    with path.open("wb") as file:
        np.savez_compressed(file, **stored)
    return f"trained/{version}"


def load(path: Path) -> TrainedTopics:
    """The model of a file; raises ModelError when it is none, is too long or was changed."""
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > FILE_BYTES_MAX:
                raise ModelError(f"a topic model has at most {FILE_BYTES_MAX} bytes")
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in ("idf", "weights", "intercepts")}
            text = stored["meta"].tobytes().decode()
            version = stored["version"].tobytes().decode()
        meta = json.loads(text)
        if meta["format"] != FORMAT:
            raise ModelError(f"the model has format {meta['format']}, this program reads {FORMAT}")
        if _version(arrays, text) != version:
            raise ModelError("the model was changed after training: its content does not give its version")
        return _model(meta, arrays, f"trained/{version}")
    except ModelError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, EOFError) as error:
        raise ModelError(f"no topic model: {type(error).__name__}") from error


def _model(meta: Mapping[str, Any], arrays: Mapping[str, Floats], version: str) -> TrainedTopics:
    topics, words, pieces = tuple(meta["topics"]), meta["words"], meta["pieces"]
    concepts = meta.get("concepts", [])
    terms = len(words) + len(pieces) + len(concepts)
    shapes = {"idf": (terms,), "weights": (terms, len(topics)), "intercepts": (len(topics),)}
    if not 2 <= len(topics) <= TOPICS_MAX or any(arrays[name].shape != shapes[name] for name in shapes):
        raise ModelError("the model's parts do not fit together")
    return TrainedTopics(
        topics=topics,
        words={term: place for place, term in enumerate(words)},
        pieces={term: place for place, term in enumerate(pieces, start=len(words))},
        idf=arrays["idf"],
        weights=arrays["weights"],
        intercepts=arrays["intercepts"],
        scale=float(meta["scale"]),
        threshold=float(meta["threshold"]),
        version=version,
        concepts={name: place for place, name in enumerate(concepts, start=len(words) + len(pieces))},
        source=str(meta.get("source", "")),
    )


def _parts(model: TrainedTopics) -> tuple[dict[str, Floats], str]:
    arrays = {"idf": model.idf, "weights": model.weights, "intercepts": model.intercepts}
    meta: dict[str, Any] = {
        "format": FORMAT,
        "topics": list(model.topics),
        "words": list(model.words),
        "pieces": list(model.pieces),
        "scale": model.scale,
        "threshold": model.threshold,
    }
    if model.concepts:
        meta |= {"concepts": list(model.concepts), "source": model.source}
    return arrays, json.dumps(meta, ensure_ascii=False, sort_keys=True)


def _version(arrays: Mapping[str, Floats], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:16]

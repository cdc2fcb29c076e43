"""py3langid's model, read with its own arrays: one walk over the bytes, one small product (channels.md 5.1).

The same scores as `LanguageIdentifier.rank` among the same languages (a test compares), then the deployment's own
languages get `SERVED_BONUS`, for a customer more often writes in a language that is served, and each macro-language
counts with its likeliest part.
"""

from __future__ import annotations

import math
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.intake.need.regions import macro

SERVED_BONUS = 1.0
"""Natural logarithm by which a served language is likelier beforehand; 1 met all floors on NTREX, 0 and 0.5 did not."""


class Detector:
    """The model of a process (130 MB, two thirds of a second to load)."""

    def __init__(self, served: Sequence[str], neighbours: Sequence[str]) -> None:
        model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = set(model.nb_classes)
        model.set_languages([code for code in dict.fromkeys((*served, *neighbours)) if code in known])
        self._nextmove, self._output = model.tk_nextmove, array("i", model.tk_output)
        self._rowbase = array("l", [row << 8 for row in model.tk_row])
        order = sorted(range(len(model.nb_classes)), key=lambda place: macro(model.nb_classes[place]))
        codes = [macro(model.nb_classes[place]) for place in order]
        self.codes = list(dict.fromkeys(codes))
        self._places = {code: place for place, code in enumerate(self.codes)}
        self._starts = np.array([codes.index(code) for code in self.codes])
        self._table = np.ascontiguousarray(model.nb_ptc[:, order], dtype=np.float32)
        self._prior = np.ascontiguousarray(model.nb_pc[order], dtype=np.float32)
        ours = {macro(code) for code in served}
        self._bonus: NDArray[np.float64] = np.array(
            [SERVED_BONUS if code in ours else 0.0 for code in self.codes]
        )

    def shares(self, text: str, evidence: Iterable[tuple[str, float]] = ()) -> dict[str, float]:
        """Share by macro-language, summing to 1; `evidence` adds to the logarithms of some."""
        return dict(zip(self.codes, self._shares(text, evidence).tolist(), strict=True))

    def likeliest(self, text: str, evidence: Iterable[tuple[str, float]] = ()) -> tuple[str, float]:
        """The likeliest macro-language and its share."""
        shares = self._shares(text, evidence)
        place = int(shares.argmax())
        return self.codes[place], float(shares[place])

    def _shares(self, text: str, evidence: Iterable[tuple[str, float]]) -> NDArray[np.float64]:
        logs = self._logs(text)
        for code, weight in evidence:
            place = self._places.get(code)
            if place is not None:
                logs[place] += weight
        shares: NDArray[np.float64] = np.exp(logs - logs.max())
        shares /= shares.sum()
        return shares

    def _logs(self, text: str) -> NDArray[np.float64]:
        data = text.lower() if text.isupper() else text
        if not data.isascii():
            data = unicodedata.normalize("NFC", data)
        encoded = data.encode("utf-8", "surrogatepass")
        nextmove, rowbase, output = self._nextmove, self._rowbase, self._output
        state = 0
        features: list[int] = []
        for letter in encoded:
            state = nextmove[rowbase[state] + letter]
            feature = output[state]
            if feature >= 0:
                features.append(feature)
        if not features:
            return self._bonus + 0.0
        visits = Counter(features)
        counts = np.fromiter(visits.values(), dtype=np.float32, count=len(visits))
        rows = self._table[np.fromiter(visits.keys(), dtype=np.intp, count=len(visits))]
        scores = np.log1p(counts) @ rows + self._prior
        scores *= 1.0 / math.sqrt(len(encoded))
        likeliest: NDArray[np.float64] = np.maximum.reduceat(scores, self._starts).astype(float)
        return likeliest + self._bonus

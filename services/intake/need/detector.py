"""py3langid's model, read with its own arrays: a few steps over all bytes at once, one small product (channels.md 5.1).

The same scores as `LanguageIdentifier.rank` among the same languages (a test compares), then the deployment's own
languages get `SERVED_BONUS`, for a customer more often writes in a language that is served, and each macro-language
counts with its likeliest part.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.intake.need.regions import macro

SERVED_BONUS = 1.0
"""Natural logarithm by which a served language is likelier beforehand; 1 met all floors on NTREX, 0 and 0.5 did not."""


REACH_BYTES = 6
"""The model's longest piece of a text: a state depends on so many last bytes only (a test compares)."""
NONE = -1
"""Stands for a place at which no piece ends."""
_BEFORE = b"\xff" * (REACH_BYTES - 1)
"""Stands for what is before a text; no UTF-8 has this byte, and it leaves the walk where it begins."""


class Detector:
    """The model of a process (130 MB, two thirds of a second to load)."""

    def __init__(self, served: Sequence[str], neighbours: Sequence[str]) -> None:
        model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = set(model.nb_classes)
        model.set_languages([code for code in dict.fromkeys((*served, *neighbours)) if code in known])
        self._nextmove: NDArray[np.uint32] = np.array(model.tk_nextmove, dtype=np.uint32)
        self._rowbase: NDArray[np.intp] = np.array(model.tk_row, dtype=np.intp) << 8
        self._output: NDArray[np.int32] = np.array(model.tk_output, dtype=np.int32)
        first = self._nextmove.take(self._rowbase[0] + np.arange(256))
        pairs = self._rowbase.take(first)[:, None] + np.arange(256)
        self._begun: NDArray[np.intp] = self._rowbase.take(self._nextmove.take(pairs.ravel()))
        """Where the walk stands after two bytes, as the base of the state's row."""
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
        shares: NDArray[np.float64] = np.exp(logs - np.maximum.reduce(logs))
        shares /= np.add.reduce(shares)
        return shares

    def _logs(self, text: str) -> NDArray[np.float64]:
        data = text.lower() if text.isupper() else text
        if not data.isascii():
            data = unicodedata.normalize("NFC", data)
        encoded = data.encode("utf-8", "surrogatepass")
        visits = Counter(self.pieces(encoded))
        visits.pop(NONE, None)
        if not visits:
            return self._bonus + 0.0
        counts = np.fromiter(visits.values(), dtype=np.float32, count=len(visits))
        rows = self._table.take(np.fromiter(visits, dtype=np.intp, count=len(visits)), axis=0)
        scores = np.log1p(counts) @ rows + self._prior
        scores *= 1.0 / math.sqrt(len(encoded))
        likeliest: NDArray[np.float64] = np.maximum.reduceat(scores, self._starts).astype(float)
        return likeliest + self._bonus

    def pieces(self, encoded: bytes) -> list[int]:
        """The pieces of a text that the model knows, in the order of their ends, with repeats; NONE where none ends.

        The model walks from byte to byte. Its state depends on the last REACH_BYTES only, so all places walk their
        few steps together: byte by byte, each step waits for memory that is far away.
        """
        if not encoded:
            return []
        letters = np.frombuffer(_BEFORE + encoded, dtype=np.uint8)
        count = len(encoded)
        pairs = letters[: count + 1].astype(np.intp)
        places = self._begun.take((pairs[:-1] << 8) + pairs[1:])
        for step in range(2, REACH_BYTES - 1):
            places += letters[step : step + count]
            places = self._rowbase.take(self._nextmove.take(places))
        places += letters[REACH_BYTES - 1 :]
        features: list[int] = self._output.take(self._nextmove.take(places)).tolist()
        return features

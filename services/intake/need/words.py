"""Text as the rules see it: folded words, the same for both scripts of Serbian and with or without accents.

"Čekao", "Cekao" and "Чекао" are one word. Accents are folded for Latin letters only: in Telugu a vowel sign is a
letter. Only the first `WORDS_MAX` words count, so that every reader has bounded time.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from services.intake.need.money import Money, amounts

TEXT_CHARS_READ_MAX = 4_000
WORDS_MAX = 600
SENTENCES_MAX = 60
SENTENCE_WORDS_LONG = 24
"""A longer sentence is taken apart at its commas: what stands so far apart does not belong together."""
_WORD = re.compile(r"[\w\u0c00-\u0c7f'’+]+")
_RAW_WORD = re.compile(r"[\w\u0c00-\u0c7f\u200c\u200d'’+]+")
_END = re.compile(r"(?<!\b\d)(?<!\b\d\d)[.…।](?=\s+\D)|[!?]+|\n+")
"""An end of a sentence; not the full stop of "2. april" or "No. 7"."""
_CLAUSE = re.compile(r"[,;:–—]\s|\s[-–—]\s")
_DIGIT = re.compile(r"\d")
_CYRILLIC = {
    **dict(zip("абвгдезијклмнопрстуфхц", "abvgdezijklmnoprstufhc", strict=True)),
    "ђ": "dj",
    "ж": "z",
    "љ": "lj",
    "њ": "nj",
    "ћ": "c",
    "ч": "c",
    "џ": "dz",
    "ш": "s",
}
_SPECIAL = {
    "\u200c": "",
    "\u200d": "",
    "ß": "ss",
    "đ": "dj",
    "ø": "o",
    "ł": "l",
    "æ": "ae",
    "œ": "oe",
    "’": "'",
}
_TABLE = str.maketrans({**_CYRILLIC, **_SPECIAL})
_MARKS = dict.fromkeys(range(768, 880))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words, whether it asks, and the amounts of money in it.

    The words are casefolded only; `folded` comes when one is looked up for the first time.
    """

    words: list[str]
    question: bool
    amounts: tuple[Money, ...] = ()
    text: str = ""
    """As it stands, where it has amounts; "" else."""


def folded(text: str) -> str:
    """Lower case, Latin script, without accents."""
    if text.isascii():
        return text[:TEXT_CHARS_READ_MAX].lower()
    plain = unicodedata.normalize("NFC", text[:TEXT_CHARS_READ_MAX]).casefold().translate(_TABLE)
    if plain.isascii():
        return plain
    return unicodedata.normalize("NFD", plain).translate(_MARKS)


def words_of(text: str) -> list[str]:
    """The folded words, in order."""
    return _WORD.findall(folded(text))[:WORDS_MAX]


def sentences_of(text: str) -> list[Sentence]:
    """The sentences that have words, in order, up to `SENTENCES_MAX` and `WORDS_MAX` words in all."""
    cut = text[:TEXT_CHARS_READ_MAX]
    if not unicodedata.is_normalized("NFC", cut):
        cut = unicodedata.normalize("NFC", cut)
    found: list[Sentence] = []
    start, left = 0, WORDS_MAX
    for match in _END.finditer(cut):
        start, left = match.end(), _add(found, cut[start : match.start()], "?" in match.group(), left)
        if left <= 0 or len(found) >= SENTENCES_MAX:
            return found
    _add(found, cut[start:], False, left)
    return found


def _add(found: list[Sentence], part: str, question: bool, left: int) -> int:
    """Adds a sentence, if it has words; answers how many words may still come."""
    words = _RAW_WORD.findall(part.casefold())[:left]
    if len(words) > SENTENCE_WORDS_LONG and _CLAUSE.search(part):
        for clause in _CLAUSE.split(part):
            left = _add(found, clause, question, left)
        return left
    if words:
        if _DIGIT.search(part):
            found.append(Sentence(words, question, tuple(amounts(part)), part))
        else:
            found.append(Sentence(words, question))
    return left - len(words)

"""Text as the rules see it: folded words, the same for both scripts of Serbian and with or without accents.

"Čekao", "Cekao" and "Чекао" are one word. Accents are folded for Latin letters only: in Telugu a vowel sign is a
letter. Only the first `WORDS_MAX` words count, so that every reader has bounded time.
"""

from __future__ import annotations

import re
import unicodedata

TEXT_CHARS_READ_MAX = 4_000
WORDS_MAX = 600
_WORD = re.compile(r"[\w\u0c00-\u0c7f'’+]+")
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


def folded(text: str) -> str:
    """Lower case, Latin script, without accents."""
    plain = unicodedata.normalize("NFC", text[:TEXT_CHARS_READ_MAX]).casefold().translate(_TABLE)
    if plain.isascii():
        return plain
    spread = unicodedata.normalize("NFD", plain)
    return "".join(letter for letter in spread if not "\u0300" <= letter <= "\u036f")


def words_of(text: str) -> list[str]:
    """The folded words, in order."""
    return _WORD.findall(folded(text))[:WORDS_MAX]

"""Words from outside that the log may carry: short labels only, so that no personal data gets in by a free field."""

from __future__ import annotations

import re

from services.router.decide.refusal import Malformed

ID_LENGTH_MAX = 200
WORDS_REMEMBERED_MAX = 256
"""Labels that were found to be such: media, tiers, languages; few, and asked for with each fact."""
_WORD = re.compile(r"[a-z][a-z_]{0,23}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_WORDS: set[str] = set()
_LANGUAGES: set[str] = set()


def word(text: str) -> str:
    """The text when it is a label (lower-case letters and underscores, at most 24); else "other"."""
    if not text or text in _WORDS:
        return text
    return _remembered(text, _WORDS) if _WORD.fullmatch(text) else "other"


def language(code: str) -> str:
    """The code when it is one; else empty, which means unknown."""
    if code in _LANGUAGES:
        return code
    return _remembered(code, _LANGUAGES) if _LANGUAGE.fullmatch(code) else ""


def _remembered(label: str, known: set[str]) -> str:
    if len(known) >= WORDS_REMEMBERED_MAX:
        known.clear()
    known.add(label)
    return label


def checked_ids(kind: str, **ids: str) -> None:
    """Raises Malformed, naming the first id that is too long to be one."""
    for name, value in ids.items():
        if len(value) > ID_LENGTH_MAX:
            raise Malformed(f"{kind}: {name} is over {ID_LENGTH_MAX} characters")

"""Complaints, urgency, and the wish to be left alone (channels.md 5.3).

No ready sentiment model works outside English, so these are words, in all languages at once. They prefer a
false alarm to a missed public complaint; a STOP is obeyed whatever anything else thinks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from services.intake.need.words import folded

OPT_OUT_WORDS = frozenset(
    {
        "stop",
        "stopall",
        "unsubscribe",
        "optout",
        "revoke",
        "stopp",
        "abmelden",
        "sair",
        "parar",
        "odjava",
        "odjavi",
    }
)
"""A message that is nothing but one of these refuses further messages."""
OPT_OUT_WORDS_SMS = OPT_OUT_WORDS | {"cancel", "end", "quit"}
"""On a phone line, those that carriers reserve as well."""
_FIRST, _LAST = 0, -1


@cache
def _phrases(name: str) -> tuple[tuple[str, ...], ...]:
    data = tomllib.loads((Path(__file__).parent / "mood.toml").read_text(encoding="utf-8"))
    return tuple(tuple(folded(phrase).split()) for phrases in data[name].values() for phrase in phrases)


@cache
def _by_first(name: str) -> tuple[dict[str, list[tuple[str, ...]]], list[tuple[str, ...]]]:
    """Phrases by their first word; those that begin with a stem stand apart."""
    exact: dict[str, list[tuple[str, ...]]] = {}
    stems = []
    for phrase in _phrases(name):
        if phrase[_FIRST].endswith("*"):
            stems.append(phrase)
        else:
            exact.setdefault(phrase[_FIRST], []).append(phrase)
    return exact, stems


def _holds(name: str, words: Sequence[str]) -> bool:
    exact, stems = _by_first(name)
    for place, word in enumerate(words):
        candidates = [*exact.get(word, ()), *(s for s in stems if word.startswith(s[_FIRST][:_LAST]))]
        if any(_follows(phrase, words, place) for phrase in candidates):
            return True
    return False


def _follows(phrase: tuple[str, ...], words: Sequence[str], place: int) -> bool:
    if place + len(phrase) > len(words):
        return False
    return all(
        words[place + n].startswith(part[:_LAST]) if part.endswith("*") else words[place + n] == part
        for n, part in enumerate(phrase)
    )


def complains(words: Sequence[str], *, public: bool) -> bool:
    """Whether the words complain; in public, strong displeasure is enough."""
    return _holds("complaint", words) or (public and _holds("displeasure", words))


def urgent(words: Sequence[str]) -> bool:
    """Whether the words say that it cannot wait."""
    return _holds("urgent", words)


def opts_out(words: Sequence[str], *, phone: bool) -> bool:
    """Whether the message is nothing but a word that refuses further messages."""
    return len(words) == 1 and words[0] in (OPT_OUT_WORDS_SMS if phone else OPT_OUT_WORDS)

"""Spellings that one language has two of, made one; for words that are folded already.

German without umlauts on the keyboard ("moechte"), Serbian in its ijekavian form, as in Croatian and Bosnian
("gdje", "mjesec"). Texts and lexicon go through the same function, so that it need not be right, only the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_JE = re.compile(r"(?<=[bcdfghjklmnprstvz])i?je")


def german(word: str) -> str:
    """ "moechte" and "mochte" are one word."""
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def serbian(word: str) -> str:
    """ "gdje" and "gde", "vrijeme" and "vreme", "hvala" as it is."""
    return _JE.sub("e", word)


NORMAL: Mapping[str, Callable[[str], str]] = {"de": german, "sr": serbian}

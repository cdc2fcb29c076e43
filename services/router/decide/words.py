"""Words from outside that the log may carry: short labels only, so that no personal data gets in by a free field."""

from __future__ import annotations

import re

from services.router.decide.refusal import Malformed

ID_LENGTH_MAX = 200
_WORD = re.compile(r"[a-z][a-z_]{0,23}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def word(text: str) -> str:
    """The text when it is a label (lower-case letters and underscores, at most 24); else "other"."""
    return text if not text or _WORD.fullmatch(text) else "other"


def language(code: str) -> str:
    """The code when it is one; else empty, which means unknown."""
    return code if _LANGUAGE.fullmatch(code) else ""


def checked_ids(kind: str, **ids: str) -> None:
    """Raises Malformed, naming the first id that is too long to be one."""
    for name, value in ids.items():
        if len(value) > ID_LENGTH_MAX:
            raise Malformed(f"{kind}: {name} is over {ID_LENGTH_MAX} characters")

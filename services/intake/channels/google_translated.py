"""What a reviewer wrote, out of what Google made of it: a translation and the original in one comment.

    (Translated by Google) TRANSLATION \\n\\n (Original)\\n ORIGINAL
    ORIGINAL \\n\\n (Translated by Google)\\n TRANSLATION
    (Translated by Google) TRANSLATION            no original: the translation is all there is

A mark counts at the beginning of the comment or of a line, so a customer who quotes one keeps his words.
"""

from __future__ import annotations

import re

_TRANSLATED = re.compile(
    r"^[ \t]*\((?:Translated by Google|Übersetzt von Google|Traduzido pelo Google|Traducido por Google"
    r"|Traduit par Google|Tradotto da Google|Vertaald door Google|Prevedel Google|Преведено помоћу Google-а?"
    r"|Превео Google|Preveo Google)\)[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINAL = re.compile(
    r"^[ \t]*\((?:Original|Originale|Origineel|Izvirnik|Izvirno|Оригинал|Originalno)\)[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)


def original_words(comment: str) -> str:
    """The words in the reviewer's own language, where they are there; linear in the length of the comment."""
    text = comment.replace("\r\n", "\n").strip()
    mark = _TRANSLATED.search(text)
    if mark is None:
        return text
    before, after = text[: mark.start()].strip(), text[mark.end() :]
    if before:
        own = _ORIGINAL.match(before)
        return before[own.end() :].strip() if own else before
    original = _ORIGINAL.search(after)
    if original is None:
        return after.strip()
    return after[original.end() :].strip() or after[: original.start()].strip()

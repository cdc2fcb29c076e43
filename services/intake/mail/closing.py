"""What stands around a letter's own words: banners above, signatures, footers and notices below (channels.md 3.3).

Rather too little than too much is left out: a closing counts only at the end, with nothing below it but short
lines; a postscript is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail.phrases import phrases
from services.intake.mail.quoting import LINE_CHARS_MAX, RULE

CLOSING_LINES_MAX = 25
SIGNATURE_LINE_CHARS_MAX = 90
SENTENCE_WORDS_MIN = 9
"""A line of so many words that ends like a sentence belongs to the letter."""
BANNER_LINES_MAX = 8
FOOTER_CHARS_MAX = 160
_SIGNATURE = re.compile(r"^(?:--|—|––|__)\s?$")
_UNDERSCORES = re.compile(r"^_{4,}$")
_POSTSCRIPT = re.compile(r"^(?:p\.?\s?s\.?|п\.?\s?с\.?|ps|n\.?b\.?)\s?[:.\-–]?\s", re.IGNORECASE)
_AND = frozenset(
    {
        "und",
        "and",
        "&",
        "u.",
        "in",
        "i",
        "e",
        "et",
        "y",
        "en",
        "og",
        "och",
        "ja",
        "a",
        "и",
        "та",
        "ve",
        "și",
        "és",
        "ter",
        "med",
        "mit",
    }
)


def is_signature(line: str) -> bool:
    """The line that parts a signature off: "-- "."""
    return bool(_SIGNATURE.match(line))


def is_footer(line: str) -> bool:
    """A program's or a phone's own words ("Sent from my iPhone"), or the beginning of a notice."""
    cut = line.strip()[:LINE_CHARS_MAX]
    if phrases().notice.match(cut):
        return True
    sentence = cut.endswith(".") and "," in cut and len(cut.split()) >= SENTENCE_WORDS_MIN
    return (
        len(cut) <= FOOTER_CHARS_MAX and not sentence and bool(phrases().sent_from.match(cut.lstrip("*_[ ")))
    )


def without_banner(lines: Sequence[str]) -> list[str]:
    """Without the warning of a mail gateway above the words; unless nothing else is there."""
    number = 0
    while number < len(lines) and not lines[number].strip():
        number += 1
    seen, start = 0, number
    while number < len(lines) and seen < BANNER_LINES_MAX:
        line = lines[number].strip()[:LINE_CHARS_MAX]
        if not (phrases().banner.match(line) or (seen and line and not RULE.match(line))):
            break
        number += 1
        seen += 1
    if not seen:
        return list(lines)
    rest = list(lines[number:])
    while rest and (not rest[0].strip() or RULE.match(rest[0].strip())):
        rest.pop(0)
    return rest if any(line.strip() for line in rest) and number > start else list(lines)


def without_closing(lines: Sequence[str]) -> list[str]:
    """Without "Best regards," and the name and company below it; the letter's own words must remain."""
    last = len(lines)
    while last and not lines[last - 1].strip():
        last -= 1
    for start in range(max(1, last - CLOSING_LINES_MAX), last):
        if not (is_closing(lines[start]) or _UNDERSCORES.match(lines[start].strip())) or not any(
            one.strip() for one in lines[:start]
        ):
            continue
        below = list(lines[start + 1 : last])
        postscript = next(
            (number for number, line in enumerate(below) if _POSTSCRIPT.match(line.strip())), None
        )
        signature = below if postscript is None else below[:postscript]
        if all(_belongs_to_signature(line) for line in signature):
            kept = list(lines[:start])
            return kept if postscript is None else [*kept, "", *below[postscript:]]
    return list(lines)


def _belongs_to_signature(line: str) -> bool:
    cut = line.strip()
    if len(cut) > SIGNATURE_LINE_CHARS_MAX or cut.endswith(("?", "？")):
        return False
    return not (len(cut.split()) >= SENTENCE_WORDS_MIN and cut.endswith((".", "!", "…")))


def is_closing(line: str) -> bool:
    """ "Best regards", "Danke und viele Grüße", "LG Anna": words that close a letter, perhaps with a name."""
    cut = line.strip().strip("*_ ")
    if not cut or len(cut) > 70:
        return False
    folded = " ".join(cut.rstrip(",.!;:–-。！، ").lower().split())
    closings = phrases().closings
    if folded in closings:
        return True
    words = folded.split()
    for size in range(min(5, len(words) - 1), 0, -1):
        if words[-size - 1] in _AND and len(words) - size <= 6 and " ".join(words[-size:]) in closings:
            return True
        if len(words) - size <= 3 and " ".join(words[:size]).rstrip(",.!") in closings:
            return _is_name(cut.split()[size:])
    return False


def _is_name(words: Sequence[str]) -> bool:
    return bool(words) and all(word[:1].isupper() and word[-1:] not in ":?" for word in words)

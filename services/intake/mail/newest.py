"""The newest words of a mail: quotes, signatures and footers left out (channels.md 3.3).

No library does it for Serbian, Slovene, Portuguese and Telugu, so the patterns are ours, as data per language
in quotes.toml. The text is walked line by line and each pattern looks at a few hundred characters of one line
(an attribution may span four), so the time is linear in the text. Words between quoted parts are kept, in
order; a mail that would come out empty keeps its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail.closing import is_footer, is_signature, without_banner, without_closing
from services.intake.mail.phrases import phrases
from services.intake.mail.quoting import (
    RULE,
    attribution_span,
    is_block,
    is_opening,
    is_quoted,
    opens_marked,
    quotes_by_mark,
)

_MARKS = re.compile("[\u1427\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Directions and zero widths that programs put into dates, and a tracker's dot; joiners stay, Telugu and Hindi need them."""


WRAPPED_CHARS_MIN = 68
_SHORT_RULE = re.compile(r"^[=_~#*-]{3,}$")
_DASHED = re.compile(r"^[-_]{3,}\s?[^-_]{2,60}\s?[-_]{3,}$")
"""What announces a quote in a language that is not in the data."""


def newest_words(text: str) -> str:
    """What the writer wrote this time; the whole text when nothing would remain."""
    plain = _MARKS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = plain.split("\n")
    words = _squeezed(without_closing(own_lines(without_banner(lines))))
    return words or _squeezed([line.lstrip("> ") for line in lines])


def own_lines(lines: Sequence[str]) -> list[str]:
    """The lines that are not quoted, and neither a footer nor a signature."""
    kept: list[str] = []
    number, signed = 0, False
    while number < len(lines):
        line = lines[number]
        if is_quoted(line):
            if _is_escaped(lines, number) and not signed:
                kept.append(line.lstrip()[1:])
            number, signed = number + 1, False
            continue
        if is_opening(lines, number):
            if not opens_marked(lines, number):
                break
            number += 1
            continue
        if is_block(lines, number):
            break
        if _is_wrapped_quote(lines, number):
            number += 1
            continue
        span = attribution_span(lines, number)
        if span:
            number += span
            if quotes_by_mark(lines, number):
                continue
            break
        signed = signed or (bool(kept) and is_signature(line.rstrip("\r\n")))
        if is_footer(line):
            signed = signed or bool(kept)
        elif not signed and (kept or line.strip()):
            kept.append(line.rstrip())
        number += 1
    return _without_openings(kept)


def _is_wrapped_quote(lines: Sequence[str], number: int) -> bool:
    """The rest of a quoted line that was wrapped on the way, so that it lost its mark."""
    if not 0 < number < len(lines) - 1 or not lines[number][:1].islower():
        return False
    before, after = lines[number - 1].rstrip(), lines[number + 1]
    return (
        is_quoted(before)
        and is_quoted(after)
        and len(before) >= WRAPPED_CHARS_MIN
        and before[-1:] not in ".?!:…"
    )


def _is_escaped(lines: Sequence[str], number: int) -> bool:
    """ ">From ..." amid own words was escaped on the way, as mailboxes do, and is no quote."""
    around = (lines[one] for one in (number - 1, number + 1) if 0 <= one < len(lines))
    return lines[number].startswith(">From ") and not any(is_quoted(line) for line in around)


def _without_openings(kept: list[str]) -> list[str]:
    """Without what announced the quote: rules, and an opening that stood alone."""
    while kept and (not kept[-1].strip() or _announces(kept[-1].strip()[:200])):
        kept.pop()
    return kept


def _announces(line: str) -> bool:
    bare = phrases().bare_opening
    return any(pattern.match(line) for pattern in (RULE, _SHORT_RULE, _DASHED, bare))


def _squeezed(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1]):
            kept.append(line if line.strip() else "")
    while kept and (not kept[-1] or RULE.match(kept[-1].strip())):
        kept.pop()
    return "\n".join(kept).strip()

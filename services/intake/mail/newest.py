"""The newest words of a mail: quotes, signatures and footers left out (channels.md 3.3).

No library does it for Serbian, Slovene, Portuguese and Telugu, so the patterns are ours, as data per language
in quotes.toml. The text is walked line by line and each pattern looks at a few hundred characters of one line
(an attribution may span three), so the time is linear in the text. Words between quoted parts are kept, in
order; a mail that would come out empty keeps its text.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

LINE_CHARS_MAX = 400
"""A pattern sees so much of a line; a longer one is prose or a link, no attribution."""
ATTRIBUTION_LINES_MAX = 3
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,190}")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
_MARKS = re.compile("[\u200b\u200e\u200f\ufeff]")
"""Directions and zero widths that programs put into dates."""
CLOSING_LINES_MAX = 4
CLOSING_CHARS_MAX = 60
_RULE = re.compile(r"^[_\-=*—–]{5,}$")
_SIGNATURE = re.compile(r"^(?:--|—|––)\s?$")
_HEADER_LINE = re.compile(r"^[*>\s]{0,4}([^\s:*][^:*]{0,24}?)\s?\*?:\*?\s?(\S.*)?$")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], frozenset[str]]:
    """Verbs of writing, footers of phones, dashed openings, and names of header lines, of all languages."""
    data = tomllib.loads((Path(__file__).parent / "quotes.toml").read_text(encoding="utf-8"))
    languages = [value for value in data.values() if isinstance(value, dict)]

    def either(name: str) -> str:
        return "|".join(pattern for language in languages for pattern in language.get(name, []))

    wrote = re.compile(rf"(?:{either('wrote')})[^:：]{{0,320}}[:：]\s*$", re.IGNORECASE)
    sent_from = re.compile(rf"^(?:{either('sent_from')})[^\n]{{0,80}}$", re.IGNORECASE)
    opening = re.compile(rf"^[-_\s*>]{{2,}}\s*(?:{either('opening')})\s*[-_\s*]{{2,}}$", re.IGNORECASE)
    names = frozenset(name for language in languages for name in language.get("header_names", []))
    return wrote, sent_from, opening, names


@cache
def _closings() -> frozenset[str]:
    data = tomllib.loads((Path(__file__).parent / "quotes.toml").read_text(encoding="utf-8"))
    return frozenset(one for language in data.values() for one in language.get("closing", []))


def newest_words(text: str) -> str:
    """What the writer wrote this time; the whole text when nothing would remain."""
    plain = _MARKS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = plain.split("\n")
    kept = _without_closing(_walk(lines))
    words = _squeezed(kept)
    return words or _squeezed([line.lstrip("> ") for line in lines])


def _walk(lines: list[str]) -> list[str]:
    kept: list[str] = []
    number, signed = 0, False
    while number < len(lines):
        line = lines[number].strip()
        if line.startswith(">"):
            number, signed = number + 1, False
            continue
        if _ends_here(lines, number, kept):
            break
        span = _attribution_span(lines, number)
        if span:
            number += span
            if _quotes_by_mark(lines, number):
                continue
            break
        signed = signed or bool(_SIGNATURE.match(lines[number].rstrip("\r\n")) and kept) or _is_footer(line)
        if not signed:
            kept.append(lines[number].rstrip())
        number += 1
    return kept


def _ends_here(lines: list[str], number: int, kept: list[str]) -> bool:
    """An Outlook block, a dashed opening or a rule before one: all that follows is quoted."""
    line = lines[number].strip()[:LINE_CHARS_MAX]
    if _patterns()[2].match(line):
        return any(kept)
    if _RULE.match(line) and any(kept):
        following = number + 1
        while following < len(lines) and not lines[following].strip() and following < number + 3:
            following += 1
        return _is_header_block(lines, following)
    return any(one.strip() for one in kept) and _is_header_block(lines, number)


def _is_header_block(lines: list[str], start: int) -> bool:
    """Three or more lines "Word: value" with known words and an address or a date among them."""
    names = _patterns()[3]
    known = evidence = 0
    for line in lines[start : start + 8]:
        found = _HEADER_LINE.match(line.strip()[:LINE_CHARS_MAX])
        if not found:
            break
        known += found.group(1).strip().lower() in names
        value = found.group(2) or ""
        evidence += bool(_ADDRESS.search(value) or _TIME.search(value))
    return known >= 3 and evidence >= 1


def _attribution_span(lines: list[str], start: int) -> int:
    """How many lines an attribution takes here (a date or time, a name or address, a verb of writing, a colon).

    0 when there is none. Without an address a date must be there, so that "you can run:" is none.
    """
    first = lines[start].strip()
    if len(first) > LINE_CHARS_MAX or not (_TIME.search(first) or _ADDRESS.search(first)):
        return 0
    joined = ""
    for span in range(1, ATTRIBUTION_LINES_MAX + 1):
        if start + span > len(lines):
            break
        part = lines[start + span - 1].strip()
        if not part or len(part) > LINE_CHARS_MAX or part.startswith(">"):
            break
        joined = f"{joined} {part}".strip()
        if joined.endswith((":", "：")):
            return span if _is_attribution(joined) else 0
    return 0


def _is_attribution(line: str) -> bool:
    return bool(_patterns()[0].search(line[-LINE_CHARS_MAX:])) and bool(
        _TIME.search(line) or _ADDRESS.search(line)
    )


def _quotes_by_mark(lines: list[str], start: int) -> bool:
    """True when the quoted lines that follow begin with >, so that words after them are the writer's own."""
    for line in lines[start : start + 3]:
        if line.strip():
            return line.lstrip().startswith(">")
    return False


def _is_footer(line: str) -> bool:
    return bool(_patterns()[1].match(line[:LINE_CHARS_MAX]))


def _without_closing(lines: list[str]) -> list[str]:
    """Without "Best regards," and the name below it, at the end; the letter's own words must remain."""
    last = len(lines)
    while last and not lines[last - 1].strip():
        last -= 1
    for start in range(max(1, last - CLOSING_LINES_MAX), last):
        line = lines[start].strip()
        if line.rstrip(",.! ").lower() not in _closings():
            continue
        short = all(len(one) <= CLOSING_CHARS_MAX and "?" not in one for one in lines[start:last])
        if short and any(one.strip() for one in lines[:start]):
            return lines[:start]
    return lines


def _squeezed(lines: list[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1]):
            kept.append(line if line.strip() else "")
    while kept and (not kept[-1] or _RULE.match(kept[-1].strip())):
        kept.pop()
    return "\n".join(kept).strip()

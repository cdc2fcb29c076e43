"""Where a quote begins in a plain text (channels.md 3.3): by shape, the words being data.

An attribution is a date, time or address, with a verb of writing and a colon at its end, over at most four lines;
with a date, a time of day and an address in brackets no verb is needed, nor with an address in brackets at the end. Where the lines below it carry no mark, all that follows counts as quoted,
so then more is asked of it: an address, or a date together with a time of day. A block is a run of "Word: value"
lines of at least three kinds (from, sent, to, subject), with an address or a date among the values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake.mail.phrases import phrases

LINE_CHARS_MAX = 400
"""A pattern sees so much of a line; a longer one is prose or a link, no attribution."""
ATTRIBUTION_LINES_MAX = 4
LEAD_IN_CHARS_MAX = 120
BLOCK_LINES_MAX = 14
FIELD_WORDS_MAX = 3
"""Words of a form's field name."""
_ADDRESS = re.compile(r"[^\s<>@()\[\]]{1,64}@[^\s<>@()\[\]]{1,190}")
_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<![\d.])\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?![\d.])|[٠-٩]{4}|[۰-۹]{4}|[०-९]{4}|[౦-౯]{4}"
)
_CLOCK = re.compile(r"(?<![\d.,])\d{1,2}\s?[:.h٫]\s?\d{2}(?![\d])|\d{1,2}\s?[時点點시]", re.IGNORECASE)
_BRACKETED_END = re.compile(r"[<(\[][^<>()\[\]]{0,80}@[^<>()\[\]]{1,190}[>)\]]{1,2}\s*[:：]$")
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_BRACKETED = re.compile(r"[<(\[][^<>()\[\]\s]{1,64}@[^<>()\[\]\s]{1,190}[>)\]]")
_OLD_GMAIL = re.compile(
    r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: \d{1,2}:\d{2})?(?: GMT[+-]\d{2}:\d{2} .{2,80}| .{0,80}<[^<>\s]{1,64}@[^<>\s]{1,190}>)\s?:?$"
)
_NOTES = re.compile(r"-{3}\s?\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[ ,]{1,2}\d{1,2}[:.]\d{2}.{0,12}-{3}")
"""Lotus Notes: "Acme Support ---03/04/2026 04:19:33 PM---Dear Ana"."""
_HEADER_LINE = re.compile(r"^[*>|\s]{0,6}([^\s:：*][^:：*]{0,30}?)\s?\*{0,2}[:：]\*{0,2}\s?(.*)$")
_COLON_WITHIN = re.compile(r"[:：]\s")
RULE = re.compile(r"^[>\s]{0,4}[_\-=*—–‐~]{5,}$")


def is_quoted(line: str) -> bool:
    """Whether a line carries a mark of quoting; "> " and its full-width form."""
    return line.lstrip()[:1] in (">", "＞")


def attribution_span(lines: Sequence[str], start: int) -> int:
    """How many lines an attribution takes that begins here; 0 when none does."""
    first = lines[start].strip()
    if not first or len(first) > LINE_CHARS_MAX * 2:
        return 0
    if _NOTES.search(first[:LINE_CHARS_MAX]) or _is_whole_line(lines, start, first):
        return 1
    evident = _DATE.search(first) or _CLOCK.search(first) or _ADDRESS.search(first)
    if not (evident or _quotes_first(first) or _goes_on(lines, start, first)):
        return _lead_in(lines, start, first)
    if _inline(first):
        return 1
    joined = ""
    for span in range(1, ATTRIBUTION_LINES_MAX + 1):
        if start + span > len(lines):
            break
        part = lines[start + span - 1].strip()
        broken = joined.count("<") > joined.count(">")
        if not part or len(part) > LINE_CHARS_MAX or (is_quoted(part) and not broken):
            break
        joined = f"{joined} {part}".strip()
        if joined.endswith((":", "：")):
            marked = quotes_by_mark(lines, start + span)
            return span if _is_attribution(joined, marked=marked) and not _later(lines, start, span) else 0
    return 0


def _is_whole_line(lines: Sequence[str], start: int, first: str) -> bool:
    """Without a colon: Zoho's "---- On ..., Acme <help@acme.example> wrote ----", old Gmail's "2016-03-03 17:21 Acme <...>"."""
    if len(first) > LINE_CHARS_MAX or not _DATE.search(first):
        return False
    if first.startswith("---") and first.endswith("---"):
        return bool(_CLOCK.search(first) and (_ADDRESS.search(first) or phrases().wrote.search(first)))
    if start and lines[start - 1].strip():
        return False
    if _OLD_GMAIL.match(first):
        return True
    if first.endswith((":", "：")):
        return False
    verb = phrases().wrote.search(first[-40:]) if _CLOCK.search(first) and _BRACKETED.search(first) else None
    return verb is not None and verb.end() == len(first[-40:])


def _quotes_first(first: str) -> bool:
    """ "Quoting Acme Support", folded before the address."""
    return len(first) <= LEAD_IN_CHARS_MAX and bool(phrases().wrote.match(first))


def _goes_on(lines: Sequence[str], start: int, first: str) -> bool:
    """ "On Wed, Dec 9, Ana Novak", a day without a year, with the address on the next line."""
    return (
        len(first) <= LEAD_IN_CHARS_MAX
        and bool(_DAY.search(first))
        and start + 1 < len(lines)
        and bool(_BRACKETED.search(lines[start + 1][:LINE_CHARS_MAX]))
    )


def _is_attribution(joined: str, *, marked: bool) -> bool:
    line = joined[-LINE_CHARS_MAX:]
    date, clock, address = (bool(one.search(line)) for one in (_DATE, _CLOCK, _ADDRESS))
    if date and (_BRACKETED_END.search(line) or (clock and _BRACKETED.search(line))):
        return True
    if not phrases().wrote.search(line):
        return marked and date and clock
    return address or (date and clock) or (marked and (date or clock))


def _later(lines: Sequence[str], start: int, span: int) -> bool:
    """Whether the attribution begins further down, so that this line is the writer's own."""
    if span == 1 or _ADDRESS.search(lines[start]) or _quotes_first(lines[start].strip()):
        return False
    for later in range(1, span):
        rest = " ".join(lines[number].strip() for number in range(start + later, start + span))
        if _DATE.search(rest) and _is_attribution(rest, marked=True):
            return True
    return False


def _inline(line: str) -> bool:
    """Yahoo's phones go on behind the colon: "On ..., Acme<help@acme.example> wrote:   Dear Ana"."""
    cut = line[: LINE_CHARS_MAX * 2]
    if not _COLON_WITHIN.search(cut):  # the search for a verb of 33 languages is the dear one
        return False
    if not (_ADDRESS.search(cut) and _DATE.search(cut) and _CLOCK.search(cut)):
        return False
    found = phrases().wrote_inline.search(cut)
    if not found:
        return False
    head = line[: found.end()]
    return bool(_ADDRESS.search(head) and _DATE.search(head) and _CLOCK.search(head))


def _lead_in(lines: Sequence[str], start: int, first: str) -> int:
    """ "Acme schrieb:" alone, when marked lines follow."""
    if len(first) > LEAD_IN_CHARS_MAX or not first.endswith((":", "：")) or is_quoted(first):
        return 0
    return int(bool(phrases().wrote.search(first)) and quotes_by_mark(lines, start + 1))


def quotes_by_mark(lines: Sequence[str], start: int) -> bool:
    """True when the quoted lines that follow are marked, so that words after them are the writer's own."""
    for line in lines[start : start + 4]:
        if line.strip():
            return is_quoted(line)
    return False


def is_opening(lines: Sequence[str], number: int) -> bool:
    """ "-----Original Message-----" in any language; without dashes only above a block."""
    line = lines[number].strip()[:LINE_CHARS_MAX]
    if phrases().dashed_opening.match(line):
        return True
    return bool(phrases().bare_opening.match(line)) and is_block(lines, _next_words(lines, number + 1))


def opens_marked(lines: Sequence[str], number: int) -> bool:
    """Whether below an opening an attribution stands whose quote is marked."""
    following = _next_words(lines, number + 1)
    span = attribution_span(lines, following) if following < len(lines) else 0
    return span > 0 and quotes_by_mark(lines, following + span)


def is_block(lines: Sequence[str], start: int) -> bool:
    """Outlook's header block, folded lines and blank lines between them allowed."""
    if start >= len(lines):
        return False
    first = lines[start].strip()[:LINE_CHARS_MAX]
    if not _HEADER_LINE.match(first) or _is_in_a_form(lines, start):
        return False
    if _is_flat_block(first) or _is_strange_block(lines, start):
        return True
    kinds: set[frozenset[str]] = set()
    known, evidence, address, number, open_value = 0, False, False, start, False
    while number < min(len(lines), start + BLOCK_LINES_MAX):
        line = lines[number].strip()[:LINE_CHARS_MAX]
        number += 1
        found = _HEADER_LINE.match(line)
        roles = phrases().roles.get(_field_name(found)) if found else None
        if roles and found:
            value = found.group(2)
            known += 1
            kinds.add(roles)
        elif not line or (known and (open_value or line.startswith("<"))):
            value = line
        elif known and found and len(found.group(1)) < 25:
            value = found.group(2)  # Importance:, Attachments: and their like
        else:
            break
        if not known:
            break
        address = address or bool(_ADDRESS.search(value))
        evidence = evidence or address or bool(_DATE.search(value) or _CLOCK.search(value))
        open_value = value.rstrip().endswith((",", ";")) or (bool(roles) and not value.strip())
    return known >= 3 and evidence and _different(kinds) and (address or _has(kinds, "subject"))


def _is_in_a_form(lines: Sequence[str], start: int) -> bool:
    """Whether what looks like a block is a filled-in form: a field that no block has stands just above ("Name: Ana"), or
    the field for the words themselves ("Message: ...") among its lines."""
    above = _HEADER_LINE.match(lines[start - 1].strip()[:LINE_CHARS_MAX]) if start else None
    short = above and above.group(2).strip() and len(above.group(1).split()) <= FIELD_WORDS_MAX
    if above and short and _field_name(above) not in phrases().roles:
        return True
    for line in lines[start : start + BLOCK_LINES_MAX]:
        if not line.strip():
            break
        found = _HEADER_LINE.match(line.strip()[:LINE_CHARS_MAX])
        if found and _field_name(found) in phrases().said:
            return True
    return False


def _field_name(found: re.Match[str]) -> str:
    return " ".join(found.group(1).lower().split())


def _is_flat_block(line: str) -> bool:
    """A block that a program flattened into one line: "From: ... Sent: ... To: ... Subject: ..."."""
    if not phrases().openers.match(line):
        return False
    names = re.findall(r"(?:^|\s)\*?([^\s:：*]{1,20}(?: [^\s:：*]{1,12})?)\s?\*?[:：]", line)
    kinds = {
        roles
        for name in names
        for one in (name, name.rpartition(" ")[2])
        if (roles := phrases().roles.get(one.lower()))
    }
    return len(kinds) >= 3 and _different(kinds) and bool(_DATE.search(line) or _ADDRESS.search(line))


def _is_strange_block(lines: Sequence[str], start: int) -> bool:
    """A block in a language that is not in the data: four short names, first <an address>, then a date and time."""
    named, dated = 0, False
    for line in lines[start : start + BLOCK_LINES_MAX]:
        found = _HEADER_LINE.match(line.strip()[:LINE_CHARS_MAX])
        if not line.strip():
            continue
        if not found or len(found.group(1).split()) > 3:
            break
        if not named and not _BRACKETED.search(found.group(2)):
            return False
        dated = dated or bool(_DATE.search(found.group(2)) and _CLOCK.search(found.group(2)))
        named += 1
    return named >= 4 and dated


def _different(kinds: set[frozenset[str]]) -> bool:
    """Three kinds of lines at least; a name that is two kinds in two languages counts as the one still missing."""
    return len(frozenset().union(*kinds)) >= 3 and len(kinds) >= 3


def _has(kinds: set[frozenset[str]], role: str) -> bool:
    return any(role in roles for roles in kinds)


def _next_words(lines: Sequence[str], start: int) -> int:
    """The next line with something on it, within three blank ones."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    return start

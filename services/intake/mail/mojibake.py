"""UTF-8 that was taken for an 8-bit charset and encoded once more ("Ã¼" for "ü"), undone.

Sound text must never be harmed, so much is asked of a line: every run of characters beyond ASCII gives bytes that
are UTF-8 without a remainder, only letters of known languages come out, and the line looks wrong as it stands (two
such runs, or one with a sign, a mixed script or a capital amid a word). What is left and still looks like it goes to
ftfy, which is careful too.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import ftfy

from services.intake.mail.alphabets import COMMON, KNOWN_LETTERS

MENDED_CHARS_MAX = 20_000
"""Mojibake is looked for and mended up to here."""
TURNS_MAX = 2
"""Some texts were encoded twice too often."""
_CODECS = ("cp1252", "latin-1", "cp1250", "cp1251")
_RUN = re.compile(r"[^\x00-\x7f]+")
_LEAD = re.compile("[ÂÃÄÅÎÏÐÑàâĂĹŕаГДЕвОПРС]")
"""What the first byte of two or three looks like in one of the charsets."""
_PLAIN_MARK = re.compile("[ÃÂÅÐÑ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›]|â€")


def mended(text: str) -> str:
    """`text` with double encoding undone; sound text comes back as it is."""
    head = text[:MENDED_CHARS_MAX]
    if head.isascii() or not _LEAD.search(head):
        return text
    return "\n".join(map(_mended_line, head.split("\n"))) + text[MENDED_CHARS_MAX:]


def _mended_line(line: str) -> str:
    for _ in range(TURNS_MAX):
        if line.isascii():
            return line
        better = next(filter(None, (_undone(line, codec) for codec in _CODECS)), "")
        if not better:
            break
        line = better
    if _PLAIN_MARK.search(line):
        fixed = ftfy.fix_encoding(line)
        return fixed if len(fixed) < len(line) else line
    return line


def _undone(line: str, codec: str) -> str:
    """The line read as UTF-8 through `codec`; "" when it was not written so."""
    parts: list[str] = []
    end = changed = 0
    odd = False
    for run in _RUN.finditer(line):
        word = run.group()
        found = _decoded(word, codec)
        if found is None:
            if not all(letter in COMMON for letter in word):
                return ""
            found = word
        else:
            changed += 1
            odd = odd or _is_odd(line, run)
        parts += [line[end : run.start()], found]
        end = run.end()
    if not changed or not (odd or (changed >= 2 and codec != "cp1251")):
        return ""
    return "".join([*parts, line[end:]])


def _decoded(word: str, codec: str) -> str | None:
    table = _bytes_of(codec)
    if any(letter not in table for letter in word):
        return None
    try:
        found = bytes(table[letter] for letter in word).decode("utf-8")
    except UnicodeError:
        return None
    return (
        found
        if all(letter in KNOWN_LETTERS or letter in COMMON or _is_mark(letter) for letter in found)
        else None
    )


def _is_mark(letter: str) -> bool:
    """Telugu and Devanagari letters, joiners, emoji: never written with one byte."""
    return (
        "\u0900" <= letter <= "\u0d7f"
        or letter in "\u200c\u200d\u200b\ufe0f"
        or letter >= "\U0001f300"
        or ("\u0080" <= letter <= "\u00ff" and letter.isalpha())
    )


def _is_odd(line: str, run: re.Match[str]) -> bool:
    """Whether a run cannot stand so in sound text: signs amid letters, two scripts, a capital after a small letter."""
    word = run.group()
    before, after = line[: run.start()][-1:], line[run.end() :][:1]
    latin = (
        (before + after).isascii()
        and (before + after).strip() != ""
        and (before.isalpha() or after.isalpha())
    )
    cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in word)
    if cyrillic:
        return (
            latin
            or any(not letter.isalpha() for letter in word[1:-1])
            or ("Р" in word[1:] and len(word) >= 8)
        )
    if any(not letter.isalpha() for letter in word[1:]):
        return True
    whole = before + word + after
    return any(one.islower() and two.isupper() for one, two in pairwise(whole)) or (
        len(word) >= 2 and word[0].isupper() and word[1].isupper() and after.islower()
    )


@cache
def _bytes_of(codec: str) -> dict[str, int]:
    """Characters of a charset beyond ASCII, with their bytes; what it leaves undefined is Latin-1's control."""
    table: dict[str, int] = {}
    for byte in range(0x80, 0x100):
        try:
            table[bytes([byte]).decode(codec)] = byte
        except UnicodeError:
            table[chr(byte)] = byte
    return table

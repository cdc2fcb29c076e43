"""Bytes to text: the declared charset, then UTF-8, then what the language is usually written in (channels.md 3.4).

Guessing from the bytes alone fails on short Central European text, so the order is by language: cp1250 for
Slovene and Serbian in Latin script, cp1252 for German and Portuguese, cp1251 where the high bytes look Cyrillic.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Codecs of Python that are no charsets of mail; some take quadratic time."""
_WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "utf-8",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
"""What programs mean when they declare the left one (as WHATWG's Encoding standard has it)."""
_CENTRAL = frozenset({"sl", "sr", "hr", "bs"})


def codec_of(declared: str) -> str:
    """Python's name for a declared charset, "" when there is none that may be used."""
    try:
        name = codecs.lookup(declared.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return ""
    return "" if name in _REFUSED else _WIDER.get(name, name)


def decode(data: bytes, declared: str = "", languages: Sequence[str] = ()) -> str:
    """The text in `data`; never raises, at the worst some characters are replaced."""
    codec = codec_of(declared) if declared else ""
    for name in dict.fromkeys(filter(None, (codec, "utf-8"))):
        try:
            return data.decode(name)
        except (UnicodeError, LookupError, ValueError):
            continue
    name = codec if codec not in ("", "utf-8") else _likely(data, languages)
    try:
        return data.decode(name, "replace")
    except (UnicodeError, LookupError, ValueError):
        return data.decode("latin-1")


def _likely(data: bytes, languages: Sequence[str]) -> str:
    """The usual 8-bit charset: Cyrillic runs are long, accents stand alone between ASCII letters."""
    sample = data[:4_000]
    high = sum(byte >= 0x80 for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    if high > letters:
        return "cp1251"
    if languages and languages[0] in _CENTRAL:
        return "cp1250"
    return "cp1252"

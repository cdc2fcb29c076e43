"""Bytes to text: the declared charset, UTF-8, then what the language is usually written in (channels.md 3.4).

A declared 8-bit charset is not believed where the bytes are well-formed UTF-8 with letters in it: that does not
happen by accident. UTF-8 that was taken for 8-bit and encoded again is mended by `mojibake.py`.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from services.intake.mail.alphabets import likely_codec
from services.intake.mail.mojibake import mended

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
_ALIASES = {
    "cp-850": "cp850",
    "unicode-1-1-utf-7": "utf-7",
    "x-sjis": "shift_jis",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
}


def codec_of(declared: str) -> str:
    """Python's name for a declared charset, "" when there is none that may be used."""
    plain = declared.strip().strip("\"'")
    try:
        name = codecs.lookup(_ALIASES.get(plain.lower(), plain)).name
    except (LookupError, ValueError):
        return ""
    return "" if name in _REFUSED else _WIDER.get(name, name)


def decode(data: bytes, declared: str = "", languages: Sequence[str] = ()) -> str:
    """The text in `data`; never raises, at the worst some characters are replaced."""
    codec = codec_of(declared) if declared else ""
    plain = _utf_8(data)
    if plain is not None and (codec in ("", "utf-8") or (_is_8_bit(codec) and not data.isascii())):
        return mended(plain)
    if codec not in ("", "utf-8"):
        try:
            return mended(data.decode(codec))
        except (UnicodeError, LookupError, ValueError):
            pass
        name = codec
    else:
        name = "utf-8" if _is_mostly_utf_8(data) else likely_codec(data, languages)
    try:
        return mended(data.decode(name, "replace"))
    except (UnicodeError, LookupError, ValueError):
        return data.decode("latin-1")


def _utf_8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeError:
        return None


def _is_8_bit(codec: str) -> bool:
    return codec.startswith(("cp125", "iso8859", "koi8", "mac", "cp437", "cp85")) or codec == "latin-1"


def _is_mostly_utf_8(data: bytes) -> bool:
    """UTF-8 with a character cut or broken, rather than another charset."""
    sample = data[:20_000]
    text = sample.decode("utf-8", "ignore")
    high = sum(byte >= 0x80 for byte in sample)
    sound = sum(len(letter.encode()) for letter in text if letter > "\x7f")
    return sound >= 0.8 * high and sound >= 4

"""Which script a text is in (ISO 15924), and what a script alone says about the language (channels.md 5.1)."""

from __future__ import annotations

import re

_SCRIPTS = {
    "Latn": re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+"),
    "Cyrl": re.compile("[\u0400-\u052f]+"),
    "Telu": re.compile("[\u0c00-\u0c7f]+"),
    "Deva": re.compile("[\u0900-\u097f]+"),
    "Grek": re.compile("[\u0370-\u03ff\u1f00-\u1fff]+"),
    "Arab": re.compile("[\u0600-\u06ff]+"),
    "Hebr": re.compile("[\u0590-\u05ff]+"),
    "Jpan": re.compile("[\u3040-\u30ff]+"),
    "Hang": re.compile("[\uac00-\ud7af\u1100-\u11ff]+"),
    "Hani": re.compile("[\u4e00-\u9fff\u3400-\u4dbf]+"),
    "Thai": re.compile("[\u0e00-\u0e7f]+"),
    "Knda": re.compile("[\u0c80-\u0cff]+"),
    "Taml": re.compile("[\u0b80-\u0bff]+"),
    "Mlym": re.compile("[\u0d00-\u0d7f]+"),
    "Beng": re.compile("[\u0980-\u09ff]+"),
    "Guru": re.compile("[\u0a00-\u0a7f]+"),
    "Gujr": re.compile("[\u0a80-\u0aff]+"),
    "Geor": re.compile("[\u10a0-\u10ff]+"),
    "Armn": re.compile("[\u0530-\u058f]+"),
}
_OF_ONE_LANGUAGE = {
    "Telu": "te",
    "Grek": "el",
    "Hebr": "he",
    "Jpan": "ja",
    "Hang": "ko",
    "Hani": "zh",
    "Thai": "th",
    "Knda": "kn",
    "Taml": "ta",
    "Mlym": "ml",
    "Beng": "bn",
    "Guru": "pa",
    "Gujr": "gu",
    "Geor": "ka",
    "Armn": "hy",
}
_ASCII_LETTER = re.compile("[A-Za-z]")
_SERBIAN = re.compile("[ђћЂЋ]")
KANA_SHARE_MIN = 0.1
"""Japanese mixes its own letters with Chinese ones: from this share on it is Japanese."""


def script_of(text: str) -> tuple[str, float]:
    """The script of most letters and its share of them; "" when there are no letters. A script that has more than
    half of all characters ends the search."""
    if text.isascii():
        return ("Latn", 1.0) if _ASCII_LETTER.search(text) else ("", 0.0)
    counts: dict[str, int] = {}
    for name, letters in _SCRIPTS.items():
        counts[name] = sum(map(len, letters.findall(text)))
        if 2 * counts[name] > len(text):
            return name, counts[name] / sum(counts.values())
    total = sum(counts.values())
    if not total:
        return ("Zyyy", 1.0) if any(letter.isalpha() for letter in text) else ("", 0.0)
    if counts["Jpan"] >= KANA_SHARE_MIN * total:
        return "Jpan", (counts["Jpan"] + counts["Hani"]) / total
    name = max(counts, key=counts.__getitem__)
    return name, counts[name] / total


def language_of(script: str, text: str) -> str:
    """The language that the script alone is certain about, "" without one. Cyrillic with ђ or ћ is Serbian."""
    if script == "Cyrl":
        return "sr" if _SERBIAN.search(text) else ""
    return _OF_ONE_LANGUAGE.get(script, "")

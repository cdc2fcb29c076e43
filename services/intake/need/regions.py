"""What a tag, a country or an account says about a language, and which of Serbian's standards is meant."""

from __future__ import annotations

import re
from functools import lru_cache

_MACRO = {
    "hr": "sr",
    "bs": "sr",
    "sh": "sr",
    "cnr": "sr",
    "me": "sr",
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "in": "id",
}
_VARIANTS = {"sr": "sr", "hr": "hr", "bs": "bs", "cnr": "sr", "me": "sr"}
_COUNTRIES = {
    "RS": "sr", "ME": "sr", "BA": "bs", "HR": "hr", "SI": "sl", "DE": "de", "AT": "de", "LI": "de",
    "BR": "pt", "PT": "pt", "AO": "pt", "MZ": "pt", "US": "en", "GB": "en", "IE": "en", "AU": "en", "NZ": "en",
    "ES": "es", "MX": "es", "AR": "es", "CL": "es", "CO": "es", "FR": "fr", "IT": "it", "NL": "nl", "PL": "pl",
    "CZ": "cs", "SK": "sk", "HU": "hu", "RO": "ro", "TR": "tr", "SE": "sv", "DK": "da", "NO": "no", "RU": "ru",
    "UA": "uk", "BG": "bg", "MK": "mk", "GR": "el", "JP": "ja", "KR": "ko",
}  # fmt: skip
"""Languages that a country's numbers suggest; countries with several stay out."""
_LANGUAGES_NAMED = {
    "english": "en", "german": "de", "deutsch": "de", "portuguese": "pt", "serbian": "sr", "croatian": "hr",
    "bosnian": "bs", "slovenian": "sl", "slovene": "sl", "telugu": "te",
}  # fmt: skip
_SPLIT = re.compile(r"[-_,;\s]")


@lru_cache(512)
def primary(tag: str) -> str:
    """The first subtag, lower case: "sr-Latn-RS" is "sr", "en_US" is "en"; of a list, the first (RFC 3282)."""
    code = _SPLIT.split(tag.strip().lower(), maxsplit=1)[0]
    return _LANGUAGES_NAMED.get(code, code)


def macro(tag: str) -> str:
    """The macro-language of a tag: "sr-Latn-RS" is "sr", "hr" too."""
    code = primary(tag)
    return _MACRO.get(code, code)


def variant(tag: str) -> str:
    """Which standard of Serbian a tag names: "sr", "hr", "bs"; "" for other languages and for "sh"."""
    return _VARIANTS.get(primary(tag), "")


def country_language(region: str) -> str:
    """What a number's country suggests, "" when it suggests nothing."""
    return _COUNTRIES.get(region, "")

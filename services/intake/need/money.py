"""Amounts of money in a text: "150 EUR", "1.250,00 din", "₹ 2,500", "R$ 80" (ISO 4217).

A number counts only beside a currency's code, sign or name. The last separator is the decimal one when two or
fewer digits follow it; a lone separator before three digits groups thousands. Indian grouping is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

AMOUNT_MINOR_MAX = 10**12
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3}
_NAMES = {
    "EUR": (
        "eur",
        "euro",
        "euros",
        "euri",
        "eura",
        "evro",
        "eurov",
        "evra",
        "evrov",
        "evri",
        "evr",
        "евра",
        "евро",
        "€",
        "యూరో",
        "యూరోలు",
    ),
    "USD": ("usd", "us$", "dollar", "dollars", "dolar", "dolara", "dolares", "$"),
    "GBP": ("gbp", "pound", "pounds", "£"),
    "CHF": ("chf", "franken", "fr."),
    "RSD": ("rsd", "din", "dinar", "dinara", "dinari", "dinarja", "din.", "дин", "дин.", "динар", "динара"),
    "BAM": ("bam", "km", "maraka", "marka", "марака"),
    "BRL": ("brl", "r$", "real", "reais"),
    "INR": (
        "inr",
        "rs",
        "rs.",
        "₹",
        "rupee",
        "rupees",
        "rupaayalu",
        "rupayalu",
        "రూ",
        "రూ.",
        "రూపాయలు",
        "రూపాయల",
    ),
    "JPY": ("jpy", "¥", "yen"),
    "PLN": ("pln", "zł"),
    "SEK": ("sek",),
    "DKK": ("dkk",),
    "NOK": ("nok",),
    "HUF": ("huf", "ft"),
    "CZK": ("czk", "kč"),
    "AUD": ("aud", "a$"),
    "CAD": ("cad", "c$"),
}
_UNITS = frozenset({"km", "Km", "ft", "FT"})
"""Kilometres and feet: as money they are written "KM" and "Ft"."""
_CODES = {name: code for code, names in _NAMES.items() for name in names}
_ALTERNATIVES = "|".join(re.escape(name) for name in sorted(_CODES, key=len, reverse=True))
_NUMBER = (
    r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{2,3}){1,5}(?:[.,]\d{1,2})?|\d{1,12}(?:[.,]\d{1,2})?(?:,[-–])?(?:/-)?"
)
_AFTER = re.compile(rf"(?<![\w.,])({_NUMBER})\s?({_ALTERNATIVES})(?!\w)", re.IGNORECASE)
_BEFORE = re.compile(rf"(?<!\w)({_ALTERNATIVES})\s?({_NUMBER})(?![\w])", re.IGNORECASE)
TEXT_CHARS_READ_MAX = 4_000


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as a text states it, in minor units; `at` is its place."""

    amount_minor: int
    currency: str
    at: int


def amounts(text: str) -> list[Money]:
    """All amounts of a text, in order."""
    cut = text[:TEXT_CHARS_READ_MAX]
    found: dict[int, Money] = {}
    for number, name, at in _matches(cut):
        if name in _UNITS:
            continue
        code = _CODES[name.lower()]
        minor = minor_units(number, code)
        if minor is not None and 0 < minor <= AMOUNT_MINOR_MAX:
            found.setdefault(at, Money(minor, code, at))
    return [found[at] for at in sorted(found)]


def _matches(text: str) -> Iterator[tuple[str, str, int]]:
    for match in _AFTER.finditer(text):
        yield match.group(1), match.group(2), match.start(1)
    for match in _BEFORE.finditer(text):
        yield match.group(2), match.group(1), match.start(2)


def minor_units(number: str, currency: str) -> int | None:
    """The number in minor units; None when it is none."""
    plain = re.sub(r"[\s'’\u00a0\u202f]", "", number).removesuffix("/-").rstrip("-–").rstrip(",.")
    cut = max(plain.rfind("."), plain.rfind(","))
    if cut >= 0:
        separator, decimals = plain[cut], plain[cut + 1 :]
        thousands = plain.count(separator) > 1 or _MINOR_DIGITS.get(currency, 2) != 3
        grouped = len(decimals) == 3 and thousands
        head = re.sub(r"[.,]", "", plain[:cut])
        plain = head + decimals if grouped else f"{head}.{decimals}"
    try:
        value = Decimal(plain) * 10 ** _MINOR_DIGITS.get(currency, 2)
    except InvalidOperation:
        return None
    return int(value) if value == value.to_integral_value() else None

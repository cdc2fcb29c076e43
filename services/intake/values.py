"""Careful access to what strangers send: every function takes anything and raises nothing.

A JSON document may hold a list where an object is documented, a number where a text is, a lone surrogate, an
instant in seconds, milliseconds or as a string. These functions give the documented shape, or its empty value.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

ID_CHARS_MAX = 500
"""A longer id is replaced by its hash, so that equal ids stay equal."""
TEXT_CHARS_MAX = 100_000
SUBJECT_CHARS_MAX = 2_000
NAME_CHARS_MAX = 300
_SECONDS_BELOW = 10**11
_MILLIS_BELOW = 10**14
_ZONE = re.compile(r"(?:GMT|UTC)?([+-]\d\d):?(\d\d)(?![\d:.])")
_YEAR_1 = -62_135_596_800_000
_YEAR_9999 = 253_402_300_799_999


class Unreadable(ValueError):
    """The bytes are not the documented format; the text says how, without a value of them."""


class NotNow(Exception):
    """What was wanted could not be fetched at this moment, and the delivery is lost without it.

    The provider is told to come back (503) and nothing is published. `str` is a short closed word, the reason.
    """


def load_json(data: bytes) -> dict[str, Any]:
    """The JSON object in `data`; raises Unreadable for anything else, however deep or long."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise Unreadable(f"JSON {type(value).__name__}, not an object")
    return value


def obj(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: Any, chars_max: int = TEXT_CHARS_MAX) -> str:
    """A string that UTF-8 can carry; numbers are written out, all else is empty."""
    if type(value) is str and value.isascii() and "\x00" not in value:
        return value[:chars_max]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    if isinstance(value, int):
        return str(value) if -(10**40) < value < 10**40 else ""
    return clean(value[:chars_max])


def clean(value: str) -> str:
    """Without lone surrogates and NUL, which neither protobuf nor a terminal takes."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def ident(value: Any) -> str:
    """An id as a bounded string; ids exceed 2^53 and are strings everywhere (channels.md 1, rule 11)."""
    full = text(value, 10_000_000).strip()
    return full if len(full) <= ID_CHARS_MAX else "sha256:" + sha256(full.encode()).hexdigest()


def line(value: Any, chars_max: int = NAME_CHARS_MAX) -> str:
    """One line of text: white space folded."""
    return " ".join(text(value, chars_max * 4).split())[:chars_max]


def whole(value: Any) -> int | None:
    """A whole number from a number or digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if abs(value) < 1e15 else None
    if isinstance(value, str) and len(value) < 20 and value.strip().lstrip("-").isdecimal():
        try:
            return int(value)
        except ValueError:
            return None
    return None


def seconds(value: Any) -> int | None:
    """A duration in seconds, within what a call can last."""
    number = whole(value)
    return number if number is not None and 0 <= number < 10_000_000 else None


def epoch_ms(value: Any) -> int:
    """An instant given in seconds, milliseconds or microseconds, as a number or digits; 0 when it is none."""
    number = whole(value)
    if number is None or number <= 0:
        return 0
    if number < _SECONDS_BELOW:
        return number * 1000
    millis = number if number < _MILLIS_BELOW else number // 1000
    return millis if millis <= _YEAR_9999 else 0


def mail_date_ms(value: Any) -> int:
    """A Date header (RFC 5322 3.3), or the ISO form that some senders use; 0 when it is neither.

    The sender's own clock: 1970 and the future are kept (channels.md 1, rule 8). No zone counts as UTC; one that is
    written as ISO's (+02:00) or behind a GMT, as some programs do, counts as it says.
    """
    raw = _ZONE.sub(r"\1\2", text(value, 200)).strip()
    if not raw:
        return 0
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(raw)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            millis = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
        except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
            continue
        if _YEAR_1 <= millis <= _YEAR_9999:
            return millis
    return 0


def dump(value: Any) -> bytes:
    """A part of a JSON document as bytes again, for a dead letter; never for a signature."""
    try:
        return json.dumps(value).encode()
    except (ValueError, TypeError, RecursionError):
        return b""

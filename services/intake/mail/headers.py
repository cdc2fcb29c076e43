"""Header fields as they came, read with care: folded, raw 8-bit, encoded words in wrong places (RFC 5322, 2047).

Nothing here is structured parsing by the standard library's registry, which may take very long on hostile
fields; every field is cut to a bound first, and every function gives an empty value instead of raising.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses
from inspect import signature
from quopri import decodestring

from services.intake.mail.charsets import decode
from services.intake.values import ID_CHARS_MAX, clean, ident, line

FIELD_CHARS_MAX = 4_000
"""A field is read up to here; References of a long conversation fit."""
FIELDS_MAX = 500
_MESSAGE_ID = re.compile(r"<([^<>]{1,490})>")
"""White space within is dropped: some programs fold amid an id."""
_LENIENT: dict[str, bool] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
"""Newer patch releases refuse odd fields as a whole unless asked not to."""
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=(?:\s+(?==\?))?")
_COMMENT = re.compile(r"\([^()]*\)")
_BARE_ID = re.compile(r"[^\s,;<>\"()]+@[^\s,;<>\"()]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields by lower-case name, each with all its values in order."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """From pairs of name and raw value; the first FIELDS_MAX count."""
        fields: dict[str, list[str]] = {}
        for number, (name, value) in enumerate(pairs):
            if number >= FIELDS_MAX:
                break
            fields.setdefault(name.strip().lower(), []).append(unfolded(value))
        return cls({name: tuple(values) for name, values in fields.items()})

    def first(self, name: str) -> str:
        """The first value of a field, "" when there is none."""
        return self.fields.get(name, ("",))[0]

    def all(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self.fields


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address as written."""

    name: str = ""
    address: str = ""


def unfolded(value: str) -> str:
    """One line; raw 8-bit bytes (surrogates) become text."""
    cut = value[:FIELD_CHARS_MAX].replace("\r", "").replace("\n", "")
    try:
        raw = cut.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return clean(cut)
    return clean(decode(raw))


def words(value: str) -> str:
    """A text field with its encoded words decoded (RFC 2047), white space folded."""
    if "=?" not in value:
        return line(value, FIELD_CHARS_MAX)
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, LookupError):  # one bad word does not spoil the others
        return line(_ENCODED_WORD.sub(_word, value), FIELD_CHARS_MAX)
    found = "".join(
        part if isinstance(part, str) else decode(part, _plain(charset)) for part, charset in parts
    )
    return line(found, FIELD_CHARS_MAX)


def _word(found: re.Match[str]) -> str:
    """One encoded word by itself; base64 with its padding lost or with stray characters is read as far as it goes."""
    charset, encoding, content = found.groups()
    try:
        if encoding.lower() == "b":
            plain = re.sub(r"[^A-Za-z0-9+/]", "", content)
            data = b64decode(plain[: len(plain) - (len(plain) % 4 == 1)] + "=" * (-len(plain) % 4))
        else:
            data = decodestring(content.replace("_", " "))
    except (ValueError, TypeError):
        return content
    return decode(data, _plain(charset))


def mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of an address field; groups are opened, names decoded after the split."""
    try:
        pairs = getaddresses([value[:FIELD_CHARS_MAX]], **_LENIENT)
    except (ValueError, IndexError, RecursionError, AttributeError):
        return []
    return [Mailbox(words(name), address.strip()) for name, address in pairs if name or address]


def message_ids(value: str) -> list[str]:
    """Message ids of References, In-Reply-To or Message-ID, as <id>; without brackets or with comments too."""
    found = ["".join(one.split()) for one in _MESSAGE_ID.findall(value)]
    found = [one for one in found if one]
    if not found:
        bare = _COMMENT.sub(" ", value)
        found = [one for one in _BARE_ID.findall(bare) if len(one) < ID_CHARS_MAX - 10]
        if not found and bare.strip() and " " not in bare.strip():
            found = [ident(bare.strip())]
    return [f"<{one}>" for one in found]


def _plain(charset: str | None) -> str:
    """RFC 2231's language after a * does not belong to the charset."""
    return (charset or "").partition("*")[0]

"""A mail as it came by SMTP, read without ever raising (RFC 5322, MIME; channels.md 3.4).

The standard library splits the MIME tree; headers, charsets and texts are read here, each part guarded by
itself. A mail with absurdly many boundaries is read by its headers only: matching each line against each
boundary is what makes hostile mails slow.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from hashlib import sha256

from services.intake.identity import mail_address
from services.intake.mail.charsets import decode
from services.intake.mail.headers import (
    FIELD_CHARS_MAX,
    Headers,
    Mailbox,
    mailboxes,
    message_ids,
    unfolded,
    words,
)
from services.intake.values import TEXT_CHARS_MAX, clean, mail_date_ms

BOUNDARIES_MAX = 64
SEPARATORS_MAX = 5_000
BOUNDARY_CHECKS_MAX = 4_000_000
"""The parser holds each line against each boundary; beyond it a mail is read by its headers only."""
PARTS_MAX = 200
NOTICE_CHARS_MAX = 50_000
"""So much of a report's fields, or of its further texts, is read."""
META_BYTES_MAX = 4_000
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{2,40})", re.IGNORECASE)
HTML_BYTES_MAX = 1_000_000


NOBODY = Mailbox()
_BRACKETED = re.compile(r"<([^\s<>@\"']{1,64}@[^\s<>@\"']{1,190})>")
_BARE = re.compile(r"(?<![^\s\"'<,;])([^\s<>@\"',;:()\[\]]{1,64}@[^\s<>@\"',;:()\[\]]{1,190})")


class _Bounded(email.policy.Compat32):
    """Cuts header fields before anything reads their parameters."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:FIELD_CHARS_MAX]


_BOUNDED = _Bounded()


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says about itself. Fields that are missing or cannot be read are empty."""

    headers: Headers = field(repr=False)
    message_id: str = ""
    from_: Mailbox = NOBODY
    reply_to: Mailbox = NOBODY
    subject: str = ""
    date_ms: int = 0
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: int = 0
    types: frozenset[str] = frozenset()
    """Content types of its parts; a calendar's with its method ("text/calendar;method=reply")."""
    status: str = field(default="", repr=False)
    """Fields of message/delivery-status (RFC 3464), blocks apart."""
    feedback: str = field(default="", repr=False)
    """Fields of message/feedback-report (RFC 5965)."""
    original: Headers | None = field(default=None, repr=False)
    """Headers of the first mail that is enclosed."""
    rest: str = field(default="", repr=False)
    """Plain texts behind the first: a bounce may quote its original there."""


def parse_mail(data: bytes, languages: Sequence[str] = ()) -> Mail:
    """Reads a mail; `languages` are the desk's, likeliest first, for texts without a usable charset."""
    root = _tree(data)
    headers = Headers.of(_raw_fields(root))
    body = _Body(root, joins="apple-mail" in headers.first("content-type").lower())
    for number, part in enumerate(_parts(root)):
        if number >= PARTS_MAX:
            break
        body.take(part, languages)
    return Mail(
        headers=headers,
        message_id=next(iter(message_ids(headers.first("message-id"))), ""),
        from_=first_person(headers.first("from")),
        reply_to=first_person(headers.first("reply-to")),
        subject=words(headers.first("subject")),
        date_ms=mail_date_ms(headers.first("date")),
        text=clean(body.text[:TEXT_CHARS_MAX]),
        html=clean(body.html),
        attachments=body.attachments,
        types=frozenset(body.types),
        status=clean(body.status),
        feedback=clean(body.feedback),
        original=body.original,
        rest=clean(body.rest),
    )


def first_person(value: str) -> Mailbox:
    """Of several, the first with an address (channels.md 3.1); one that a program did not write as it should is looked for.

    Unquoted or in single quotes an @ in a name breaks the field in two; some programs encode or quote all of it.
    """
    people = mailboxes(value)
    first = next((person for person in people if "@" in person.address), None)
    if first is None or not mail_address(first.address):
        plain = words(value)
        found = _BRACKETED.search(plain) or _BARE.search(plain)
        if found and mail_address(found.group(1)):
            return Mailbox(plain[: found.start()].strip("\"'<, "), found.group(1))
    return first or (people[0] if people else NOBODY)


def derived_id(data: bytes, headers: Headers) -> str:
    """An id for a mail without one: hash of From, Date, Subject and body (channels.md 2.2)."""
    body = data.partition(b"\r\n\r\n")[2] or data.partition(b"\n\n")[2] or data
    fields = "\x1f".join(headers.first(name) for name in ("from", "date", "subject"))
    return "sha256:" + sha256(fields.encode("utf-8", "replace") + b"\x1f" + body).hexdigest()


def _tree(data: bytes) -> Message:
    """The MIME tree; of a mail that is too deep, or that the parser fails on, its headers only."""
    parser = partial(email.message_from_bytes, policy=_BOUNDED)
    boundaries = data.lower().count(b"boundary=")
    bounded = boundaries <= BOUNDARIES_MAX and boundaries * data.count(b"\n") <= BOUNDARY_CHECKS_MAX
    if bounded and (not boundaries or data.count(b"\n--") <= SEPARATORS_MAX):
        try:
            return parser(data)
        except (RecursionError, ValueError, LookupError, AttributeError, IndexError, TypeError):
            pass
    head = data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    try:
        message = parser(head + b"\n\n")
    except (RecursionError, ValueError, LookupError, AttributeError, IndexError, TypeError):
        return Message()
    return message


def _raw_fields(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        yield name, str(value)


def _parts(root: Message) -> Iterator[Message]:
    """Leaves in order, not those of an enclosed message: its words are not the writer's."""
    stack, seen = [root], 0
    while stack and seen < PARTS_MAX * 4:
        part = stack.pop()
        seen += 1
        if _type(part).startswith("message/") or not part.is_multipart():
            yield part  # its payload is not asked for here: decoding it may fail, and is guarded where it is read
        else:
            stack.extend(reversed(_inner(part)))
            if part is root or _type(part) == "multipart/report":
                yield _Shell(part)


def _inner(part: Message) -> list[Message]:
    """What a container holds. Of a leaf this would be decoded, which may fail: ask `is_multipart` first."""
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


class _Shell(Message):
    """A container, yielded for its type only."""

    def __init__(self, container: Message) -> None:
        super().__init__()
        self["Content-Type"] = _type(container)


def _type(part: Message) -> str:
    try:
        return (part.get_content_type().split() or ["text/plain"])[0]
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        return "text/plain"


@dataclass
class _Body:
    """Texts of the leaves: the first plain text that is not blank, and the first HTML.

    Later texts are lists' footers and forwarded words; only Apple Mail splits a letter around its pictures.
    """

    root: Message
    text: str = ""
    html: str = ""
    attachments: int = 0
    types: set[str] = field(default_factory=set)
    joins: bool = False
    status: str = ""
    feedback: str = ""
    original: Headers | None = None
    rest: str = ""

    def take(self, part: Message, languages: Sequence[str]) -> None:
        kind = _type(part)
        self.types.add(kind)
        if isinstance(part, _Shell):
            return
        self._notice(kind, part, languages)
        if kind.startswith("message/") and kind != "message/rfc822":
            return
        if kind.startswith("multipart/") and not self.text.strip():  # its boundary is missing or lost
            self.text = _content(part, languages)
        elif _attached(part) or not kind.startswith("text/"):
            self.attachments += 1
        elif kind == "text/html":
            self.html = self.html or _content(part, languages)[:HTML_BYTES_MAX]
        elif kind == "text/plain":
            if not self.text.strip():
                self.text = _content(part, languages)
            elif self.joins and len(self.text) < TEXT_CHARS_MAX:
                self.text += "\n" + _content(part, languages)
            elif len(self.rest) < NOTICE_CHARS_MAX:
                self.rest += "\n" + _content(part, languages)[:NOTICE_CHARS_MAX]
        else:
            self.attachments += kind not in ("text/calendar", "text/rfc822-headers")

    def _notice(self, kind: str, part: Message, languages: Sequence[str]) -> None:
        """Keeps what a report says, and the headers of what it encloses."""
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            self.status += _fields_text(part, languages)
        elif kind == "message/feedback-report":
            self.feedback += _fields_text(part, languages)
        elif kind == "text/calendar":
            self.types.add(f"text/calendar;method={str(_parameter(part, 'method')).lower()[:20]}")
        elif self.original is None and kind in _ENCLOSED:
            self.original = _enclosed_headers(part, languages)
        elif self.original is None and part is not self.root and "message-id" in part and "received" in part:
            self.original = Headers.of(_raw_fields(part))  # a mail without the header of its part


_ENCLOSED = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/global-headers",
        "text/rfc822-headers",
        "text/rfc822-header",
    }
)


def _fields_text(part: Message, languages: Sequence[str]) -> str:
    """The fields of a report as text, a blank line between blocks."""
    if not part.is_multipart():
        return _content(part, languages)[:NOTICE_CHARS_MAX] + "\n\n"
    blocks = []
    for block in _inner(part)[:PARTS_MAX]:
        lines = [f"{name}: {unfolded(value)}" for name, value in _raw_fields(block)]
        blocks.append("\n".join(lines) + "\n" + _content(block, languages))
    return "\n\n".join(blocks)[:NOTICE_CHARS_MAX] + "\n\n"


def _enclosed_headers(part: Message, languages: Sequence[str]) -> Headers:
    if part.is_multipart():
        inner = next(iter(_inner(part)), Message())
        return Headers.of(_raw_fields(inner))
    head = _content(part, languages)[:NOTICE_CHARS_MAX].replace("\r\n", "\n").partition("\n\n")[0]
    return Headers.of(_raw_fields(_tree(head.encode("utf-8", "surrogateescape"))))


def _parameter(part: Message, name: str) -> object:
    try:
        return part.get_param(name) or ""
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        return ""


def _attached(part: Message) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        return False


def _content(part: Message, languages: Sequence[str]) -> str:
    """The text of a leaf; what cannot be decoded is replaced, never raised."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError, AssertionError, TypeError):
        payload = None
    if not isinstance(payload, bytes):
        return ""
    charset = _parameter(part, "charset")
    declared = charset[2] if isinstance(charset, tuple) else str(charset)
    if not declared and _type(part) == "text/html":
        declared = _declared_inside(payload)
    return decode(payload, declared, languages)


def _declared_inside(html: bytes) -> str:
    """The charset that a page names itself, "" when it names none."""
    found = _META_CHARSET.search(html[:META_BYTES_MAX])
    return found.group(1).decode("ascii") if found else ""

"""Form posts as bytes per field: multipart (RFC 7578) and urlencoded (WHATWG URL 5.1).

Each field of a mail may have a charset of its own, so nothing is decoded here but names. Fields and files are
bounded in number, their headers in size; the body itself is bounded by the web server.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.intake.canonical import Delivery
from services.intake.mail.charsets import decode
from services.intake.values import Unreadable, clean

FIELDS_MAX = 500
"""Fields and files of one post; mail services send some thirty."""
PART_HEADERS_MAX = 16
PART_HEADER_BYTES_MAX = 4_096
_QUIET = logging.Logger("forms", logging.CRITICAL)
"""The parser warns of every odd byte, and whoever posts would fill the log; what is unreadable is told by us."""
_URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Part:
    """One field or file; `file_name` is None for a field."""

    name: str
    value: bytes = field(repr=False)
    file_name: str | None = None
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and files in order; of a repeated name the first counts."""

    parts: tuple[Part, ...]

    def value(self, name: str) -> bytes:
        """The bytes of a field, b"" when there is none; names are compared as they are."""
        return next((part.value for part in self.parts if part.name == name and part.file_name is None), b"")

    def text(self, name: str, charset: str = "utf-8") -> str:
        """The text of a field in its charset; what cannot be decoded is replaced."""
        return clean(decode(self.value(name), charset))

    @property
    def files(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.file_name is not None)


def form_of(delivery: Delivery) -> Form:
    """The form in a delivery's body; raises Unreadable for one that is none or breaks a bound."""
    kind, parameters = parse_options_header(delivery.headers.get("content-type", ""))
    if kind == b"multipart/form-data":
        return Form(tuple(_multipart(delivery.body, parameters.get(b"boundary", b""))))
    if kind in (_URLENCODED.encode(), b""):
        return Form(tuple(_urlencoded(delivery.body)))
    raise Unreadable("the body is no form")


def _urlencoded(body: bytes) -> Iterator[Part]:
    pairs = body.split(b"&")
    if len(pairs) > FIELDS_MAX:
        raise Unreadable("too many fields")
    for pair in filter(None, pairs):
        name, _, value = pair.partition(b"=")
        yield Part(_name(_unquoted(name)), _unquoted(value))


def _unquoted(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _name(value: bytes) -> str:
    return clean(value.decode("utf-8", "replace"))[:200]


def _multipart(body: bytes, boundary: bytes) -> list[Part]:
    if not boundary:
        raise Unreadable("no boundary")
    reader = _Reader()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_part_data": reader.data,
                "on_part_end": reader.end,
                "on_header_field": reader.header_name,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
            },
            max_header_count=PART_HEADERS_MAX,
            max_header_size=PART_HEADER_BYTES_MAX,
        )
        parser.logger = _QUIET
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Unreadable(f"not multipart ({type(error).__name__})") from None
    if not reader.closed:
        raise Unreadable("multipart that ends too early")
    return reader.parts


@dataclass
class _Reader:
    """Gathers parts from the parser's callbacks, which give pieces of one buffer."""

    parts: list[Part] = field(default_factory=list)
    closed: bool = False
    _headers: dict[str, str] = field(default_factory=dict)
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _value: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        if len(self.parts) >= FIELDS_MAX:
            raise Unreadable("too many fields")
        self.closed = False
        self._headers, self._value = {}, bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_end(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
        self._header = (bytearray(), bytearray())

    def data(self, data: bytes, start: int, end: int) -> None:
        self._value.extend(memoryview(data)[start:end])

    def end(self) -> None:
        self.closed = True
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        file_name = options.get(b"filename")
        self.parts.append(
            Part(
                _name(options.get(b"name", b"")),
                bytes(self._value),
                None if file_name is None else _name(file_name),
                self._headers.get("content-type", "")[:200].lower(),
            )
        )

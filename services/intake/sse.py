"""Server-sent events (WHATWG HTML 9.2.5 and 9.2.6), as they come, in pieces of any size. Pure and linear in time.

Data stays as it came, in bytes: whoever reads it says what is no UTF-8. An event that the end cuts off is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

EVENT_BYTES_MAX = 1024 * 1024
"""Of one event with its names, and of one line."""
NAME_CHARS_MAX = 200
ID_CHARS_MAX = 1_000
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


class TooLong(ValueError):
    """An event or a line beyond EVENT_BYTES_MAX; the rest of the stream cannot be trusted."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `name` is "message" unless the server says otherwise."""

    name: str
    data: bytes = field(repr=False)


@dataclass
class EventParser:
    """Fed with bytes; a new connection takes a new one."""

    bytes_max: int = EVENT_BYTES_MAX
    last_id: str = ""
    """What a reconnection sends as Last-Event-ID."""
    retry_ms: int | None = None
    """How long the server wants us to wait before we reconnect."""
    _begin: bytes | None = b""
    """The first bytes, until it is clear whether they are a byte order mark; then None."""
    _line: bytearray = field(default_factory=bytearray)
    _after_cr: bool = False
    _name: str = ""
    _id: str = ""
    _data: list[bytes] = field(default_factory=list)
    _size: int = 0

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Events that are complete now; raises TooLong."""
        chunk = self._without_mark(chunk)
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        *lines, rest = _LINE_END.split(chunk)
        found = []
        for line in lines:
            self._extend(line)
            event = self._end_of_line()
            if event is not None:
                found.append(event)
        self._extend(rest)
        return found

    def _without_mark(self, chunk: bytes) -> bytes:
        if self._begin is None:
            return chunk
        self._begin += chunk
        if len(self._begin) < len(_BOM) and _BOM.startswith(self._begin):
            return b""
        chunk, self._begin = self._begin.removeprefix(_BOM), None
        return chunk

    def _extend(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self.bytes_max:
            raise TooLong("an event is too long")
        self._line += part

    def _end_of_line(self) -> ServerEvent | None:
        line = bytes(self._line)
        self._line.clear()
        if not line:
            return self._end_of_event()
        if line.startswith(b":"):  # a comment, which keeps the connection alive and the bound for real events
            self._size -= len(line)
            return None
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += 1  # a line end each, so that many empty lines have a bound too
            self._data.append(value)
        elif name == b"event":
            self._name = value[: NAME_CHARS_MAX * 4].decode("utf-8", "replace")[:NAME_CHARS_MAX]
        elif name == b"id" and b"\x00" not in value:
            self._id = value[:ID_CHARS_MAX].decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value[:9])
        return None

    def _end_of_event(self) -> ServerEvent | None:
        self.last_id = self._id
        event = ServerEvent(self._name or "message", b"\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event

"""Framing of the Asterisk Manager Interface: bytes in any portions become packets. Pure, bounded, never raises.

A packet is lines `Name: value` up to an empty line; names are compared without case and may repeat (`Variable`).
The server's first line is a banner without an empty line behind it. What is longer than the bounds is skipped up
to the next empty line and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.intake.values import clean

LINE_BYTES_MAX = 16 * 1024
PACKET_BYTES_MAX = 256 * 1024
PACKET_LINES_MAX = 2_000
BANNER = b"Asterisk Call Manager/"


@dataclass(frozen=True, slots=True)
class Packet:
    """An event, a response, or what a client said; values by lower-case name, in order."""

    values: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def one(self, *names: str) -> str:
        """The first value of the first of these names that has one, "" without any."""
        for name in names:
            for value in self.values.get(name.lower(), ()):
                if value:
                    return value
        return ""

    def all(self, name: str) -> list[str]:
        return self.values.get(name.lower(), [])

    @property
    def event(self) -> str:
        return self.one("event").lower()

    @property
    def response(self) -> str:
        return self.one("response").lower()


@dataclass
class Framer:
    """One connection's bytes; `banner` is the server's, `skipped` counts packets that were too long."""

    banner: str = ""
    skipped: int = 0
    _rest: bytearray = field(default_factory=bytearray, repr=False)
    _lines: list[bytes] = field(default_factory=list, repr=False)
    _bytes: int = 0
    _skipping: bool = False
    _looked_at: int = 0

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are complete now."""
        self._rest += data
        packets: list[Packet] = []
        start = 0
        while (end := self._rest.find(b"\n", max(start, self._looked_at))) >= 0:
            self._line(bytes(self._rest[start:end]).removesuffix(b"\r"), packets)
            start = end + 1
        del self._rest[:start]
        self._looked_at = len(self._rest)
        if len(self._rest) > LINE_BYTES_MAX:
            self._rest.clear()
            self._looked_at = 0
            self._skip()
        return packets

    def _line(self, line: bytes, packets: list[Packet]) -> None:
        if not line:
            if self._lines and not self._skipping:
                packets.append(_packet(self._lines))
            self._lines, self._bytes, self._skipping = [], 0, False
        elif line.startswith(BANNER) and not self._lines:
            self.banner = line.decode("utf-8", "replace")[:80]
        elif not self._skipping:
            self._lines.append(line)
            self._bytes += len(line)
            if (
                self._bytes > PACKET_BYTES_MAX
                or len(self._lines) > PACKET_LINES_MAX
                or len(line) > LINE_BYTES_MAX
            ):
                self._skip()

    def _skip(self) -> None:
        self._lines, self._bytes = [], 0
        if not self._skipping:
            self._skipping = True
            self.skipped += 1


def _packet(lines: list[bytes]) -> Packet:
    """Lines without a colon (the output of a command) are left out."""
    values: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = clean(line.decode("utf-8", "replace")).partition(":")
        if colon:
            values.setdefault(name.strip().lower(), []).append(value.strip())
    return Packet(values)


def action(name: str, **fields: str) -> bytes:
    """An action's bytes. A line break in a value would begin a header of its own, so it is refused (ValueError)."""
    lines = [f"Action: {name}", *(f"{field}: {value}" for field, value in fields.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in an action")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()

"""As much of IMAP4rev1 (RFC 3501), with IDLE (RFC 2177), as reading a mailbox takes; every answer has a bound.

One command at a time over TLS. Whatever the server says amiss is an ImapError, and the connection is of no more use.
No word of a mail, no name and no password is in an error.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

LINE_BYTES_MAX = 4 * 1024 * 1024
"""A search may name many mails in one line."""
LINES_MAX = 20_000
"""Lines of one answer."""
COMMAND_SECONDS_MAX = 60.0
CONNECT_SECONDS_MAX = 20.0
_LITERAL = re.compile(rb"\{(\d{1,12})\}\r\n$")
_FETCHED_UID = re.compile(rb"\bUID (\d{1,10})\b", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,15})\b", re.IGNORECASE)
_QUOTED = re.compile(rb'\bBODY\[\] "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
"""A short mail may come as a quoted string (RFC 3501 4.3)."""
_CODE = re.compile(rb"^\* OK \[(UIDVALIDITY|PERMANENTFLAGS) ([^\]]{1,10000})\]", re.IGNORECASE)


class ImapError(Exception):
    """The server refused, or said what nobody can read; the text is a command's name and a word."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One untagged line, without its literals, which stand apart."""

    text: bytes
    literals: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Folder:
    """What selecting a folder tells."""

    uid_validity: int
    flags: frozenset[str]
    """That may be set for good, lower case; `\\*` is any keyword."""
    read_only: bool


class ImapClient:
    """A connection; `open` it, `login`, `select`, and `close` it whatever happens."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, literal_max: int) -> None:
        self._reader, self._writer, self._literal_max = reader, writer, literal_max
        self._tags = 0
        self.capabilities: frozenset[str] = frozenset()

    @classmethod
    async def open(cls, host: str, port: int, tls: ssl.SSLContext, *, literal_bytes_max: int) -> ImapClient:
        """Connects by TLS and reads the greeting; raises OSError, TimeoutError or ImapError."""
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=LINE_BYTES_MAX)
            client = cls(reader, writer, literal_bytes_max)
            try:
                greeting = await client._line()
                if not greeting.text.upper().startswith(b"* OK"):
                    raise ImapError("greeting refused")
            except BaseException:
                writer.close()
                raise
        return client

    def close(self) -> None:
        self._writer.close()

    async def login(self, user: bytes, password: bytes) -> None:
        """Logs in, and asks what the server can do."""
        await self._command("LOGIN", [b"LOGIN", user, password], strings=(1, 2))
        for answer in await self._command("CAPABILITY", [b"CAPABILITY"]):
            if answer.text.upper().startswith(b"* CAPABILITY"):
                self.capabilities = frozenset(answer.text.decode("ascii", "replace").upper().split()[2:])

    async def select(self, name: str) -> Folder:
        """Opens a folder for reading and marking."""
        validity, flags, read_only = 0, frozenset[str](), False
        for answer in await self._command("SELECT", [b"SELECT", mutf7(name)], strings=(1,)):
            found = _CODE.match(answer.text)
            if found and found.group(1).upper() == b"UIDVALIDITY" and found.group(2).isdigit():
                validity = int(found.group(2)[:10])
            elif found:
                flags = frozenset(found.group(2).decode("ascii", "replace").lower().strip("()").split())
            read_only = read_only or b"[READ-ONLY]" in answer.text.upper()
        return Folder(validity, flags, read_only)

    async def search(self, *criteria: bytes) -> list[int]:
        """UIDs of what fits, in order."""
        found: set[int] = set()
        for answer in await self._command("SEARCH", [b"UID", b"SEARCH", *criteria]):
            if answer.text.upper().startswith(b"* SEARCH"):
                found.update(int(one) for one in answer.text.split()[2:] if one.isdigit() and len(one) <= 10)
        return sorted(found)

    async def size(self, uid: int) -> int | None:
        """Bytes of a mail; None when it is gone."""
        for answer in await self._fetch(uid, b"(UID RFC822.SIZE)"):
            found = _SIZE.search(answer.text)
            if found:
                return int(found.group(1))
        return None

    async def mail(self, uid: int) -> bytes | None:
        """A mail's bytes, without marking it as seen; None when it is gone."""
        for answer in await self._fetch(uid, b"(UID BODY.PEEK[])"):
            if answer.literals:
                return answer.literals[0]
            quoted = _QUOTED.search(answer.text)
            if quoted:
                return re.sub(rb"\\(.)", rb"\1", quoted.group(1))
        return None

    async def mark(self, uid: int, keyword: str) -> None:
        """Sets a keyword on a mail."""
        await self._command(
            "STORE", [b"UID", b"STORE", b"%d" % uid, b"+FLAGS.SILENT", b"(%s)" % keyword.encode("ascii")]
        )

    async def noop(self) -> None:
        await self._command("NOOP", [b"NOOP"])

    async def idle(self, seconds: float) -> None:
        """Waits until the folder changes, or until the time is up."""
        tag = await self._send([b"IDLE"], ())
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            while not (line := await self._line()).text.startswith(b"+"):
                self._expect_untagged(line)
        try:
            async with asyncio.timeout(seconds):
                while b" EXISTS" not in (line := await self._line()).text.upper():
                    self._expect_untagged(line)
        except TimeoutError:
            pass  # a line of which a part has come is read on: the reader keeps it
        self._writer.write(b"DONE\r\n")
        await self._until("IDLE", tag)

    async def _fetch(self, uid: int, what: bytes) -> list[Answer]:
        answers = await self._command("FETCH", [b"UID", b"FETCH", b"%d" % uid, what])
        return [
            answer
            for answer in answers
            if (found := _FETCHED_UID.search(answer.text)) and int(found.group(1)) == uid
        ]

    async def _command(self, name: str, parts: Sequence[bytes], strings: Sequence[int] = ()) -> list[Answer]:
        """Sends one command and reads its answer; `strings` are the places of parts that are strings of ours."""
        tag = await self._send(parts, strings)
        return await self._until(name, tag)

    async def _send(self, parts: Sequence[bytes], strings: Sequence[int]) -> bytes:
        self._tags += 1
        tag = b"f%d" % self._tags
        self._writer.write(tag)
        for number, part in enumerate(parts):
            self._writer.write(b" ")
            if number not in strings:
                self._writer.write(part)
            elif _plain(part):
                self._writer.write(b'"' + part.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"')
            else:
                await self._literal(part)
        self._writer.write(b"\r\n")
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            await self._writer.drain()
        return tag

    async def _literal(self, part: bytes) -> None:
        """A string that quotes cannot hold: announced, then sent once the server says so."""
        self._writer.write(b"{%d}\r\n" % len(part))
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            while not (line := await self._line()).text.startswith(b"+"):
                self._expect_untagged(line)
        self._writer.write(part)

    async def _until(self, name: str, tag: bytes) -> list[Answer]:
        answers: list[Answer] = []
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            while True:
                line = await self._line()
                if line.text.startswith(tag + b" "):
                    if line.text[len(tag) + 1 :].upper().startswith(b"OK"):
                        return [*answers, line]
                    raise ImapError(f"{name} refused")
                self._expect_untagged(line)
                answers.append(line)
                if len(answers) > LINES_MAX:
                    raise ImapError(f"{name} answered too long")

    @staticmethod
    def _expect_untagged(line: Answer) -> None:
        if not line.text.startswith(b"*"):
            raise ImapError("an answer to nothing")
        if line.text.upper().startswith(b"* BYE"):
            raise ImapError("the server closes")

    async def _line(self) -> Answer:
        """One line with the literals in it."""
        text = bytearray()
        literals: list[bytes] = []
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError:
                raise ImapError("a line too long") from None
            except asyncio.IncompleteReadError:
                raise ImapError("the connection ended") from None
            found = _LITERAL.search(piece)
            text += piece[: found.start()] if found else piece[:-2]
            if not found:
                return Answer(bytes(text), tuple(literals))
            size = int(found.group(1))
            if size + sum(len(one) for one in literals) > self._literal_max or len(text) > LINE_BYTES_MAX:
                raise ImapError("a literal too long")
            try:
                literals.append(await self._reader.readexactly(size))
            except asyncio.IncompleteReadError:
                raise ImapError("the connection ended") from None


def _plain(part: bytes) -> bool:
    return part.isascii() and not any(byte < 0x20 or byte == 0x7F for byte in part)


def mutf7(name: str) -> bytes:
    """A folder's name in modified UTF-7 (RFC 3501 5.1.3)."""
    found = bytearray()
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if " " <= run[0] <= "~":
            found += run.replace("&", "&-").encode()
        else:
            encoded = b64encode(run.encode("utf-16-be", "replace")).rstrip(b"=").replace(b"/", b",")
            found += b"&" + encoded + b"-"
    return bytes(found)

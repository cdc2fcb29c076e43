"""Where what could not be read is kept: origin, reason, detail and a capped copy of the bytes.

A dead letter is evidence for people, so it holds the bytes as they came (personal data included) and expires
with its topic; its reason and detail hold none.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import msgspec

from services.contract.topics import DEAD_LETTERS, partition_of
from services.runtime.log import Appender

DATA_BYTES_MAX = 64 * 1024
"""Bytes kept of what could not be read; the letter says how many there were."""


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the request was, of which `data` is the body: what reading it once more takes, without what signed it."""

    path: str
    """"/hooks/twilio" ..., which names the reader; with the account where the URL names it."""
    scheme: str
    """What verified it when it came."""
    headers: dict[str, str] = {}
    """Those that the reader looks at, by lower-case names."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One letter, as JSON in the topic."""

    source: str
    """Where it came from: "twilio", "smtp", "frontdesk.facts.v1/3/1702" ..."""
    reason: str
    """From a short list, a measure's label: "unknown_event", "unreadable", "too_large" ..."""
    detail: str
    """What is wrong and where, in plain words, without any value from the bytes."""
    received_at_ms: int
    size_bytes: int
    """How many bytes there were; `data` holds the first of them."""
    data: str
    """Base64 of at most DATA_BYTES_MAX bytes."""
    request: Request | None = None
    """Of a webhook that was verified and whose whole body this is."""


@dataclass(frozen=True)
class DeadLetters:
    """Writes dead letters to the log."""

    appender: Appender
    partitions: int

    async def put(
        self,
        source: str,
        reason: str,
        detail: str,
        data: bytes,
        *,
        now_ms: int = 0,
        request: Request | None = None,
    ) -> int:
        """Appends a letter and answers its offset once it is durable; raises LogError as `append` does."""
        letter = DeadLetter(
            source=source,
            reason=reason,
            detail=detail,
            received_at_ms=now_ms,
            size_bytes=len(data),
            data=base64.b64encode(data[:DATA_BYTES_MAX]).decode(),
            request=request,
        )
        partition = partition_of(source, self.partitions)
        return await self.appender.append(
            DEAD_LETTERS, partition, source.encode(), msgspec.json.encode(letter)
        )


def read_letter(value: bytes) -> DeadLetter:
    """The letter in a record's value; raises msgspec.DecodeError."""
    return msgspec.json.decode(value, type=DeadLetter)

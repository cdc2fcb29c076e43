"""Hands in again what a customer said and the router could not use, once its cause is mended.

A contact for a desk that was not configured stands in the facts and is rejected; its provider had its 2xx and does not
repeat it, and a repeat would be known by its id and change nothing. So intake takes it anew, under an id of the letter's
own: the same letter handed in twice is one fact for as long as ids are remembered, which is why older letters are left.
"""

from __future__ import annotations

import base64
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from frontdesk.client import Endpoint, IntakeClient, Refused
from frontdesk.v1 import facts_pb2, intake_pb2
from services.contract.facts import Channel
from services.router.evolve.work import kind_of
from services.router.waiting import CALL
from services.runtime.dead_letters import DeadLetter

DAYS_MAX = 7
"""Ids of facts are remembered for eight days (docs/router.md): until then a letter cannot be taken twice."""
LETTERS_MAX = 10_000
"""So many are handed in by one call, the oldest facts of each partition first."""
MENDABLE = frozenset({"desk_unknown", "wrong_partition", "unknown_kind", "decide_failed"})
"""Reasons that lay outside the fact itself: a configuration, a version."""
SUBMIT_SECONDS_MAX = 10.0
_FACT = re.compile(r"frontdesk\.facts\.v\d+/(\d+)/(\d+)")
_SAID = ("contact_arrived", "mention_seen")
_DAY_MS = 86_400_000


@dataclass(frozen=True, order=True)
class Found:
    """A letter whose fact can be handed in."""

    partition: int
    offset: int
    letter: DeadLetter = field(compare=False)
    fact: facts_pb2.Fact = field(compare=False)


@dataclass
class Sorted:
    """What may be handed in, in the order of the facts, and why the others are left."""

    found: list[Found] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)


async def sort(letters: AsyncIterator[DeadLetter], now_ms: int) -> Sorted:
    """Looks at every letter; keeps LETTERS_MAX."""
    told = Sorted()
    async for letter in letters:
        kept = _judged(letter, now_ms)
        if isinstance(kept, str):
            told.left[kept] += 1
        elif len(told.found) == LETTERS_MAX:
            told.left[f"over {LETTERS_MAX:,} at once"] += 1
        else:
            told.found.append(kept)
    told.found.sort()
    return told


def _judged(letter: DeadLetter, now_ms: int) -> Found | str:
    """The fact in it, or why it is left."""
    place = _FACT.fullmatch(letter.source)
    if place is None:
        return "deliveries that intake could not read: only their sender can repeat them"
    if letter.reason not in MENDABLE:
        return f"facts that are wrong in themselves ({letter.reason})"
    if now_ms - letter.received_at_ms > DAYS_MAX * _DAY_MS:
        return f"older than {DAYS_MAX} days"
    data = base64.b64decode(letter.data)
    if len(data) < letter.size_bytes:
        return "too long for a letter to hold"
    try:
        fact = facts_pb2.Fact.FromString(data)
    except DecodeError:
        return "facts that cannot be decoded"
    kind = fact.WhichOneof("body")
    if kind not in _SAID:
        return "facts that are no customer's words"
    contact = fact.contact_arrived if kind == "contact_arrived" else fact.mention_seen.contact
    if kind_of(Channel(contact.channel), contact.medium) is CALL:
        return "calls: nobody is on the line any more"
    return Found(int(place[1]), int(place[2]), letter, fact)


async def hand_in(endpoint: Endpoint, found: Iterable[Found], desk_id: str) -> int:
    """Prints a line for each, and answers how many intake took. Raises NoAnswer when it is away."""
    taken = 0
    async with IntakeClient(endpoint, deadline_seconds=SUBMIT_SECONDS_MAX) as intake:
        for one in found:
            line = {"source": one.letter.source, "reason": one.letter.reason}
            try:
                done = await _submit(intake, one, desk_id or one.fact.desk_id)
            except Refused as error:
                line["refused"] = error.message
            else:
                taken += 1
                line |= {"contact_id": done.contact_id, "fact_id": done.fact_id}
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
            sys.stdout.flush()
    return taken


async def _submit(intake: IntakeClient, found: Found, desk_id: str) -> intake_pb2.SubmitResponse:
    """Intake sets ids and keys anew, those of customers being the desk's; the contact keeps its id."""
    fact, kind = found.fact, found.fact.WhichOneof("body")
    parts: dict[str, Any] = {kind: getattr(fact, kind), "source": fact.source}
    if fact.HasField("occurred_at"):
        parts["occurred_at"] = fact.occurred_at
    return await intake.submit(desk_id, request_id=f"letter-{fact.fact_id}", **parts)

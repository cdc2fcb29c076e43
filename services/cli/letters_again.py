"""Hands in again what a customer said and the router could not use, once its cause is mended.

A contact for a desk that was not configured stands in the facts and is rejected; its provider had its 2xx and does not
repeat it, and a repeat would be known by its id and change nothing. So intake takes it anew, under an id of the letter's
own: the same letter handed in twice is one fact for as long as ids are remembered, which is why older letters are left.

What is handed in too soon is rejected again and has a letter again. Of letters with the same words one goes: at their own
desk the newest, for the ids of the others are known there; at another desk the first, so that it is one fact there whatever
came since.
"""

from __future__ import annotations

import base64
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from frontdesk.client import Endpoint, IntakeClient, Refused
from frontdesk.v1 import facts_pb2, intake_pb2
from services.cli.letters_unread import Place, why_left
from services.contract.facts import Channel
from services.contract.ids import command_fact_id
from services.contract.topics import DEAD_LETTERS, FACTS
from services.router.evolve.work import kind_of
from services.router.waiting import CALL
from services.runtime.dead_letters import DeadLetter, read_letter
from services.runtime.log import Log, PositionLost

DAYS_MAX = 7
"""Ids of facts are remembered for eight days (docs/router.md): until then a letter cannot be taken twice."""
LETTERS_MAX = 50_000
"""Letters whose fact one call may hand in; with --desk, of that desk."""
MENDABLE = frozenset({"desk_unknown", "wrong_partition", "unknown_kind", "decide_failed"})
"""Reasons that lay outside the fact itself: a configuration, a version."""
SUBMIT_SECONDS_MAX = 10.0
_FACT = re.compile(r"frontdesk\.facts\.v\d+/(\d+)/(\d+)")
_SAID = ("contact_arrived", "mention_seen")
_DAY_MS = 86_400_000


@dataclass(frozen=True, order=True, slots=True)
class Found:
    """A letter whose fact can be handed in, by the places of its fact and of itself."""

    fact: Place
    letter: Place
    desk_id: str
    fact_id: str


@dataclass
class Sorted:
    """What may be handed in, in the order of the facts, and why the others are left."""

    found: list[Found] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    unread: list[Place] = field(default_factory=list)
    """Letters that intake can read again, in the order of the log."""
    over: int = 0
    """Letters that LETTERS_MAX left no room for."""


async def sort(
    letters: AsyncIterator[tuple[Place, DeadLetter]], now_ms: int, *, desk_id: str = "", to_desk: str = ""
) -> Sorted:
    """Looks at every letter, or at every one of a desk."""
    told, all_found = Sorted(), dict[str, Found]()
    old = set[str]()
    async for place, letter in letters:
        at = _FACT.fullmatch(letter.source)
        if at is None:
            _unread(told, place, why_left(letter, now_ms, one_desk=bool(desk_id)))
            continue
        fact = _fact(letter)
        if isinstance(fact, str):
            told.left[fact] += 1
        elif desk_id and fact.desk_id != desk_id:
            told.left["of other desks"] += 1
        elif fact.fact_id not in all_found and len(all_found) == LETTERS_MAX:
            told.over += 1
        else:
            all_found[fact.fact_id] = Found((int(at[1]), int(at[2])), place, fact.desk_id, fact.fact_id)
            if now_ms - letter.received_at_ms > DAYS_MAX * _DAY_MS:
                old.add(fact.fact_id)
    told.found = sorted(_once(all_found, old, to_desk, told.left))
    return told


def _unread(told: Sorted, place: Place, why: str) -> None:
    if why:
        told.left[why] += 1
    elif len(told.unread) == LETTERS_MAX:
        told.over += 1
    else:
        told.unread.append(place)


def _once(found: Mapping[str, Found], old: set[str], to_desk: str, left: Counter[str]) -> Iterable[Found]:
    """Of letters with the same words one, unless it is too old."""
    following = {
        one.fact_id: command_fact_id(one.desk_id, _request_id(one.fact_id)) for one in found.values()
    }
    later = {fact_id for fact_id in following.values() if fact_id in found}
    for fact_id, one in found.items():
        here = to_desk in ("", one.desk_id)
        if following[fact_id] in found if here else fact_id in later:
            left["handed in before, and rejected again: another letter has the same words"] += 1
        elif fact_id in old:
            left[f"older than {DAYS_MAX} days"] += 1
        else:
            yield one


def _fact(letter: DeadLetter) -> facts_pb2.Fact | str:
    """The fact in it, or why it is left."""
    if letter.reason not in MENDABLE:
        return f"facts that are wrong in themselves ({letter.reason})"
    try:
        data = base64.b64decode(letter.data)
        if len(data) < letter.size_bytes:
            return "too long for a letter to hold"
        fact = facts_pb2.Fact.FromString(data)
    except (ValueError, DecodeError):
        return "facts that cannot be decoded"
    kind = fact.WhichOneof("body")
    if kind not in _SAID or not fact.fact_id:
        return "facts that are no customer's words"
    contact = fact.contact_arrived if kind == "contact_arrived" else fact.mention_seen.contact
    if kind_of(Channel(contact.channel), contact.medium) is CALL:
        return "calls: nobody is on the line any more"
    return fact


async def hand_in(endpoint: Endpoint, log: Log, found: Iterable[Found], to_desk: str) -> int:
    """Prints a line for each, and answers how many intake took. Raises NoAnswer when it is away."""
    taken = 0
    async with IntakeClient(endpoint, deadline_seconds=SUBMIT_SECONDS_MAX) as intake:
        for one in found:
            line = {"source": f"{FACTS}/{one.fact[0]}/{one.fact[1]}"}
            try:
                letter = read_letter((await log.read_at(DEAD_LETTERS, *one.letter)).value)
                line["reason"] = letter.reason
                done = await _submit(intake, letter, to_desk or one.desk_id)
            except PositionLost:
                line["refused"] = "the letter has expired meanwhile"
            except Refused as error:
                line["refused"] = error.message
            else:
                taken += 1
                line |= {"contact_id": done.contact_id, "fact_id": done.fact_id}
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
            sys.stdout.flush()
    return taken


async def _submit(intake: IntakeClient, letter: DeadLetter, desk_id: str) -> intake_pb2.SubmitResponse:
    """Intake sets ids and keys anew, those of customers being the desk's; the contact keeps its id."""
    fact = facts_pb2.Fact.FromString(base64.b64decode(letter.data))
    kind = fact.WhichOneof("body")
    parts: dict[str, Any] = {kind: getattr(fact, kind), "source": fact.source}
    if fact.HasField("occurred_at"):
        parts["occurred_at"] = fact.occurred_at
    return await intake.submit(desk_id, request_id=_request_id(fact.fact_id), **parts)


def _request_id(fact_id: str) -> str:
    return f"letter-{fact_id}"

"""A log that an earlier version wrote folds on: what is there is as it was decided, and deciding goes on from it.

`golden/decisions-form-1.z` holds 1,104 records of an adversary's day, written before mentions, links and states of
calls were known; its one digest is of another form of the state. `golden/decisions-form-11.z` holds 1,433 records of such a day
with links, mentions, prices, forecasts, overload and customers who were asked something; its digest is of form 11, which
a build of that form compares. `golden/decisions-form-12.z` is of a rolling upgrade: a version whose digests are all of the state before
their record wrote 2,031 records, the next one, which tells of an earlier state, wrote up to 3,040. Never write one anew: add a file for
a new form.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from services.contract import decisions as d
from services.contract.codec import decode_decision, encode_decision
from services.router.log.canonical import comparable, digest
from services.router.log.digests import EARLIER
from services.router.log.fold import DigestMismatch, fold
from services.router.model import ContactState, PartitionState
from services.router.timers import TimerIndex
from tests.unit.router.world import DAY, World, call, names

GOLDEN = Path(__file__).parent / "golden"
FORMS = (1, 11, 12)
DIGEST_OF_FORM_11 = bytes.fromhex("0b495a0d9b79539a68e9e1749a44f77cbe")
"""Of the state that its records fold to; its first byte is the form."""
DIGEST_OF_FORM_12 = bytes.fromhex("0ccf501740ce8f32594d5ed233370856e2")


def records(form: int = 1) -> list[bytes]:
    """Each record behind its length in four bytes."""
    data, at, found = zlib.decompress((GOLDEN / f"decisions-form-{form}.z").read_bytes()), 0, []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def folded(form: int = 1) -> World:
    """A world that stands where the old log ends."""
    world = World()
    world.state, world.records, world.timers = type(world.state).empty(), [], TimerIndex()
    for value in records(form):
        world.append(decode_decision(value))
    world.offset, world.now_ms = world.state.last_fact, world.state.decided_at_ms
    world._ids = 10**9
    return world


def test_an_old_log_gives_what_was_decided_then() -> None:
    world = folded()
    kinds = Counter(type(event).__name__ for record in world.records for event in record.events)

    assert sum(bool(record.digest) for record in world.records) == 1
    assert Counter(one.state for one in world.desk.contacts.values()) == {ContactState.QUEUED: 20}
    assert len(world.desk.cases) == 11
    assert (kinds["ContactOpened"], kinds["Assigned"], kinds["Resolved"]) == (71, 70, 18)
    lately = [one for one in world.records if one.fact_id and one.decided_at_ms > world.now_ms - 7 * DAY]
    assert lately and all(world.state.was_seen(record.fact_id) for record in lately)


def test_form_11_gives_what_was_decided_then() -> None:
    world = folded(11)
    kinds = Counter(type(event).__name__ for record in world.records for event in record.events)

    assert Counter(one.state for one in world.desk.contacts.values()) == {
        ContactState.QUEUED: 12,
        ContactState.AWAITING_APPROVAL: 3,
        ContactState.PROMISED: 2,
    }
    assert (len(world.desk.cases), len(world.desk.links.by_id), world.state.seen.count) == (10, 1, 60)
    assert (kinds["ContactOpened"], kinds["Assigned"], kinds["OverloadBegan"]) == (81, 67, 7)
    if comparable(DIGEST_OF_FORM_11):
        assert digest(world.state) == DIGEST_OF_FORM_11


def test_form_12_gives_what_was_decided_then_and_its_digests_are_compared() -> None:
    world = folded(12)
    kinds = Counter(type(event).__name__ for record in world.records for event in record.events)
    told = {at: record.digest for at, record in enumerate(world.records) if record.digest}

    assert Counter(one.state for one in world.desk.contacts.values()) == {
        ContactState.QUEUED: 6,
        ContactState.CLOSED: 3,
        ContactState.AWAITING_APPROVAL: 3,
        ContactState.ASSIGNED: 1,
        ContactState.PROMISED: 1,
        ContactState.HANDING_OVER: 1,
        ContactState.WRAPPING: 1,
    }
    assert (len(world.desk.cases), world.state.seen.count) == (19, 2787)
    assert (kinds["ContactOpened"], kinds["Assigned"], kinds["OverloadBegan"]) == (63, 70, 4)
    assert [(at, one[0]) for at, one in told.items()] == [(1000, 12), (2000, 12), (3000, 12 | EARLIER)]
    if comparable(DIGEST_OF_FORM_12):
        assert digest(world.state) == DIGEST_OF_FORM_12
        for spoilt in told:
            with pytest.raises(DigestMismatch, match=f"record {spoilt} differs"):
                _folded_with(spoilt, told[spoilt][:1] + b"x" * 16)


def _folded_with(spoilt: int, digest: bytes) -> None:
    """Folds the log of form 12 with another digest in one place."""
    state = PartitionState.empty()
    for at, value in enumerate(records(12)):
        record = decode_decision(value)
        state = fold(state, replace(record, digest=digest) if at == spoilt else record).state


@pytest.mark.parametrize("form", FORMS)
def test_deciding_goes_on_from_an_old_log(form: int) -> None:
    world = folded(form)
    before = len(world.records)
    told = world.tell(call("new", customer="k1"))
    world.wait(DAY)

    assert "ContactOpened" in names(told)
    assert any(
        isinstance(event, d.TargetMissed) for record in world.records[before:] for event in record.events
    )


@pytest.mark.parametrize("form", FORMS)
def test_old_records_are_written_as_they_were_read(form: int) -> None:
    """What an old record has is kept by this version's types, byte for byte."""
    assert all(encode_decision(decode_decision(value)) == value for value in records(form))

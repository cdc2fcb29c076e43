"""What records tell of the state: when, of which state, and who compares it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from services.contract import facts as f
from services.contract.decisions import Decision, FactCause
from services.contract.desk import Desk
from services.router.decide import decide_fact
from services.router.log import canonical as canonical_module
from services.router.log import digests
from services.router.log.canonical import (
    ENTRIES_PER_STEP,
    ENTRIES_WRITTEN_PER_STEP,
    STATE_FORM,
    canonical,
    digest,
    digest_in_steps,
)
from services.router.log.digests import EARLIER, Underway, digest_of
from services.router.log.fold import DigestMismatch, fold
from services.router.model import DIGEST_EVERY_MIN, PartitionState, changed
from tests.unit.router.world import DESK, World, agent, call, desk


def until(count: int, world: World | None = None) -> World:
    """A world of so many records, the last of which say little."""
    world = world or World(desk(agent("A")))
    while world.state.count < count:
        world.tell(f.NonContactSeen(kind="reaction"))
    return world


def next_record(world: World, state: PartitionState | None = None) -> Decision:
    """The record that would be appended next, not appended."""
    return decide_fact(
        state or world.state,
        f.Fact(fact_id="next", desk_id=DESK, body=call("c")),
        offset=world.offset + 1,
        now_ms=world.now_ms,
        decision_id=77,
        owner="test",
    )


def told_later(found: bytes) -> bytes:
    return bytes((STATE_FORM | EARLIER,)) + found[1:]


def test_the_first_digest_is_of_the_state_before_its_record() -> None:
    world = until(DIGEST_EVERY_MIN)
    asked = next_record(world)

    assert not any(record.digest for record in world.records)
    assert asked.digest == digest(world.state)
    assert fold(world.state, asked).state.next_digest_at == 2 * DIGEST_EVERY_MIN


def test_each_that_follows_is_of_the_state_before_the_digest_record_before() -> None:
    world = until(DIGEST_EVERY_MIN)
    first = digest(world.state)
    until(2 * DIGEST_EVERY_MIN, world)
    second = digest(world.state)
    until(3 * DIGEST_EVERY_MIN + 1, world)

    assert [one.digest for one in world.records if one.digest] == [
        first,
        told_later(first),
        told_later(second),
    ]


@pytest.mark.parametrize("count", [DIGEST_EVERY_MIN, 2 * DIGEST_EVERY_MIN])
@pytest.mark.parametrize("written", [b"", b"x" * 9, "other"])
def test_another_digest_than_this_build_folds_to_stops(count: int, written: bytes | str) -> None:
    world = until(count)
    asked = next_record(world)
    other = asked.digest[:1] + b"x" * 16 if isinstance(written, str) else written

    with pytest.raises(DigestMismatch):
        fold(world.state, replace(asked, digest=other))


def test_a_version_that_knows_no_earlier_states_does_not_compare_them() -> None:
    """It takes 17 bytes for a digest of the form that the first one names, and compares its own form only."""
    told = next_record(until(2 * DIGEST_EVERY_MIN)).digest

    assert len(told) == 17 and told[0] not in (1, STATE_FORM)
    assert not canonical_module.comparable(told)


def test_who_does_not_know_the_earlier_state_tells_and_compares_as_the_version_before() -> None:
    """After a start from a snapshot of that version. Others compare what it tells."""
    world = until(2 * DIGEST_EVERY_MIN)
    begun = changed(world.state, digesting=None)
    earlier, now = next_record(world), next_record(world, begun)

    assert now.digest == digest(world.state) != earlier.digest
    assert fold(begun, earlier).accepted and fold(world.state, now).accepted
    with pytest.raises(DigestMismatch):
        fold(begun, replace(now, digest=now.digest[:1] + b"x" * 16))


def test_what_a_record_told_of_the_state_before_it_is_not_computed_again() -> None:
    """A log of the version before costs one digest in so many records, as ever."""
    world = until(DIGEST_EVERY_MIN)
    after = fold(world.state, next_record(world)).state

    assert after.digesting is not None and after.digesting.done
    assert after.digesting.found() == digest(world.state)


def kept(head: int) -> int:
    """States with this head that anybody holds."""
    gc.collect()
    return sum(type(one) is PartitionState and one.head == head for one in gc.get_objects())


def test_an_earlier_state_is_digested_by_the_records_that_follow_and_let_go() -> None:
    """At the latest long before the next digest; nobody has to wait for the rest of it."""
    world = until(2 * DIGEST_EVERY_MIN)
    head = world.state.head
    until(2 * DIGEST_EVERY_MIN + 1, world)
    under = world.state.digesting
    assert under is not None and not under.done and kept(head) == 1
    until(2 * DIGEST_EVERY_MIN + DIGEST_EVERY_MIN // 10, world)

    assert under is world.state.digesting and under.done and kept(head) == 0


def undone() -> int:
    """Digests under way that anybody holds."""
    gc.collect()
    return sum(type(one) is Underway and not one.done for one in gc.get_objects())


def test_what_is_under_way_holds_no_other_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of another form never ask for a digest, so one may be due before the one before it is done."""
    monkeypatch.setattr(digests, "DIGEST_EVERY_MIN", 5)
    world = World(desk(agent("A")))
    world.tell(call("c"))
    state = changed(world.state, next_digest_at=world.state.count, digesting=None)
    before, passed = undone(), 0
    for number in range(1_000):
        other = bytes((STATE_FORM + 1,)) + b"x" * 16 if digests.due(state) else b""
        was = state.digesting
        record = Decision(
            decision_id=1 << 40 | number,
            prev_id=state.head,
            fact_offset=state.last_fact + 1,
            desk_id=DESK,
            decided_at_ms=state.decided_at_ms,
            cause=FactCause(),
            digest=other,
        )
        state = fold(state, record).state
        passed += bool(other) and was is not None and not was.done
    del was

    assert passed > 10
    assert undone() - before <= 1


def test_whoever_else_goes_on_with_it_the_outcome_is_the_same() -> None:
    state = until(10).state
    wanted = digest(state)
    for turns in (0, 1, 7):
        under = Underway(digest_in_steps(state))
        for _ in range(turns):
            under.go_on()
        assert under.found() == wanted == under.found()


class Counted:
    """A map that counts what is asked of it."""

    STANDS_FOR: ClassVar[Any] = None

    def __init__(self, size: int) -> None:
        self.size, self.looked_at, self.made = size, 0, 0

    def values(self) -> Iterator[int]:
        yield 0

    def rows(self) -> Iterator[tuple[str, int]]:
        for number in range(self.size):
            self.looked_at += 1
            yield f"key {number * 7919 % self.size}", number

    def built(self, key: str, row: int) -> int:
        self.made += len(key) > 0
        return row


@pytest.mark.parametrize("part", [(0, 1), (3, 8)])
def test_no_step_of_a_digest_looks_at_much(part: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_module, "KEYS_SORTED_AT_ONCE", 100)
    counted = Counted(5_000)
    before, most = (0, 0), (0, 0)
    for _ in digest_in_steps(counted, part):
        now = (counted.looked_at, counted.made)
        most = (max(most[0], now[0] - before[0]), max(most[1], now[1] - before[1]))
        before = now

    assert most == (ENTRIES_PER_STEP, ENTRIES_WRITTEN_PER_STEP)
    assert counted.looked_at == 5_000 and (counted.made == 5_000 or counted.made < 1_000)


def test_keys_sorted_a_part_at_a_time_have_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(desk(agent("A")))
    for number in range(20):
        world.tell(call(f"c{number * 7 % 20}"))
    wanted = canonical(world.state)
    monkeypatch.setattr(canonical_module, "KEYS_SORTED_AT_ONCE", 3)

    assert canonical(world.state) == wanted


@pytest.mark.parametrize("size", [0, 1, 2, 32, 33, 64, 65, 100])
def test_long_tuples_written_a_part_at_a_time_have_the_same_bytes(size: int) -> None:
    """A desk of ten thousand agents is no step of its own."""
    agents = [agent(f"A{number}") for number in range(size)]
    for one in (desk(*agents), Desk(agents=tuple(agents)), replace(desk(*agents), desk_id="")):
        pieces = list(canonical_module._pieces(one))
        assert b"".join(pieces) == repr(canonical_module._plain(one)).encode() + b";"
        assert max(map(len, pieces)) < 12_000


def test_parts_of_a_digest_together_tell_of_every_object() -> None:
    """A large state is digested a part at a time: what differs in it shows in one part, and all of them in that of all."""
    parts = [(which, 4) for which in range(4)]
    world = World(desk(agent("A")))
    for number in range(12):
        world.tell(call(f"c{number}"))
    was = [digest(world.state, part) for part in parts]
    differ = []
    for contact in world.desk.contacts.values():
        other = changed(contact, ahead=True)
        contacts = world.desk.contacts.set(contact.contact_id, other)
        desks = world.state.desks.set(DESK, changed(world.desk, contacts=contacts))
        told = [digest(changed(world.state, desks=desks), part) for part in parts]
        differ.append([now != before for now, before in zip(told, was, strict=True)])

    assert all(sum(one) == 1 for one in differ)
    assert {one.index(True) for one in differ} == {0, 1, 2, 3}
    assert all(
        digest(changed(world.state, head=1), part) != one for part, one in zip(parts, was, strict=True)
    )


def test_a_large_state_is_digested_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a record with a digest keeps nobody waiting for the whole of it."""
    monkeypatch.setattr(digests, "DIGEST_EVERY_MIN", 1)
    world = World(desk(agent("A")))
    for number in range(4):
        world.tell(call(f"c{number}"))
    count = min(8, world.state.objects())

    assert digest_of(world.state) == digest(world.state, (world.state.head % count, count))
    assert digest_of(world.state) != digest(world.state)


@pytest.mark.parametrize("written", [b"x" * 16, bytes((STATE_FORM + 1,)) + b"x" * 16])
@pytest.mark.parametrize("count", [DIGEST_EVERY_MIN, 2 * DIGEST_EVERY_MIN])
def test_a_digest_of_another_form_of_the_state_is_not_compared(count: int, written: bytes) -> None:
    """A log that an earlier version wrote folds on: what its digests speak of had other fields."""
    world = until(count)

    assert fold(world.state, replace(next_record(world), digest=written)).accepted

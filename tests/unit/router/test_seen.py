"""The memory of facts: every id for eight days, whatever the rate; replies for a shorter while."""

from __future__ import annotations

import gc
import random

import numpy as np
import pytest

from services.contract import facts as f
from services.contract.decisions import Reply
from services.router.log import fold as fold_module
from services.router.log import seen as seen_module
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.log.seen import DAYS, Seen, fingerprint, remember
from services.router.model import PartitionState
from tests.unit.router.world import DAY, HOUR, World, agent, desk, names, reply

PLENTY = 1_000_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets and runs so small that a test fills many."""
    monkeypatch.setattr(seen_module, "BUCKET_FACTS_MAX", 8)


def after(seen: Seen, ids: list[str], *, day: int = 0, facts_max: int = PLENTY) -> Seen:
    for fact_id in ids:
        seen = remember(seen, fact_id, None, day=day, facts_max=lambda: facts_max)
    return seen


def ids(count: int, prefix: str = "f") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


@pytest.mark.usefixtures("small")
def test_every_id_is_known_and_no_other() -> None:
    seen = after(Seen(), ids(1_000))

    assert all(fact_id in seen for fact_id in ids(1_000))
    assert not any(fact_id in seen for fact_id in ids(1_000, "g"))
    assert seen.count == 1_000
    assert "" not in seen and "x" not in Seen()


@pytest.mark.usefixtures("small")
def test_runs_are_few_sorted_and_of_one_day() -> None:
    seen = after(after(Seen(), ids(1_000)), ids(1_000, "g"), day=1)

    assert len(seen.runs) <= 2 * 8
    assert [run.day for run in seen.runs] == sorted(run.day for run in seen.runs)
    for run in seen.runs:
        assert list(run.sorted) == sorted(set(run.sorted))
        assert (len(run.sorted), sum(run.sorted) % 2**64) == (run.count, run.mark)


@pytest.mark.usefixtures("small")
def test_a_run_holds_a_part_of_the_bound_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_module, "RUN_FACTS_MAX", 64)
    seen = after(Seen(), ids(1_000))

    assert max(run.count for run in seen.runs) == 64
    assert all(fact_id in seen for fact_id in ids(1_000))


def test_an_id_is_known_for_eight_days_and_forgotten_after_nine() -> None:
    world = World(desk(agent("A")))
    world.now_ms += DAY - world.now_ms % DAY + 23 * HOUR  # late in a day
    world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")
    world.now_ms += DAYS * DAY
    world.tell(f.NonContactSeen(kind="edit"))
    assert names(world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")) == ["DuplicateIgnored"]
    world.now_ms += DAY
    world.tell(f.NonContactSeen(kind="edit"))

    assert not world.state.was_seen("x")
    assert world.state.seen.dropped == 0


@pytest.mark.usefixtures("small")
def test_the_bound_drops_the_oldest_and_says_how_many() -> None:
    seen = after(Seen(), ids(1_000), facts_max=200)

    assert seen.count <= 200 + 8
    assert seen.count + seen.dropped == 1_000
    assert all(fact_id in seen for fact_id in ids(1_000)[-150:])
    assert "f0" not in seen


def test_the_bound_is_the_sum_of_the_desks_shares() -> None:
    world = World(desk(agent("A")))
    assert fold_module.facts_remembered_max(world.state) == 8_000_000
    assert fold_module.facts_remembered_max(PartitionState.empty()) == 8_000_000


@pytest.mark.usefixtures("small")
def test_a_repeat_finds_its_reply_and_later_at_least_that_it_is_a_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen_module, "REPLY_BUCKETS_MAX", 3)
    world = World(desk(agent("A")))
    first = world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")
    for _ in range(10):
        world.tell(f.NonContactSeen(kind="edit"))
    again = world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")
    assert (names(again), reply(again)) == (["DuplicateIgnored"], first.reply)
    for _ in range(40):
        world.tell(f.NonContactSeen(kind="edit"))
    late = world.tell(f.AgentSignedIn(agent_id="A"), fact_id="x")

    assert names(late) == ["DuplicateIgnored"]
    assert (reply(late).accepted, reply(late).reason) == (False, "duplicate")


@pytest.mark.usefixtures("small")
def test_replies_that_nobody_got_take_no_room() -> None:
    seen = after(Seen(), ids(100))

    assert [len(bucket.replies) for bucket in seen.buckets[1:]] == [0] * (len(seen.buckets) - 1)


@pytest.mark.usefixtures("small")
def test_two_readers_of_one_log_share_their_runs() -> None:
    one, other = after(Seen(), ids(1_000)), after(Seen(), ids(1_000))

    assert len(one.runs) == len(other.runs)
    assert all(a is b for a, b in zip(one.runs, other.runs, strict=True))
    assert canonical(one) == canonical(other)


@pytest.mark.usefixtures("small")
def test_what_is_shared_ends_with_its_readers() -> None:
    after(Seen(), ids(1_000, "ended"), day=77)
    gc.collect()

    assert not [name for name in seen_module._KNOWN if name[0] == 77]


@pytest.mark.usefixtures("small")
def test_a_state_that_was_copied_from_stays_as_it_was() -> None:
    folded = after(Seen(), ids(100))
    before = canonical(folded)
    after(folded, ids(500, "ahead"))

    assert canonical(folded) == before
    assert "ahead1" not in folded


@pytest.mark.usefixtures("small")
def test_a_replay_gives_the_same_memory() -> None:
    """Random days, repeats and a tight bound: the memory follows from the records alone."""
    rng = random.Random(5)
    world = World(desk(agent("A")))
    for _ in range(600):
        world.now_ms += rng.choice((0, 0, 0, HOUR, DAY // 2))
        world.tell(f.NonContactSeen(kind="edit"), fact_id=f"x{rng.randrange(500)}")
    state = PartitionState.empty()
    for record in world.records:
        state = fold(state, record).state

    assert canonical(state) == canonical(world.state)
    assert [list(run.sorted) for run in state.seen.runs] == [
        list(run.sorted) for run in world.state.seen.runs
    ]


def test_another_id_or_reply_shows_in_the_digest() -> None:
    def bytes_of(fact_id: str, said: Reply | None) -> bytes:
        return canonical(remember(Seen(), fact_id, said, day=0, facts_max=lambda: PLENTY))

    found = [bytes_of("a", None), bytes_of("b", None), bytes_of("a", Reply(accepted=True))]
    assert len(set(found)) == 3


def test_marks_add_up_beyond_64_bits() -> None:
    run = seen_module.run_of(0, np.array([2**64 - 1, 2**64 - 2], dtype=np.uint64))

    assert run.mark == 2**64 - 3
    assert 2**64 - 1 in run and 5 not in run


def test_a_fingerprint_is_pinned() -> None:
    """It stands in every digest and decides what is a repeat: another hash would be another log."""
    assert fingerprint("fact-1") == 0xC0591AD20EA9A2E6

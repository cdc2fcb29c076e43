"""What is noted for measures: scores, marks of changes, messages that are no answers, signs of life. None moves the state."""

from __future__ import annotations

from typing import Any

import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.facts import Channel
from services.router.log.canonical import digest
from tests.unit.router.world import MINUTE, World, agent, call, chat, desk, email, only


@pytest.fixture
def world() -> World:
    world = World(desk(agent("A")))
    world.now_ms += 10 * MINUTE
    return world


def test_a_score_is_counted_where_the_contact_waited_first(world: World) -> None:
    world.tell(call("c"))
    noted = only(world.tell(f.SurveyAnswered(contact_id="c", score=4)), d.SurveyNoted)

    assert (noted.score, noted.channel, noted.queue_id) == (4, Channel.PHONE, "calls")


def test_a_score_tells_how_long_after_the_closing_it_came(world: World) -> None:
    world.sign_in("A")
    world.give(call("c"))
    early = only(world.tell(f.SurveyAnswered(contact_id="c", score=4)), d.SurveyNoted)
    world.resolve("c")
    world.now_ms += 5 * MINUTE

    late = only(world.tell(f.SurveyAnswered(contact_id="c", score=2)), d.SurveyNoted)

    assert (early.after_ms, late.after_ms) == (0, 5 * MINUTE)


def test_a_late_score_keeps_the_channel_that_it_was_told_with(world: World) -> None:
    told = world.tell(f.SurveyAnswered(contact_id="gone", score=2, channel=Channel.EMAIL))

    assert only(told, d.SurveyNoted) == d.SurveyNoted(contact_id="gone", score=2, channel=Channel.EMAIL)


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_that_is_none_is_rejected(world: World, score: int) -> None:
    assert only(world.tell(f.SurveyAnswered(score=score)), d.FactRejected).reason == "invalid"


def test_a_change_takes_effect_when_it_was_said_but_never_later_than_now(world: World) -> None:
    then, now = world.now_ms - MINUTE, world.now_ms
    marks = [
        only(world.tell(f.ChangeMarked(change="new-shipper", effective_at_ms=at)), d.ChangeNoted)
        for at in (then, now + MINUTE, 0)
    ]

    assert [mark.effective_at_ms for mark in marks] == [then, now, now]


@pytest.mark.parametrize("change", ["", "Ana Novak called", "x" * 61, "-a"])
def test_a_mark_that_is_no_label_is_refused(world: World, change: str) -> None:
    told = world.tell(f.ChangeMarked(change=change))

    assert told.reply is not None and not told.reply.accepted
    assert only(told, d.Refused).command == "change_marked"


@pytest.mark.parametrize("kind", ["update", "survey", "followup", "revised_time"])
def test_a_message_that_is_no_answer_is_noted_with_its_contacts_labels(world: World, kind: str) -> None:
    world.tell(chat("c", thread="t"))
    told = world.tell(f.MessageSent(thread_key="t", kind=kind, medium="messenger"))

    assert only(told, d.OutboundNoted) == d.OutboundNoted(
        contact_id="c", kind=kind, channel=Channel.SOCIAL, queue_id="rest", first_queue_id="rest"
    )
    assert "human" not in world.contact("c").answered  # it keeps no promise of an answer


def test_a_message_of_a_kind_unknown_here_is_nothing(world: World) -> None:
    assert world.tell(f.MessageSent(contact_id="c", kind="poem")).events == ()


def test_a_heartbeat_needs_no_desk_and_passes_by(world: World) -> None:
    told = world.tell(f.Heartbeat(born_at_ms=world.now_ms - 7), desk_id="")

    passed = only(told, d.HeartbeatPassed)
    assert (passed.born_at_ms, passed.received_at_ms) == (world.now_ms - 7, world.now_ms)
    assert told.reply is None


@pytest.mark.parametrize(
    "body",
    [
        f.SurveyAnswered(contact_id="c", score=5),
        f.ChangeMarked(change="release-2"),
        f.MessageSent(contact_id="c", kind="thanks"),
        f.Heartbeat(born_at_ms=1),
    ],
)
def test_what_is_noted_moves_nothing(world: World, body: Any) -> None:
    world.tell(call("c"))
    before = world.state.desks
    told = world.tell(body)

    assert told.events and world.state.desks == before
    assert digest(world.state)


def test_a_contact_tells_what_was_promised_when_it_was_opened(world: World) -> None:
    """The target of a call is 40 s and that of a mail four hours; a mail is answered within a day (routing.md 1.2)."""
    opened = {
        one.contact_id: only(world.tell(one), d.ContactOpened) for one in (call("a"), email("b"), chat("c"))
    }

    seconds = {
        name: (
            (one.target_at_ms - one.arrived_at_ms) // 1_000,
            (one.due_at_ms - one.arrived_at_ms) // 1_000 if one.due_at_ms else 0,
        )
        for name, one in opened.items()
    }
    assert seconds == {"a": (40, 0), "b": (14_400, 86_400), "c": (3_600, 86_400)}

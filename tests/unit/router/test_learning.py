"""What a desk learns of what happens at it."""

from __future__ import annotations

import pytest

from services.contract import facts as f
from services.contract.facts import HelpKind, HelpResult, Outcome, TransferReason
from tests.unit.router.taught import at_work, labels, served
from tests.unit.router.world import (
    DAY,
    HOUR,
    MINUTE,
    World,
    agent,
    call,
    desk,
    email,
    refund,
)


def test_a_settled_contact_is_a_result_that_a_repeat_takes_back() -> None:
    world = at_work()
    served(world, "one", customer="key-of-him")
    settled = labels(world)
    world.wait(HOUR)
    world.give(call("two", customer="key-of-him"))

    assert settled == [1, 0.9]
    assert labels(world) == [1, 0.0]


def test_a_contact_that_nothing_follows_is_a_success_when_the_window_is_over() -> None:
    world = at_work()
    served(world, "one")
    world.wait(8 * DAY)

    assert labels(world)[1] == 1.0
    assert len(world.desk.learned.outcomes.opened) == 0


def test_a_repeat_about_something_else_is_none() -> None:
    world = at_work()
    thread = {"customer": "key-of-him", "thread": "thread"}
    world.give(email("one", "billing", **thread))
    world.resolve("one")
    world.give(email("two", "delivery", **thread))

    assert labels(world) == [1, 0.9]


def test_an_unsettled_contact_is_a_failure_at_once() -> None:
    world = at_work()
    served(world, "one", Outcome.UNRESOLVED)
    world.wait(8 * DAY)

    assert labels(world) == [1, 0.0]


@pytest.mark.parametrize("outcome", [Outcome.SPAM, Outcome.DUPLICATE])
def test_what_was_no_contact_teaches_nothing(outcome: Outcome) -> None:
    world = at_work()
    served(world, "one", outcome)

    assert labels(world) == []


def test_a_customer_who_left_teaches_nothing() -> None:
    world = at_work()
    world.give(call("one"))
    world.tell(call("two"))
    world.tell(f.CallerHungUp(contact_id="two"))

    assert labels(world) == []


def test_a_customer_without_identity_teaches_nothing_for_no_repeat_of_his_could_be_seen() -> None:
    world = at_work()
    served(world, "one", customer="")

    assert labels(world) == []


def test_advice_makes_it_the_owners_failure_though_he_then_settles_it() -> None:
    world = at_work("B")
    contact = world.give(call("one"))
    owner_id, adviser_id = contact.owner_id, {"A": "B", "B": "A"}[contact.owner_id]
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.EXPERT)
    help_id = world.contact("one").help_id
    world.tell(f.HelpAnswered(help_id=help_id, agent_id=adviser_id, result=HelpResult.ADVICE))
    world.resolve("one")
    world.wait(8 * DAY)

    assert labels(world, owner_id) == [1, 0.0]
    assert labels(world, adviser_id) == []


def test_help_that_nobody_gave_leaves_the_owner_his_own_result() -> None:
    world = at_work()
    world.give(call("one"))
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.EXPERT)
    world.tell(
        f.HelpAnswered(help_id=world.contact("one").help_id, agent_id="A", result=HelpResult.CANCELLED)
    )
    world.resolve("one")

    assert labels(world) == [1, 0.9]


def test_after_an_approval_the_result_after_it_counts() -> None:
    world = World(desk(agent("A"), agent("B", topics="delivery", refund=500)))
    world.sign_in("A", "B")
    world.give(call("one", "billing"))
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.APPROVAL, decision_wanted=refund(100))
    world.tell(f.HelpAnswered(help_id=world.contact("one").help_id, agent_id="B", result=HelpResult.GRANTED))
    world.resolve("one")

    assert labels(world) == [1, 0.9]


def test_passing_on_for_want_of_a_right_is_no_result() -> None:
    world = World(desk(agent("A"), agent("B", refund=500)))
    world.sign_in("A")
    world.give(call("one", "refund"))
    world.sign_in("B")
    world.give(call("two", "billing"))
    world.by_owner(f.TransferAsked, "one", reason=TransferReason.LACKS_AUTHORITY, decision_wanted=refund(100))

    assert labels(world) == labels(world, "B") == []


def test_phi_follows_whether_an_approver_was_free() -> None:
    """.6 + .01 (0 - .6), then + .01 (1 - phi)."""
    world = World(desk(agent("A"), agent("B", topics="delivery", refund=500)))
    world.sign_in("A")
    world.give(call("one", "billing"))
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.APPROVAL, decision_wanted=refund(100))
    nobody = world.desk.learned.approver_free
    world.tell(
        f.HelpAnswered(help_id=world.contact("one").help_id, agent_id="A", result=HelpResult.CANCELLED)
    )
    world.sign_in("B")
    world.by_owner(f.HelpAsked, "one", kind=HelpKind.APPROVAL, decision_wanted=refund(90))

    assert nobody == pytest.approx(0.594)
    assert world.desk.learned.approver_free == pytest.approx(0.594 + 0.01 * 0.406)


def test_handle_times_of_calls_make_speeds() -> None:
    world = at_work("B")
    for number in range(30):
        world.tell(call(f"c{number}"))
        owner_id = world.contact(f"c{number}").offered_to_id
        world.accept(f"c{number}")
        world.wait((2 if owner_id == "A" else 6) * MINUTE)
        world.resolve(f"c{number}")
    speed = dict(zip(world.desk.crew.roster.agent_ids, world.desk.crew.beliefs.speed, strict=True))

    assert speed["A"] < 0.9 < 1.1 < speed["B"]


def test_e_mail_says_nothing_of_speed() -> None:
    world = at_work()
    world.give(email("one"))
    world.wait(HOUR)
    world.resolve("one")

    assert not world.desk.learned.speeds.agents

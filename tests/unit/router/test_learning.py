"""What a desk learns of what happens at it, and when it is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import DeskPolicy
from services.contract.facts import DecisionWeight, HelpKind, HelpResult, Outcome, TopicWeight, TransferReason
from services.router.evolve.learning import PUBLISHED_EVERY_MS
from services.router.explain import describe
from services.router.learned import NEW_FOR_MS, held_back
from services.router.log.canonical import canonical, digest
from services.router.log.fold import fold
from services.router.model import PartitionState, changed
from services.router.policy.board import Board
from services.router.policy.hazard import GammaPatience
from services.router.policy.memory import VALUE
from services.router.policy.patience import LEFT_MIN, NO_WAITS, FittedPatience, Waits
from tests.unit.router.world import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    World,
    agent,
    call,
    desk,
    email,
    only,
    refund,
)


def at_work(*others: str, policy: DeskPolicy | None = None) -> World:
    """A at a desk of three topics; `others` are signed in too."""
    configured = desk(agent("A"), *[agent(one) for one in others])
    world = World(replace(configured, policy=policy))
    world.sign_in("A", *others)
    return world


def labels(world: World, agent_id: str = "A") -> list[float]:
    """Number of results, and their mean label."""
    sums = world.desk.learned.skills.agents.get(agent_id)
    if sums is None:
        return []
    weight = world.desk.learned.today(world.now_ms)
    return [round(sums.n / weight), round(sums.s / sums.n / VALUE, 3)]


def served(world: World, contact_id: str, outcome: Outcome = Outcome.RESOLVED, **changes: str) -> None:
    """A call that is taken at once and ends after four minutes."""
    world.give(call(contact_id, **changes))
    world.wait(4 * MINUTE)
    world.resolve(contact_id, outcome)


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


# --- publication ---------------------------------------------------------------------------------------------


def test_what_is_learned_is_believed_at_most_once_a_minute() -> None:
    world = at_work()
    first = world.desk.crew.beliefs.version
    world.give(call("one"))
    world.wait(20 * SECOND)
    world.resolve("one", Outcome.UNRESOLVED)
    too_early = world.desk.crew.beliefs.version
    world.give(call("two"))
    world.wait(PUBLISHED_EVERY_MS)
    world.resolve("two", Outcome.UNRESOLVED)

    assert (first, too_early, world.desk.crew.beliefs.version) == (0, 0, 1)
    assert world.desk.crew.beliefs.resolves[0][0] < 0.75
    assert world.desk.crew.beliefs is world.desk.learned.beliefs


def test_the_first_beliefs_are_those_of_the_configuration() -> None:
    world = World(desk(agent("A", billing=0.9), agent("B", topics="delivery")))
    beliefs, configured = world.desk.crew.beliefs, world.desk.crew.roster.configured_beliefs()

    for found, expected in zip(beliefs.resolves, configured.resolves, strict=True):
        assert found == pytest.approx(expected)
    assert beliefs.handle_seconds.tolist() == configured.handle_seconds.tolist()
    assert beliefs.spread[0][0] == pytest.approx((0.9 * 0.1 / 60) ** 0.5)


def test_published_chances_are_those_of_the_counts() -> None:
    """The arrays of the board and the maps of counts say the same."""
    world = lived_through(at_work("B", "C"), 40)
    learned, roster = world.desk.learned, world.desk.crew.roster
    board = Board.of(learned.board.configured, learned.skills, learned.speeds) if learned.board else None
    assert board is not None
    today = learned.today(world.now_ms)
    fresh = board.beliefs(
        learned.skills, learned.speeds, learned.strengths, today, version=0, approver_free=0.5
    )
    for at, topic in enumerate(roster.desk.topics):
        for row, agent_id in enumerate(roster.agent_ids):
            before = board.before(agent_id, topic.topic_id)
            assert before is not None
            p, spread = learned.skills.chance(agent_id, topic.topic_id, before, learned.strengths, today)
            assert (fresh.resolves[at][row], fresh.spread[at][row]) == pytest.approx((p, spread), abs=2e-9)


def test_a_board_brought_up_step_by_step_is_the_one_made_anew() -> None:
    world = lived_through(at_work("B", "C"), 60)
    world.wait(2 * MINUTE)
    served(world, "last")
    learned = world.desk.learned
    assert learned.board is not None
    fresh = Board.of(learned.board.configured, learned.skills, learned.speeds)

    assert not learned.cells_touched
    assert [row.tolist() for row in learned.board.cells] == [row.tolist() for row in fresh.cells]
    assert learned.board.agents.tolist() == fresh.agents.tolist()


def test_a_replay_learns_the_same_to_the_byte() -> None:
    world = lived_through(at_work("B", "C"), 60)
    state = PartitionState.empty()
    for record in world.records:
        state = fold(state, record).state

    assert canonical(state) == canonical(world.state)
    assert state.desks["acme"].learned.beliefs is not None
    assert state.desks["acme"].learned.beliefs.version > 5


def test_nothing_is_learned_where_the_configuration_is_the_truth() -> None:
    world = lived_through(at_work("B", policy=DeskPolicy(strength_cell=1e6)), 30)

    assert labels(world) == []
    assert world.desk.crew.beliefs.resolves[0].tolist() == [0.8, 0.8]


# --- patience ------------------------------------------------------------------------------------------------


def left_and_answered(world: World) -> None:
    """A call that is taken after 7 s, then two that nobody is free for, one of a loyal customer."""
    world.tell(call("taken"))
    world.wait(7 * SECOND)
    world.accept("taken")
    world.tell(call("other"))
    world.tell(call("loyal", tier="loyal"))
    world.wait(12 * SECOND)
    world.tell(f.CallerHungUp(contact_id="other"))
    world.tell(f.CallerHungUp(contact_id="loyal"))


def test_waits_are_counted_by_how_they_ended_and_by_tier() -> None:
    world = at_work()
    left_and_answered(world)
    others, loyal = world.desk.learned.waits

    assert (others.gone, others.left[2], others.answered[1], sum(others.answered)) == (1, 1, 1, 1)
    assert (loyal.gone, loyal.left[2], sum(loyal.answered)) == (1, 1, 0)


def test_a_replay_counts_the_same_waits_and_the_digest_holds_them() -> None:
    world = at_work()
    left_and_answered(world)
    state = PartitionState.empty()
    for record in world.records:
        state = fold(state, record).state
    there = state.desks["acme"]
    without = changed(there, learned=replace(there.learned, waits=(NO_WAITS, NO_WAITS)))

    assert canonical(state) == canonical(world.state)
    assert digest(changed(state, desks=state.desks.set("acme", without))) != digest(world.state)


def test_the_patience_of_a_tier_is_believed_from_five_hundred_who_left_on() -> None:
    world = at_work()
    for gone, believed in ((LEFT_MIN - 1, False), (LEFT_MIN, True)):
        waits = Waits(gone, (0, 0, gone, *NO_WAITS.left[3:]), (0, 0, 0, 9_000, *NO_WAITS.answered[4:]))
        there = changed(world.desk, learned=replace(world.desk.learned, waits=(NO_WAITS, waits)))
        world.state = changed(world.state, desks=world.state.desks.set("acme", there))
        world.wait(PUBLISHED_EVERY_MS)
        served(world, f"c{gone}", Outcome.UNRESOLVED)
        others, loyal = world.desk.crew.patience

        assert isinstance(others, GammaPatience)
        assert isinstance(loyal, FittedPatience) is believed


def test_where_the_configuration_is_the_truth_no_wait_is_counted() -> None:
    world = at_work(policy=DeskPolicy(strength_cell=1e6))
    left_and_answered(world)

    assert world.desk.learned.waits == (NO_WAITS, NO_WAITS)


# --- configuration -------------------------------------------------------------------------------------------


def test_a_new_configuration_keeps_what_is_known_by_agent_and_topic() -> None:
    world = at_work()
    for number in range(20):
        served(world, f"c{number}", Outcome.UNRESOLVED)
    world.wait(MINUTE)
    served(world, "last", Outcome.UNRESOLVED)
    before = world.desk.crew.beliefs
    configured = desk(agent("0"), agent("A"), agent("Z"))
    topics = (configured.topics[2], configured.topics[0], configured.topics[1])
    world.tell(f.DeskConfigured(desk=replace(configured, topics=topics)))
    after, roster = world.desk.crew.beliefs, world.desk.crew.roster

    assert roster.agent_ids == ("0", "A", "Z")
    assert after.resolves[1][1] == before.resolves[0][0]
    assert after.resolves[1][1] < after.resolves[1][2]


def test_a_newcomer_starts_a_little_below_and_a_little_slower() -> None:
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("N", speed=0.0), agent("S", billing=0.9))))
    beliefs = world.desk.crew.beliefs

    assert beliefs.resolves[1].tolist() == pytest.approx([0.7, 0.67, 0.67])
    assert beliefs.resolves[0][2] == pytest.approx(0.9)
    assert beliefs.speed.tolist() == pytest.approx([1.0, 1.15, 1.0])


def test_a_newcomer_is_held_back_at_three_fifths_of_the_mean_load_for_three_days() -> None:
    """Signed in beside A: of 10 contacts each would get 5; the newcomer may have 1 + .6 x 5 = 4."""
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("N"))))
    world.sign_in("N")
    taken = []
    for number in range(10):
        contact = world.give(call(f"c{number}"))
        taken.append(contact.owner_id)
        world.wait(MINUTE)
        world.resolve(f"c{number}")
    newcomer = world.desk.learned.newcomers["N"]
    back = held_back(world.desk.learned, world.now_ms)

    assert newcomer.taken == taken.count("N")
    assert (back == {"N"}) is (newcomer.taken >= 4)
    assert held_back(world.desk.learned, world.now_ms + NEW_FOR_MS) == frozenset()


def test_others_go_first_once_a_newcomer_has_had_its_share() -> None:
    """N is best. Of two calls each of three agents got 2/3 on average: N may have 1 + .6 x 2/3 = 1.4, and had two."""
    world = at_work("B")
    world.tell(f.DeskConfigured(desk=desk(agent("A"), agent("B"), agent("N", billing=0.99))))
    world.sign_in("N")
    owners = []
    for number in range(3):
        owners.append(world.give(call(f"c{number}")).owner_id)
        world.wait(MINUTE)
        world.resolve(f"c{number}")
    offered = only(world.tell(call("next")), d.Offered)

    assert owners[:2] == ["N", "N"]
    assert offered.agent_id != "N"
    assert [(one.rule, one.agents) for one in offered.explanation.exclusions] == [("newcomer", 1)]
    assert "1 is new and has had its share" in describe(offered)


def test_a_newcomer_gets_what_nobody_else_can_take() -> None:
    world = at_work()
    world.tell(f.DeskConfigured(desk=desk(agent("A", topics="delivery"), agent("N"))))
    world.sign_in("N")
    for number in range(4):
        assert world.give(call(f"c{number}")).owner_id == "N"
        world.resolve(f"c{number}")

    assert world.desk.learned.held_ids == ("N",)


def test_those_who_were_there_from_the_start_are_no_newcomers() -> None:
    assert not at_work("B").desk.learned.newcomers


# --- needs ---------------------------------------------------------------------------------------------------


def unstated(amount: int) -> f.DecisionWanted:
    return replace(refund(amount), stated=False)


def chances(world: World, contact_id: str) -> dict[int, float]:
    return {part.level: part.weight for part in world.contact(contact_id).opened.need.levels}  # type: ignore[union-attr]


def test_words_that_point_at_a_level_shift_the_need_there_without_making_it_known() -> None:
    """P(2) = .2 x .8 / (.2 x .8 + .8 x .2/3) = .75."""
    world = at_work()
    world.tell(email("one", "refund", wanted=unstated(100)))
    need = world.contact("one").need

    assert (need.known, need.least_level, need.signal_level) == (False, 0, 3)
    assert chances(world, "one")[2] == pytest.approx(0.75, abs=1e-4)


def test_the_likeliest_of_several_decisions_points_at_its_level() -> None:
    world = at_work()
    likely = (
        DecisionWeight(decision=unstated(400), weight=0.6),
        DecisionWeight(decision=unstated(10), weight=0.3),
    )
    world.tell(email("one", "refund", decisions_needed=likely))

    assert world.contact("one").need.signal_level == 4


def test_decisions_that_are_likely_not_needed_point_at_none() -> None:
    world = at_work()
    world.tell(email("one", "refund", decisions_needed=(DecisionWeight(decision=unstated(400), weight=0.2),)))

    assert world.contact("one").need.signal_level == 1
    assert chances(world, "one")[0] > 0.8


def test_a_decision_without_an_amount_points_at_no_level() -> None:
    world = at_work()
    world.tell(email("one", "refund", wanted=unstated(0)))

    assert world.contact("one").need.signal_level == 0
    assert chances(world, "one")[0] == pytest.approx(0.4)


def test_levels_that_were_really_used_teach_what_a_topic_needs() -> None:
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(20):
        world.give(call(f"c{number}", "refund", wanted=unstated(20)))
        world.by_owner(f.AuthorityUsed, f"c{number}", decision=refund(100))
        world.resolve(f"c{number}")
    world.tell(email("later", "refund"))

    assert chances(world, "later")[2] == pytest.approx((40 * 0.2 + 20) / 60, abs=1e-4)
    assert world.desk.learned.levels.signal_chance(1, 2, 4, world.desk.learned.today(world.now_ms)) > 0.3


def test_settled_in_silence_shows_no_level_at_a_desk_that_records_none() -> None:
    """The agent may grant 500 EUR, so silence says only that this was enough."""
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(60):
        served(world, f"c{number}", topic="refund")
    world.tell(email("later", "refund"))

    assert chances(world, "later") == pytest.approx({0: 0.4, 1: 0.3, 2: 0.2, 3: 0.1})


def test_settled_in_silence_means_level_nought_at_a_desk_that_records_what_it_uses() -> None:
    """20 of 40 took level 1 by the record, the others none."""
    world = World(desk(agent("A", refund=500)))
    world.sign_in("A")
    for number in range(20):
        served(world, f"silent{number}", topic="refund")
        world.give(call(f"told{number}", "refund"))
        world.by_owner(f.AuthorityUsed, f"told{number}", decision=refund(20))
        world.resolve(f"told{number}")
    world.tell(email("later", "refund"))

    expected = {0: (40 * 0.4 + 20) / 80, 1: (40 * 0.3 + 20) / 80, 2: 0.1, 3: 0.05}
    assert chances(world, "later") == pytest.approx(expected, abs=1e-4)


def test_a_wrong_topic_keeps_what_the_words_pointed_at() -> None:
    world = World(desk(agent("A", topics="billing"), agent("B", topics="refund", refund=500)))
    world.sign_in("A")
    world.give(email("one", "", topics=(TopicWeight(topic_id="billing", weight=1.0),), wanted=unstated(100)))
    world.sign_in("B")
    world.by_owner(f.TransferAsked, "one", reason=TransferReason.WRONG_TOPIC, topic_id="refund")
    need = world.contact("one").need

    assert need.signal_level == 3
    assert max(need.levels, key=lambda part: part.weight).level == 2


def lived_through(world: World, contacts: int) -> World:
    """Days of calls and e-mail with every kind of ending and some repeats."""
    rng = np.random.default_rng(7)
    endings = [Outcome.RESOLVED, Outcome.RESOLVED, Outcome.RESOLVED, Outcome.UNRESOLVED, Outcome.UNSTATED]
    for number in range(contacts):
        body = (call, email)[int(rng.integers(2))]
        topic = ("billing", "delivery", "refund")[int(rng.integers(3))]
        world.tell(body(f"n{number}", topic, customer=f"key-{rng.integers(contacts // 2)}"))
        world.accept(f"n{number}")
        world.wait(int(rng.integers(20, 900)) * SECOND)
        world.resolve(f"n{number}", endings[int(rng.integers(len(endings)))])
        world.wait(int(rng.integers(0, 5)) * HOUR)
    return world

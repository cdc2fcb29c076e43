"""Prices and forecasts as facts: refused, in force, kept with their groups, and the same from the log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.contract.desk import Desk, DeskPolicy
from services.contract.facts import (
    DeskConfigured,
    ForecastRow,
    ForecastSet,
    GroupPrice,
    PricesSet,
    PricesSource,
)
from services.router.demand import Demand, demands, program
from services.router.explain import describe
from services.router.groups import Groups
from services.router.log.canonical import canonical
from services.router.log.fold import fold
from services.router.model import PartitionState
from services.router.policy.forecast import ClassKey
from services.router.policy.prices import in_force, solve
from services.router.policy.settings import DEFAULTS
from services.router.roster import Roster
from tests.unit.router.world import (
    HOUR,
    MINUTE,
    World,
    agent,
    call,
    chat,
    desk,
    email,
    names,
    only,
    refund,
    refusal,
)


def team() -> Desk:
    """Two who may not refund, two who may; one of each speaks German too."""
    return desk(
        agent("ana"),
        agent("bor", languages="en de"),
        agent("cem", refund=500),
        agent("dan", refund=500, languages="en de"),
    )


def priced_alike(configured: Desk) -> Desk:
    """The desk as if it had too many agents for prices of their own."""
    return replace(configured, policy=DeskPolicy(own_price_agents=0))


def world(configured: Desk | None = None) -> World:
    one = World(configured or team())
    one.sign_in("ana", "bor", "cem", "dan")
    return one


def group(one: World, agent_id: str) -> str:
    groups = one.desk.groups
    return str(groups.keys[groups.group_of[one.desk.crew.roster.agent_ids.index(agent_id)]])


def prices(one: World, epoch: int, **of_agent: float) -> PricesSet:
    parts = tuple(GroupPrice(group=group(one, name), price=price) for name, price in of_agent.items())
    return PricesSet(epoch=epoch, prices=parts, source=PricesSource.PROGRAM, status="optimal")


def five() -> Desk:
    """a and b are alike."""
    return desk(
        agent("a", refund=60),
        agent("b", refund=90, capacity=200, speed=0.5, billing=0.9),
        agent("c", refund=200),
        agent("d", "billing", refund=60),
        agent("e", languages="de", refund=60),
    )


def test_agents_of_a_large_desk_are_one_group_by_certificates_languages_and_rights() -> None:
    groups = Groups(Roster(replace(five(), policy=DeskPolicy(own_price_agents=4))))

    assert groups.group_of[0] == groups.group_of[1]
    assert len(set(groups.group_of.tolist())) == len(groups.keys) == 4
    assert groups.alike_of.tolist() == list(range(4))


def test_each_agent_of_a_smaller_one_is_a_group_that_is_priced_alone() -> None:
    groups = Groups(Roster(replace(five(), policy=DeskPolicy(own_price_agents=5))))
    prices = {groups.keys[groups.group_of[1]]: 0.5}

    assert len(set(groups.group_of.tolist())) == len(groups.keys) == 5
    assert groups.tariff(1, prices).of_agent.tolist() == [0.0, 0.5, 0.0, 0.0, 0.0]


def test_prices_of_agents_alike_hold_for_each_of_them_until_it_has_its_own() -> None:
    """A log from before agents had their own prices, and a replica of that version beside this one."""
    alike, own = (Groups(Roster(replace(five(), policy=DeskPolicy(own_price_agents=n)))) for n in (0, 5))
    one = world(five())
    one.sign_in("a", "b", "c", "d", "e")
    old = GroupPrice(group=alike.keys[alike.group_of[0]], price=0.75)
    one.tell(PricesSet(epoch=1, prices=(old,)))

    assert own.knows(old.group)
    assert one.desk.crew.tariff.of_agent.tolist() == [0.75, 0.75, 0.0, 0.0, 0.0]


def test_a_desk_that_has_grown_too_large_for_own_prices_keeps_their_mean() -> None:
    one = world(replace(five(), policy=DeskPolicy(own_price_agents=5)))
    one.sign_in("a", "b", "c", "d", "e")
    one.tell(prices(one, 1, a=0.5, b=1.0, c=0.25))
    one.tell(DeskConfigured(desk=replace(five(), policy=DeskPolicy(own_price_agents=4))))

    assert one.desk.crew.tariff.of_agent.tolist() == [0.75, 0.75, 0.25, 0.0, 0.0]


def test_how_busy_an_agent_is_counts_with_those_alike() -> None:
    groups = Groups(Roster(five()))
    units = np.array([100.0, 200.0, 0.0, 100.0, 100.0])
    shares = groups.busy_shares(np.array([100.0, 50.0, 0.0, 100.0, 0.0]), units)

    assert shares[groups.group_of].tolist() == [0.5, 0.5, 0.0, 1.0, 0.0]


def test_prices_are_in_force_for_the_agents_of_their_groups() -> None:
    one = world()
    told = one.tell(prices(one, 1, cem=0.5, dan=1.25))

    assert names(told) == ["PricesApplied"]
    assert one.desk.crew.tariff.of_agent.tolist() == [0.0, 0.0, 0.5, 1.25]
    assert (one.desk.crew.tariff.epoch, one.desk.crew.tariff.highest) == (1, 1.25)
    assert describe(told.events[0]) == "prices of epoch 1 are in force, the highest 1.25/s (program)"


def test_what_a_new_tariff_does_not_name_is_free() -> None:
    one = world()
    one.tell(prices(one, 1, cem=0.5))
    one.tell(prices(one, 2, dan=0.25))

    assert one.desk.crew.tariff.of_agent.tolist() == [0.0, 0.0, 0.0, 0.25]


def test_an_epoch_that_does_not_rise_is_refused() -> None:
    one = world()
    one.tell(prices(one, 5, cem=0.5))

    for epoch in (5, 4, 0, -1):
        assert refusal(one.tell(prices(one, epoch, cem=1.0))) == "stale_epoch"
    assert one.desk.crew.tariff.of_agent.tolist() == [0.0, 0.0, 0.5, 0.0]


@pytest.mark.parametrize("price", [-0.01, 20.01, float("nan"), float("inf")])
def test_a_price_out_of_bounds_is_rejected_whole(price: float) -> None:
    one = world()

    assert names(one.tell(prices(one, 1, ana=0.5, cem=price))) == ["FactRejected"]
    assert one.desk.prices.epoch == 0


def test_a_group_named_twice_is_rejected() -> None:
    one = world()
    twice = replace(prices(one, 1, cem=0.5), prices=prices(one, 1, cem=0.5).prices * 2)

    assert names(one.tell(twice)) == ["FactRejected"]


def test_prices_of_unknown_groups_are_left_out() -> None:
    one = world()
    strange = replace(prices(one, 1), prices=(GroupPrice(group="Marker", price=1.0),))

    assert only(one.tell(strange), type(one.tell(prices(one, 2)).events[0])).prices == ()


def test_prices_stay_with_their_groups_through_a_new_configuration_and_presence() -> None:
    one = world(priced_alike(team()))
    one.tell(prices(one, 1, cem=0.5, dan=1.25))
    more = replace(priced_alike(team()), agents=(agent("abe", refund=500), *team().agents))
    one.tell(DeskConfigured(desk=more))
    one.sign_in("abe")

    assert one.desk.crew.tariff.of_agent.tolist() == [0.5, 0.0, 0.0, 0.5, 1.25]
    assert one.desk.crew.tariff.epoch == 1


def test_own_prices_stay_with_their_agents_and_who_is_new_is_free_until_the_next_tariff() -> None:
    one = world()
    one.tell(prices(one, 1, cem=0.5, dan=1.25))
    more = replace(team(), agents=(agent("abe", refund=500), *team().agents))
    one.tell(DeskConfigured(desk=more))
    one.sign_in("abe")

    assert one.desk.crew.tariff.of_agent.tolist() == [0.0, 0.0, 0.0, 0.5, 1.25]


def test_of_agents_alike_the_one_who_resolves_more_is_dearer() -> None:
    one = World(desk(agent("less", billing=0.5), agent("more", billing=0.9)))
    one.sign_in("less", "more")
    one.tell(ForecastSet(rows=(row(one, "billing", 30),)))
    found = solved(one)

    assert found["more"] > found["less"]


def test_a_replay_gives_the_same_tariff_byte_for_byte() -> None:
    one = world()
    one.tell(call("c1"))
    one.tell(prices(one, 1, ana=0.1, cem=0.7))
    one.tell(chat("c2", "refund"))
    one.tell(prices(one, 2, ana=0.3, dan=1 / 3))
    state = PartitionState.empty()
    for record in one.records:
        state = fold(state, record).state

    again = state.desks["acme"]
    assert again.crew.tariff.of_agent.tobytes() == one.desk.crew.tariff.of_agent.tobytes()
    assert canonical(state) == canonical(one.state)


def test_arrivals_are_counted_by_class_and_repeats_are_not() -> None:
    one = world()
    one.tell(call("c1", customer="k1"))
    one.tell(call("c2", customer="k1"))
    one.tell(call("c3", "refund", wanted=refund(100)))
    one.tell(chat("c4", "refund", complaint=True))
    found = {
        (key.topic_id, key.least_level, key.complaint): count.units
        for key, count in one.desk.arrivals.classes.items()
    }

    assert found == {("billing", 0, False): 100, ("refund", 2, False): 100, ("refund", 0, True): 20}


def test_demand_is_the_forecast_with_repeats_and_the_backlog() -> None:
    """One call came and waits, as nobody speaks Telugu: 1/900 x 1.12 + 1/300 per second."""
    one = world()
    one.tell(call("c1", language="te"))
    (found,) = demands(one.desk, one.now_ms)

    assert found.rate == pytest.approx(1.12 / 900 + 1 / 300)


def test_backlog_that_may_wait_is_spread_over_its_target() -> None:
    """An e-mail is half a call; four hours are its target."""
    one = world()
    one.tell(email("c1", language="te"))
    (found,) = demands(one.desk, one.now_ms)

    assert found.rate == pytest.approx(0.5 * (1.12 / 900 + 1 / 14_400))


def row(one: World, topic: str, per_hour: float, language: str = "", from_ms: int = 0) -> ForecastRow:
    return ForecastRow(
        topic_id=topic,
        language=language,
        from_at_ms=one.now_ms + from_ms,
        until_at_ms=one.now_ms + from_ms + HOUR,
        contacts_per_hour=per_hour,
    )


def by_topic(one: World, at_ms: int) -> dict[str, float]:
    """Contacts per second without repeats."""
    found: dict[str, float] = {}
    for each in demands(one.desk, at_ms):
        found[each.key.topic_id] = found.get(each.key.topic_id, 0.0) + each.rate / 1.12
    return found


def test_a_forecast_takes_the_place_of_what_came_where_it_says_something() -> None:
    one = world()
    one.give(call("c1"))
    one.give(call("c2", "delivery"))
    one.tell(
        ForecastSet(
            rows=(row(one, "billing", 36), row(one, "refund", 72), row(one, "delivery", 9, from_ms=HOUR))
        )
    )
    found = by_topic(one, one.now_ms)

    assert found == pytest.approx({"billing": 0.01, "refund": 0.02, "delivery": 1 / 900})
    assert "refund" not in by_topic(one, one.now_ms + 2 * HOUR)


def test_the_first_contacts_say_little_of_a_forecast_s_mix() -> None:
    """One complaint came: it counts as 4 of 14 (a quarter hour's rate for an hour, beside ten of the priors)."""
    one = world()
    one.give(call("c1", complaint=True))
    one.tell(ForecastSet(rows=(row(one, "billing", 36),)))
    found = {each.key.complaint: each.rate / 1.12 for each in demands(one.desk, one.now_ms)}

    assert found == pytest.approx({True: 0.01 * 4 / 14, False: 0.01 * 10 / 14})


def test_a_wrong_forecast_is_rejected_with_all_its_faults() -> None:
    one = world()
    wrong = (
        row(one, "unheard of", 1),
        replace(row(one, "billing", 1), until_at_ms=one.now_ms),
        row(one, "billing", float("nan")),
        row(one, "billing", 1, "Marker"),
    )
    told = one.tell(ForecastSet(rows=wrong))

    assert names(told) == ["FactRejected"]
    assert told.reply is not None and told.reply.detail.count("rows[") == 4
    assert one.desk.forecast == ()


def solved(one: World) -> dict[str, float]:
    """Price by agent, from what the desk expects now."""
    crew = one.desk.crew
    made = program(one.desk.groups, crew.available, crew.beliefs, DEFAULTS, demands(one.desk, one.now_ms))
    new = in_force(
        solve(made, DEFAULTS).price, np.zeros(made.agents.size), replace(DEFAULTS, price_smoothing=1.0)
    )
    return dict(zip(crew.roster.agent_ids, new[one.desk.groups.group_of].tolist(), strict=True))


def test_the_empowered_become_dear_when_what_only_they_may_do_comes() -> None:
    one = world()
    one.tell(ForecastSet(rows=(row(one, "billing", 20),)))
    quiet = solved(one)
    for number in range(8):
        one.tell(call(f"c{number}", "refund", wanted=refund(400)))
    busy = solved(one)

    assert set(quiet.values()) == {0.0}
    assert busy["ana"] == busy["bor"] == 0.0
    assert busy["cem"] > 0.5 and busy["dan"] > 0.5


def test_a_level_that_nobody_at_work_reaches_is_not_asked_for() -> None:
    one = World(team())
    one.sign_in("ana")
    one.tell(call("c1", "refund", wanted=refund(400)))
    crew = one.desk.crew
    made = program(one.desk.groups, crew.available, crew.beliefs, DEFAULTS, demands(one.desk, one.now_ms))

    assert made.edge_class.size == 4
    assert made.agents.sum() == 1.0


def test_classes_that_are_alike_to_the_program_are_one() -> None:
    """Nobody tells English and an unknown language apart here, and nobody but two German."""
    one = world()
    for number, language in enumerate(("en", "", "de")):
        one.tell(call(f"c{number}", language=language))
    crew = one.desk.crew
    wanted = demands(one.desk, one.now_ms)
    made = program(one.desk.groups, crew.available, crew.beliefs, DEFAULTS, wanted)

    assert len(wanted) == 3
    assert made.rate.size == 2
    assert made.rate.sum() == pytest.approx(sum(each.rate for each in wanted))


def test_the_program_needs_no_more_than_rates_of_classes() -> None:
    """As a simulator asks it: known rates, nothing counted."""
    one = world()
    known = [Demand(ClassKey("refund", "en", False, "refund", "EUR", 0, 3), ((3, 1.0),), 10 / MINUTE)]
    made = program(one.desk.groups, one.desk.crew.available, one.desk.crew.beliefs, DEFAULTS, known)

    assert made.edge_cost.max() == pytest.approx(300 + 1200)
    assert made.edge_cost.min() == pytest.approx(300 + 0.25 * 1200)

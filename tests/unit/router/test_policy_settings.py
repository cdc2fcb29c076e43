"""The policy's settings: the defaults where a desk says nothing, the desk's where it does, 0 where it says 0."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from frontdesk.v1 import desk_pb2
from services.contract.desk import DeskPolicy
from services.contract.facts import AgentSignedIn, AgentStateChanged, CustomerRef, Presence
from services.router.policy.settings import DEFAULTS, SETTINGS, PolicySettings, from_desk
from tests.unit.router.world import DAY, HOUR, MINUTE, World, agent, call, desk, refusal

DESK = desk(agent("A"))


def test_a_desk_may_set_every_setting_under_the_same_name() -> None:
    assert [part.name for part in fields(DeskPolicy)] == [part.name for part in fields(PolicySettings)]
    assert list(SETTINGS) == [part.name for part in fields(PolicySettings) if part.name != "loyal_tiers"]


def test_every_default_is_within_its_range_and_says_what_it_means() -> None:
    for name, said in SETTINGS.items():
        assert said.low <= getattr(DEFAULTS, name) <= said.high, name
        assert said.meaning, name
        whole = desk_pb2.DeskPolicy.DESCRIPTOR.fields_by_name[name].cpp_type in (1, 2)
        assert whole == isinstance(getattr(DEFAULTS, name), int), name


def test_without_a_policy_the_defaults_hold() -> None:
    assert from_desk(DESK) is DEFAULTS
    assert from_desk(replace(DESK, policy=DeskPolicy())) == DEFAULTS


def test_zero_is_a_value_and_not_an_absence() -> None:
    policy = DeskPolicy(idle_cs=0.0, hold_phone_ms=0, price_max=0.0)
    settings = World(replace(DESK, policy=policy)).desk.crew.settings

    assert (settings.idle_cs, settings.hold_phone_ms, settings.price_max) == (0.0, 0, 0.0)
    assert replace(settings, idle_cs=0.3, hold_phone_ms=20_000, price_max=20.0) == DEFAULTS


def test_what_an_older_version_allowed_is_brought_to_the_nearest_bound() -> None:
    policy = DeskPolicy(idle_cs=-1.0, weight_max=1e9, strength_cell=float("nan"))
    settings = from_desk(replace(DESK, policy=policy))

    assert (settings.idle_cs, settings.weight_max) == (0.0, SETTINGS["weight_max"].high)
    assert settings.strength_cell == DEFAULTS.strength_cell


def test_the_end_of_the_shift_comes_with_the_sign_in_and_goes_with_the_sign_out() -> None:
    world = World(DESK)
    ends = world.now_ms + 4 * HOUR
    world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=ends))
    assert world.desk.agents["A"].shift_ends_at_ms == ends

    world.tell(AgentStateChanged(agent_id="A", presence=Presence.BREAK))
    assert world.desk.agents["A"].shift_ends_at_ms == ends
    world.tell(AgentStateChanged(agent_id="A", presence=Presence.OFFLINE))
    assert world.desk.agents["A"].shift_ends_at_ms == 0


def test_a_second_sign_in_may_move_the_end_of_the_shift_and_nothing_else() -> None:
    world = World(DESK)
    world.tell(AgentSignedIn(agent_id="A"))
    before = world.desk.agents["A"]
    world.wait(MINUTE)
    ends = world.now_ms + HOUR
    world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=ends))

    assert world.desk.agents["A"] == replace(before, shift_ends_at_ms=ends)


def test_a_shift_that_is_over_already_says_nothing() -> None:
    world = World(DESK)
    world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=world.now_ms - 1))

    assert world.desk.agents["A"].shift_ends_at_ms == 0


def test_a_shift_ends_within_a_week() -> None:
    world = World(DESK)
    ends = world.now_ms + 7 * DAY + 1

    assert refusal(world.tell(AgentSignedIn(agent_id="A", shift_ends_at_ms=ends))) == "malformed"
    assert world.desk.agents["A"].presence is Presence.OFFLINE


@pytest.mark.parametrize(
    ("tier", "policy", "weight"),
    [
        ("loyal", None, 1.3),
        ("regular", None, 1.0),
        ("", None, 1.0),
        ("gold", DeskPolicy(loyal_tiers=("gold", "platinum"), weight_loyal=1.5), 1.5),
        ("loyal", DeskPolicy(loyal_tiers=("gold",)), 1.0),
        ("loyal", DeskPolicy(weight_max=1.1), 1.1),
    ],
)
def test_a_loyal_customer_weighs_more(tier: str, policy: DeskPolicy | None, weight: float) -> None:
    world = World(replace(DESK, policy=policy))
    world.tell(replace(call("c"), customer=CustomerRef(type="phone", value="+1", key="k", tier=tier)))

    contact = world.contact("c")
    assert contact.tier == tier
    assert contact.lane is not None and contact.lane.weight == weight

"""A desk's configuration: read exactly, refused whole, every fault at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.contract.desk import (
    AuthorityRule,
    Desk,
    DeskLimits,
    DeskPolicy,
    Grant,
    MentionRule,
    Queue,
    Skill,
    Topic,
)
from services.router.desks import config as desk_config
from services.router.desks.config import DeskFaults, faults, load_toml
from services.router.desks.faults import MENDS_MAX
from services.router.limits import DEFAULTS, with_defaults
from services.router.policy.settings import DEFAULTS as POLICY_DEFAULTS
from services.router.policy.settings import SETTINGS
from tests.unit.router.world import agent, desk

GOOD = desk(agent("A", refund=50), agent("B", unlimited=True))


def documented() -> str:
    """The example of the module's docstring."""
    text = desk_config.__doc__ or ""
    lines = text.splitlines()[lines_before(text) :]
    return "\n".join(line.removeprefix("    ") for line in lines)


def lines_before(text: str) -> int:
    return next(index for index, line in enumerate(text.splitlines()) if line.startswith("    desk_id"))


def test_the_documented_example_is_a_desk() -> None:
    read = load_toml(documented())

    assert read.desk_id == "acme"
    assert read.authority == (
        AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000, 15_000, 50_000)),
    )
    (person,) = read.agents
    assert person.grants == (
        Grant(decision_type="refund", limit_minor=15_000, currency="EUR"),
        Grant(decision_type="goodwill", unlimited=True),
    )
    assert (person.capacity_units, person.speed_factor) == (100, 0.95)
    assert read.limits is not None
    assert (read.limits.target_phone_ms, read.limits.missed_offers_max) == (40_000, 2)


@pytest.mark.parametrize(
    ("written", "minor"), [('"150.00"', 15_000), ("150", 15_000), ("0.1", 10), ('"19.99"', 1_999)]
)
def test_amounts_are_exact(written: str, minor: int) -> None:
    text = documented()
    read = load_toml(text.replace('limit = "150.00"', f"limit = {written}"))

    assert read.agents[0].grants[0].limit_minor == minor


def test_rules_for_mentions_are_read_and_their_faults_told_together() -> None:
    (rule,) = load_toml(documented()).mention_rules
    assert (rule.kinds, rule.media, rule.stars_at_most) == (("review",), ("trustpilot",), 3)
    assert rule.complaint and rule.asks

    foul = MentionRule(kinds=("like",), media=("X!",), languages=("german",), topic_ids=("moon",))
    found = faults(replace(GOOD, mention_rules=(foul, MentionRule(stars_at_most=6), MentionRule())))

    assert [str(fault) for fault in found if fault.path.startswith("mention_rules[0]")] == [
        "mention_rules[0].kinds: unknown kind 'like'; there are mention, review",
        "mention_rules[0].media: 'X!' is no medium; those are words like trustpilot",
        "mention_rules[0].languages: 'german' is no ISO 639 code like en",
        "mention_rules[0].topic_ids: unknown topic 'moon'; there are billing, delivery, refund",
    ]
    assert [fault.path for fault in found if "[0]" not in fault.path] == [
        "mention_rules[1].stars_at_most",
        "mention_rules[2]",
    ]


def test_a_flag_of_a_rule_is_true_or_false() -> None:
    with pytest.raises(DeskFaults) as told:
        load_toml(documented().replace("complaint = true", 'complaint = "yes"'))

    assert "mention_rules[0].complaint: must be true or false" in told.value.found


def test_every_fault_is_told_at_once() -> None:
    text = """
    desk_id = ""
    colour = "blue"
    [[topics]]
    id = "refund"
    level_priors = [0.5, 0.4]
    [[queues]]
    id = "q"
    topics = ["moon"]
    channels = ["fax"]
    [[authority]]
    decision = "refund"
    limits = ["50.00", "20.00", "1.005"]
    [[agents]]
    id = "A"
    capacity = 0
    speed = "fast"
    grants = [{ decision = "refund", limit = "-5" }]
    [[agents]]
    id = "A"
    languages = ["en"]
    [limits]
    target_phone = -1
    [policy]
    hold_phon = 20
    hold_message = -1
    reserve_agents = 1.5
    """
    with pytest.raises(DeskFaults) as caught:
        load_toml(text)

    told = "\n".join(caught.value.found)
    for fault in (
        "colour: no such setting",
        "desk_id: is required",
        "topics[refund].level_priors: must sum to 1, they sum to 0.9",
        "queues[q].topics: unknown topic 'moon'; there are refund",
        "queues[q].channels: unknown channel 'fax'; there are email, phone, social",
        "authority[0].currency: must be an ISO 4217 code like EUR",
        "authority[0].limits: must rise from level to level",
        "authority[0].limits: must be an amount with at most two decimals",
        "agents[0].capacity: must be 20 to 10,000 units",
        "agents[0].speed: must be a number",
        "agents[0].grants[0].limit: must not be negative",
        "agents[0].languages: needs at least one language",
        "agents: 'A' stands there twice; keep one",
        "limits.target_phone: must not be negative",
        "policy.hold_phon: no such setting; did you mean hold_phone?",
        "policy.hold_message: must be 0 to 86,400 s",
        "policy.reserve_agents: must be a whole number",
    ):
        assert fault in told, told


def test_no_toml_at_all_is_one_fault() -> None:
    with pytest.raises(DeskFaults, match="no valid TOML"):
        load_toml("= 3")


def with_agent(**changes: Any) -> Desk:
    return replace(GOOD, agents=(replace(agent("A17"), **changes), agent("B")))


def with_topic(**changes: Any) -> Desk:
    return replace(GOOD, topics=(*GOOD.topics, Topic(topic_id="x", **changes)))


REFUND = Grant(decision_type="refund", limit_minor=5_000, currency="EUR")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(GOOD, desk_id=""), "desk_id: is required"),
        (replace(GOOD, topics=()), "topics: needs at least one topic"),
        (replace(GOOD, queues=()), "queues: needs at least one queue"),
        (
            replace(GOOD, queues=(Queue(queue_id="q", topic_ids=("moon",)),)),
            "queues[q].topic_ids: unknown topic",
        ),
        (replace(GOOD, queues=(Queue(),)), "queues[0].queue_id: is required"),
        (replace(GOOD, queues=2 * GOOD.queues), "queues: 'calls' stands there twice; keep one"),
        (with_agent(topic_ids=("moon",)), "agents[A17].topic_ids: unknown topic 'moon'"),
        (
            with_agent(topic_ids=("refunt",)),
            "agents[A17].topic_ids: unknown topic 'refunt'; did you mean 'refund'?",
        ),
        (with_agent(skills=(Skill(topic_id="moon"),)), "agents[A17].skills[moon]: unknown topic"),
        (
            with_agent(skills=(Skill(topic_id="billing", resolution=1.2),)),
            "agents[A17].skills[billing].resolution: must be between",
        ),
        (with_agent(languages=()), "agents[A17].languages: needs at least one language"),
        (with_agent(languages=("English",)), "agents[A17].languages: 'English' is no ISO 639 code"),
        (
            replace(with_agent(capacity_units=29), policy=DeskPolicy(units_message=30)),
            "agents[A17].capacity_units: must be 30 to 10,000 units: a message takes 30, an e-mail 50, a call 100",
        ),
        (
            with_agent(capacity_units=19),
            "agents[A17].capacity_units: must be 20 to 10,000 units: a message takes 20",
        ),
        (with_agent(speed_factor=float("inf")), "agents[A17].speed_factor: must be above 0"),
        (
            with_agent(grants=(replace(REFUND, currency=""),)),
            "agents[A17].grants[0].currency: must be an ISO 4217",
        ),
        (
            with_agent(grants=(REFUND, replace(REFUND, limit_minor=0, currency="USD"))),
            "agents[A17].grants[1].limit_minor: is required",
        ),
        (with_agent(grants=(REFUND, REFUND)), "agents[A17].grants: 'refund EUR' stands there twice"),
        (with_topic(level_priors=(0.5, float("nan"))), "topics[x].level_priors: must be numbers"),
        (with_topic(complaint_level_priors=(0.5,)), "topics[x].complaint_level_priors: must sum to 1"),
        (with_topic(resolution_prior=float("nan")), "topics[x].resolution_prior: must be between 0 and 1"),
        (with_topic(handle_seconds=-1), "topics[x].handle_seconds: must be a number that is not negative"),
        (with_topic(decision_type="y"), "topics[x].decision_type: 'y' has no limits"),
        (with_topic(falls_back_to="y"), "topics[x].falls_back_to: unknown topic 'y'"),
        (with_topic(falls_back_to="x"), "topics[x].falls_back_to: goes round: x -> x; take one of them out"),
        (
            replace(GOOD, authority=(AuthorityRule(decision_type="refund", limits_minor=(1,)),)),
            "authority[0].currency: must be",
        ),
        (
            replace(GOOD, authority=(AuthorityRule(decision_type="refund", currency="EUR"),)),
            "authority[0].limits_minor: needs 1 to 10",
        ),
        (replace(GOOD, limits=DeskLimits(lease_ms=-5)), "limits.lease_ms: must not be negative"),
        (replace(GOOD, limits=DeskLimits(due_ms=10**15)), "limits.due_ms: must be at most a year"),
        (replace(GOOD, policy=DeskPolicy(idle_cs=-1)), "policy.idle_cs: must be 0 to 100 cs/s"),
        (
            replace(GOOD, policy=DeskPolicy(price_max=float("nan"))),
            "policy.price_max: must be 0 to 1,000 cs/s",
        ),
        (replace(GOOD, policy=DeskPolicy(hold_again_ms=0)), "policy.hold_again_ms: must be 1 to 86,400 s"),
        (replace(GOOD, policy=DeskPolicy(loyal_tiers=("Gold!",))), "policy.loyal_tiers: 'Gold!' is no tier"),
    ],
)
def test_a_fault_names_its_place_and_how_to_mend_it(broken: Desk, fault: str) -> None:
    told = [str(one) for one in faults(broken)]

    assert any(one.startswith(fault) for one in told), told


def test_what_is_no_id_is_not_repeated_whole() -> None:
    (fault,) = [one for one in faults(with_agent(topic_ids=("m" * 10_000,))) if "topic_ids" in one.path]

    assert len(str(fault)) < 200


def test_the_nearest_name_is_looked_for_a_bounded_number_of_times() -> None:
    wrong = tuple(f"refund{number}" for number in range(10 * MENDS_MAX))
    told = [fault.text for fault in faults(with_agent(topic_ids=wrong)) if "topic_ids" in fault.path]

    assert len(told) == len(wrong)
    assert sum("did you mean 'refund'?" in text for text in told) == MENDS_MAX


def test_a_circle_of_fall_backs_is_told_once_and_a_chain_is_none() -> None:
    def topic(name: str, to: str = "") -> Topic:
        return Topic(topic_id=name, falls_back_to=to)

    circle = (topic("a", "b"), topic("b", "c"), topic("c", "b"), topic("d", "b"))
    chain = (topic("a", "b"), topic("b", "c"), topic("c"), topic("d", "c"))
    quiet = replace(GOOD, agents=())

    told = [str(fault) for fault in faults(replace(quiet, topics=(*GOOD.topics, *circle)))]
    assert told == ["topics[a].falls_back_to: goes round: b -> c -> b; take one of them out"]
    assert faults(replace(quiet, topics=(*GOOD.topics, *chain))) == []


def test_what_a_policy_sets_is_read_in_seconds_and_the_rest_is_absent() -> None:
    policy = load_toml(documented()).policy

    assert policy == DeskPolicy(hold_phone_ms=20_000, idle_cs=0.3, loyal_tiers=("loyal", "gold"))


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_the_policy_is_read_from_the_file(name: str) -> None:
    default = getattr(POLICY_DEFAULTS, name)
    written = default / 1000 if name.endswith("_ms") else default
    head = documented().partition("[policy]")[0]
    policy = load_toml(f"{head}[policy]\n{name.removesuffix('_ms')} = {written}\n").policy

    assert policy is not None and getattr(policy, name) == pytest.approx(default)
    assert [other for other in SETTINGS if getattr(policy, other) is not None] == [name]


def test_a_good_desk_has_no_faults() -> None:
    assert faults(GOOD) == []


def test_zero_limits_mean_the_documented_defaults() -> None:
    assert with_defaults(None) == with_defaults(DeskLimits()) == DEFAULTS
    assert with_defaults(DeskLimits(lease_ms=1)).lease_ms == 1
    seconds = DEFAULTS.offer_phone_ms, DEFAULTS.offer_other_ms, DEFAULTS.target_phone_ms
    assert seconds == (15_000, 60_000, 40_000)

"""A desk's configuration: read exactly, refused whole, every fault at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contract.desk import AuthorityRule, Desk, DeskLimits, Grant, MentionRule, Queue, Topic
from services.router import desk_config
from services.router.desk_config import DeskFaults, faults, load_toml
from services.router.limits import DEFAULTS, with_defaults
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

    assert [fault for fault in found if fault.startswith("mention_rules[0]")] == [
        "mention_rules[0]: unknown kind 'like'",
        "mention_rules[0]: 'X!' is no medium",
        "mention_rules[0]: 'german' is no ISO 639 code",
        "mention_rules[0]: unknown topic 'moon'",
    ]
    assert any(fault.startswith("mention_rules[1]: stars_at_most") for fault in found)
    assert any(fault.startswith("mention_rules[2]: needs a condition") for fault in found)


def test_a_flag_of_a_rule_is_true_or_false() -> None:
    with pytest.raises(DeskFaults) as told:
        load_toml(documented().replace("complaint = true", 'complaint = "yes"'))

    assert "mention_rules[0]: complaint must be true or false" in told.value.found


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
    """
    with pytest.raises(DeskFaults) as caught:
        load_toml(text)

    told = "\n".join(caught.value.found)
    for fault in (
        "no such setting: colour",
        "desk: an id is required",
        "level_priors must sum to 1",
        "unknown topic 'moon'",
        "unknown channel 'fax'",
        "currency must be an ISO 4217 code",
        "limits must rise",
        "at most two decimals",
        "capacity must be 1 to 10000",
        "speed must be a number",
        "limit must not be negative",
        "needs at least one language",
        "'A' stands there twice",
        "target_phone must not be negative",
    ):
        assert fault in told, told


def test_no_toml_at_all_is_one_fault() -> None:
    with pytest.raises(DeskFaults, match="no valid TOML"):
        load_toml("= 3")


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (replace(GOOD, desk_id=""), "desk: an id is required"),
        (replace(GOOD, topics=()), "at least one topic"),
        (replace(GOOD, queues=()), "at least one queue"),
        (replace(GOOD, agents=(agent("A", "moon"),)), "unknown topic 'moon'"),
        (replace(GOOD, agents=(agent("A", languages="English"),)), "no ISO 639 code"),
        (replace(GOOD, agents=(agent("A", billing=1.2),)), "between 0 and 1"),
        (replace(GOOD, agents=(agent("A", capacity=-1),)), "capacity"),
        (replace(GOOD, queues=(Queue(queue_id="q", topic_ids=("moon",)),)), "unknown topic"),
        (replace(GOOD, topics=(Topic(topic_id="x", level_priors=(0.5, float("nan"))),)), "level_priors"),
        (replace(GOOD, topics=(Topic(topic_id="x", decision_type="y"),)), "no limits under authority"),
        (replace(GOOD, authority=(AuthorityRule(decision_type="refund", currency="EUR"),)), "1 to 10 limits"),
        (replace(GOOD, limits=DeskLimits(lease_ms=-5)), "lease must not be negative"),
        (replace(GOOD, limits=DeskLimits(due_ms=10**15)), "at most a year"),
    ],
)
def test_faults_in_plain_words(broken: Desk, fault: str) -> None:
    assert any(fault in one for one in faults(broken)), faults(broken)


def test_a_good_desk_has_no_faults() -> None:
    assert faults(GOOD) == []


def test_zero_limits_mean_the_documented_defaults() -> None:
    assert with_defaults(None) == with_defaults(DeskLimits()) == DEFAULTS
    assert with_defaults(DeskLimits(lease_ms=1)).lease_ms == 1
    seconds = DEFAULTS.offer_phone_ms, DEFAULTS.offer_other_ms, DEFAULTS.target_phone_ms
    assert seconds == (15_000, 60_000, 40_000)

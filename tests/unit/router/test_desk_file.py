"""A desk written as a file is read as the same desk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.contract.desk import Desk, DeskLimits, DeskPolicy, MentionRule, Queue, Skill, Topic
from services.router.desks import config as desk_config
from services.router.desks.config import load_toml
from services.router.desks.file import to_toml
from services.router.policy.settings import DEFAULTS as POLICY
from services.router.policy.settings import SETTINGS
from tests.unit.router.test_desk_config import documented
from tests.unit.router.world import agent, desk

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
EXAMPLE = (EXAMPLES / "desk.toml").read_text(encoding="utf-8")
PLAIN = replace(desk(agent("A", refund=50), agent("B", unlimited=True)), limits=DeskLimits())
ANA = PLAIN.agents[0]


@pytest.mark.parametrize(
    "written",
    [
        load_toml(EXAMPLE),
        load_toml(documented()),
        load_toml(EXAMPLE + (EXAMPLES / "policy.toml").read_text(encoding="utf-8")),
        PLAIN,
        replace(PLAIN, version='7 "of" nine\\ten\n\ttab \x7f \x01 ж తెలుగు'),
        replace(PLAIN, agents=(replace(ANA, capacity_units=250, speed_factor=0.0, skills=(Skill(topic_id="billing", resolution=0.1 + 0.2),)),)),
        replace(PLAIN, agents=(replace(ANA, agent_id="a.b c", speed_factor=1.25),)),
        replace(PLAIN, limits=DeskLimits(offer_phone_ms=1_500, missed_offers_max=3, facts_remembered_max=200_000)),
        replace(PLAIN, policy=DeskPolicy(hold_phone_ms=0, idle_cs=0.0, price_every_ms=1_001, loyal_tiers=("gold",))),
        replace(PLAIN, mention_rules=(MentionRule(kinds=("review",), complaint=True, stars_at_most=2.5),)),
        replace(PLAIN, queues=(Queue(queue_id="q", topic_ids=("billing",), channels=("phone", "email")), *PLAIN.queues)),
    ],
)  # fmt: skip
def test_the_file_says_the_same_desk(written: Desk) -> None:
    assert load_toml(to_toml(written)) == written


def test_every_setting_of_the_policy_finds_its_way_back() -> None:
    policy = DeskPolicy(**{name: getattr(POLICY, name) for name in SETTINGS})

    assert load_toml(to_toml(replace(PLAIN, policy=policy))).policy == policy


def test_what_has_its_default_is_left_out() -> None:
    plain = replace(PLAIN, topics=(*PLAIN.topics, Topic(topic_id="fee")))

    assert '[[topics]]\nid = "fee"\n\n' in to_toml(plain)
    assert "speed" not in to_toml(plain)
    assert desk_config.CAPACITY_DEFAULT == 100
    assert "capacity" not in to_toml(plain)

"""A desk's configuration: read from TOML, checked whole, all faults at once.

Times are in seconds, amounts in major units as strings or numbers ("150.00"), both exact. Left-out limits mean
their documented defaults (`limits.DEFAULTS`).

    desk_id = "acme"
    version = "2026-04-07"

    [[topics]]
    id = "refund"
    resolution = 0.75            # chance that a certified agent resolves it at first contact
    handle_seconds = 280
    level_priors = [0.2, 0.5, 0.2, 0.1]
    complaint_level_priors = [0.1, 0.3, 0.4, 0.2]   # left out: a share of every level's chance moves one up
    decision = "refund"          # kind of decision that it usually asks for
    falls_back_to = "billing"    # whose certificates count when nobody certified is left; no circles

    [[topics]]
    id = "billing"

    [[queues]]                   # in order; a contact waits in the first that takes it
    id = "money"
    topics = ["refund"]          # left out takes every topic
    channels = ["phone"]         # left out takes every channel: phone, email, social

    [[authority]]                # largest amount that level 0, 1, 2 ... may decide
    decision = "refund"
    currency = "EUR"
    limits = ["0", "50.00", "150.00", "500.00"]

    [[agents]]
    id = "A17"
    topics = ["refund"]
    languages = ["de", "en"]
    capacity = 100               # units: a call 100, an e-mail 50, a message 20; default 100
    speed = 0.95                 # handling time relative to the mean; default 1
    skills = { refund = 0.86 }   # where known; else the topic's
    grants = [
      { decision = "refund", limit = "150.00", currency = "EUR" },
      { decision = "goodwill", unlimited = true },
    ]

    [[mention_rules]]            # mentions and reviews that become contacts: all conditions of one rule must hold
    kinds = ["review"]           # mention, review; left out takes both, as for media, languages and topics
    media = ["trustpilot"]
    languages = ["de"]
    topics = ["refund"]          # the likeliest one
    complaint = true             # the words complain
    asks = true                  # a question mark stands in them, or a decision is asked for
    stars_at_most = 3            # of five; other scales are brought to five

    [limits]                     # seconds; names as in DeskLimits without _ms: offer_phone, target_email ...
    target_phone = 40
    missed_offers_max = 2

    [policy]                     # routing; names, ranges and defaults: docs/desk.md
    hold_phone = 20              # seconds; names as in DeskPolicy without _ms
    idle_cs = 0.3
    loyal_tiers = ["loyal", "gold"]
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from services.contract.desk import (
    Agent,
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
from services.router.desks.faults import Fault, faults, places
from services.router.limits import DEFAULTS, with_defaults
from services.router.policy.settings import DEFAULTS as POLICY_DEFAULTS
from services.router.policy.settings import SETTINGS

__all__ = ["DEFAULTS", "DeskFaults", "Fault", "faults", "load_toml", "with_defaults"]

CAPACITY_DEFAULT = 100
MINOR_PER_MAJOR = 100
WHOLE_MAX = 2**53
"""Of amounts in minor units and of milliseconds: what a double holds exactly."""


class DeskFaults(ValueError):
    """Everything that is wrong with a configuration."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.found = found


def load_toml(text: str) -> Desk:
    """The desk written in the text; raises DeskFaults with all faults, of form and of content."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise DeskFaults([f"no valid TOML: {error}"]) from error
    reader = _Reader()
    desk = reader.desk(table)
    found = reader.found + [str(Fault(as_written(fault.path), fault.text)) for fault in faults(desk)]
    if found:
        raise DeskFaults(found)
    return desk


NAMES_IN_FILE = {
    "topic_id": "id",
    "queue_id": "id",
    "agent_id": "id",
    "topic_ids": "topics",
    "resolution_prior": "resolution",
    "decision_type": "decision",
    "limits_minor": "limits",
    "limit_minor": "limit",
    "capacity_units": "capacity",
    "speed_factor": "speed",
}
"""Names of the contract that read otherwise in the file."""


def as_written(path: str) -> str:
    """A path with the names that the file has."""
    head, dot, name = path.rpartition(".")
    return head + dot + NAMES_IN_FILE.get(name, name.removesuffix("_ms"))


class _Reader:
    """Reads tables into the contract's types; collects faults and goes on with a harmless value."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def desk(self, table: Mapping[str, Any]) -> Desk:
        lists = ("topics", "queues", "authority", "agents", "mention_rules")
        known = ("desk_id", "version", *lists, "limits", "policy")
        self._known("", table, *known)
        return Desk(
            desk_id=self._text("", table, "desk_id"),
            version=self._text("", table, "version"),
            topics=tuple(self._topic(*row) for row in self._rows(table, "topics")),
            queues=tuple(self._queue(*row) for row in self._rows(table, "queues")),
            authority=tuple(self._rule(*row) for row in self._rows(table, "authority")),
            agents=tuple(self._agent(*row) for row in self._rows(table, "agents")),
            mention_rules=tuple(self._mention_rule(*row) for row in self._rows(table, "mention_rules")),
            limits=self._limits(table.get("limits", {})),
            policy=self._policy(table["policy"]) if "policy" in table else None,
        )

    def _topic(self, at: str, table: Mapping[str, Any]) -> Topic:
        priors = ("level_priors", "complaint_level_priors")
        self._known(at, table, "id", "resolution", "handle_seconds", *priors, "decision", "falls_back_to")
        return Topic(
            topic_id=self._text(at, table, "id"),
            resolution_prior=self._number(at, table, "resolution"),
            handle_seconds=self._number(at, table, "handle_seconds"),
            level_priors=tuple(self._floats(at, table, "level_priors")),
            complaint_level_priors=tuple(self._floats(at, table, "complaint_level_priors")),
            decision_type=self._text(at, table, "decision"),
            falls_back_to=self._text(at, table, "falls_back_to"),
        )

    def _queue(self, at: str, table: Mapping[str, Any]) -> Queue:
        self._known(at, table, "id", "topics", "channels")
        return Queue(
            queue_id=self._text(at, table, "id"),
            topic_ids=self._texts(at, table, "topics"),
            channels=self._texts(at, table, "channels"),
        )

    def _rule(self, at: str, table: Mapping[str, Any]) -> AuthorityRule:
        self._known(at, table, "decision", "currency", "limits")
        limits = table.get("limits", [])
        if not isinstance(limits, list):
            limits = []
            self._fault(at, "limits", "must be a list of amounts")
        return AuthorityRule(
            decision_type=self._text(at, table, "decision"),
            currency=self._text(at, table, "currency"),
            limits_minor=tuple(self._minor(at, "limits", value) for value in limits),
        )

    def _mention_rule(self, at: str, table: Mapping[str, Any]) -> MentionRule:
        lists, flags = ("kinds", "media", "languages", "topics"), ("complaint", "asks")
        self._known(at, table, *lists, *flags, "stars_at_most")
        return MentionRule(
            kinds=self._texts(at, table, "kinds"),
            media=self._texts(at, table, "media"),
            languages=self._texts(at, table, "languages"),
            topic_ids=self._texts(at, table, "topics"),
            complaint=self._flag(at, table, "complaint"),
            asks=self._flag(at, table, "asks"),
            stars_at_most=self._number(at, table, "stars_at_most"),
        )

    def _agent(self, at: str, table: Mapping[str, Any]) -> Agent:
        known = ("id", "topics", "languages", "capacity", "speed", "skills", "grants")
        self._known(at, table, *known)
        skills = table.get("skills", {})
        if not isinstance(skills, dict):
            skills = {}
            self._fault(at, "skills", "must be a table of topic and chance")
        return Agent(
            agent_id=self._text(at, table, "id"),
            topic_ids=self._texts(at, table, "topics"),
            languages=self._texts(at, table, "languages"),
            grants=tuple(self._grant(*row) for row in self._rows(table, "grants", at)),
            capacity_units=int(self._number(at, table, "capacity", CAPACITY_DEFAULT)),
            speed_factor=self._number(at, table, "speed", 1.0),
            skills=tuple(
                Skill(topic_id=topic_id, resolution=self._number(f"{at}.skills", skills, topic_id))
                for topic_id in sorted(skills)
            ),
        )

    def _grant(self, at: str, table: Mapping[str, Any]) -> Grant:
        self._known(at, table, "decision", "limit", "currency", "unlimited")
        return Grant(
            decision_type=self._text(at, table, "decision"),
            limit_minor=self._minor(at, "limit", table["limit"]) if "limit" in table else 0,
            currency=self._text(at, table, "currency"),
            unlimited=table.get("unlimited", False) is True,
        )

    def _limits(self, table: Any) -> DeskLimits:
        if not isinstance(table, dict):
            self._fault("", "limits", "must be a table")
            return DeskLimits()
        units = {part.name.removesuffix("_ms"): part.name for part in fields(DeskLimits)}
        self._known("limits", table, *units)
        values = {}
        for short, name in units.items():
            value = self._number("limits", table, short)
            values[name] = round(value * 1000) if name.endswith("_ms") else int(value)
        return DeskLimits(**values)

    def _policy(self, table: Any) -> DeskPolicy:
        """What is left out stays absent; whole numbers must be whole, times are in seconds."""
        if not isinstance(table, dict):
            self._fault("", "policy", "must be a table")
            return DeskPolicy()
        names = {name.removesuffix("_ms"): name for name in SETTINGS}
        self._known("policy", table, *names, "loyal_tiers")
        values: dict[str, Any] = {"loyal_tiers": self._texts("policy", table, "loyal_tiers")}
        for short in sorted(table.keys() & names.keys()):
            value, name = self._number("policy", table, short), names[short]
            if name.endswith("_ms"):
                values[name] = self._whole(short, value * 1000, "must be in seconds, at least a thousandth")
            elif isinstance(getattr(POLICY_DEFAULTS, name), int):
                values[name] = self._whole(short, value, "must be a whole number")
            else:
                values[name] = value
        return DeskPolicy(**values)

    def _whole(self, name: str, value: float, words: str) -> int:
        if math.isfinite(value) and abs(value - round(value)) < 1e-6:
            return min(max(round(value), -WHOLE_MAX), WHOLE_MAX)
        self._fault("policy", name, words)
        return 0

    # --- values --------------------------------------------------------------------------------------------

    def _rows(
        self, table: Mapping[str, Any], name: str, inside: str = ""
    ) -> list[tuple[str, Mapping[str, Any]]]:
        """The tables of a list, each with its path."""
        rows = table.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._fault(inside, name, "must be a list of tables")
            return []
        ids = [row["id"] if isinstance(row.get("id"), str) else "" for row in rows]
        return list(zip(places(f"{inside}.{name}" if inside else name, ids), rows, strict=True))

    def _fault(self, at: str, name: str, words: str) -> None:
        self.found.append(f"{at}.{name}: {words}" if at else f"{name}: {words}")

    def _known(self, at: str, table: Mapping[str, Any], *names: str) -> None:
        for name in sorted(table.keys() - set(names)):
            near = get_close_matches(name, names, 1)
            self._fault(at, name, "no such setting" + (f"; did you mean {near[0]}?" if near else ""))

    def _text(self, at: str, table: Mapping[str, Any], name: str) -> str:
        value = table.get(name, "")
        if isinstance(value, str):
            return value
        self._fault(at, name, "must be a text")
        return ""

    def _texts(self, at: str, table: Mapping[str, Any], name: str) -> tuple[str, ...]:
        value = table.get(name, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self._fault(at, name, "must be a list of texts")
        return ()

    def _flag(self, at: str, table: Mapping[str, Any], name: str) -> bool:
        value = table.get(name, False)
        if isinstance(value, bool):
            return value
        self._fault(at, name, "must be true or false")
        return False

    def _number(self, at: str, table: Mapping[str, Any], name: str, default: float = 0.0) -> float:
        value = table.get(name, default)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
        self._fault(at, name, "must be a number")
        return 0.0

    def _floats(self, at: str, table: Mapping[str, Any], name: str) -> list[float]:
        value = table.get(name, [])
        if isinstance(value, list):
            return [self._number(at, {name: one}, name) for one in value]
        self._fault(at, name, "must be a list of numbers")
        return []

    def _minor(self, at: str, name: str, value: Any) -> int:
        try:
            minor = Decimal(str(value)) * MINOR_PER_MAJOR
            if not isinstance(value, bool) and minor == minor.to_integral_value() and abs(minor) <= WHOLE_MAX:
                return int(minor)
        except InvalidOperation:
            pass
        self._fault(at, name, 'must be an amount with at most two decimals, like "150.00"')
        return 0

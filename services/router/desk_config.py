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
    decision = "refund"          # kind of decision that it usually asks for

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
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any

from services.contract.desk import (
    Agent,
    AuthorityRule,
    Desk,
    DeskLimits,
    Grant,
    MentionRule,
    Queue,
    Skill,
    Topic,
)
from services.router.config_faults import faults
from services.router.limits import DEFAULTS, with_defaults

__all__ = ["DEFAULTS", "DeskFaults", "faults", "load_toml", "with_defaults"]

CAPACITY_DEFAULT = 100
MINOR_PER_MAJOR = 100


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
    found = reader.found + faults(desk)
    if found:
        raise DeskFaults(found)
    return desk


class _Reader:
    """Reads tables into the contract's types; collects faults and goes on with a harmless value."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def desk(self, table: Mapping[str, Any]) -> Desk:
        known = ("desk_id", "version", "topics", "queues", "authority", "agents", "mention_rules", "limits")
        self._known("desk", table, *known)
        return Desk(
            desk_id=self._text("desk", table, "desk_id"),
            version=self._text("desk", table, "version"),
            topics=tuple(self._topic(*row) for row in self._rows(table, "topics")),
            queues=tuple(self._queue(*row) for row in self._rows(table, "queues")),
            authority=tuple(self._rule(*row) for row in self._rows(table, "authority")),
            agents=tuple(self._agent(*row) for row in self._rows(table, "agents")),
            mention_rules=tuple(self._mention_rule(*row) for row in self._rows(table, "mention_rules")),
            limits=self._limits(table.get("limits", {})),
        )

    def _topic(self, at: str, table: Mapping[str, Any]) -> Topic:
        self._known(at, table, "id", "resolution", "handle_seconds", "level_priors", "decision")
        return Topic(
            topic_id=self._text(at, table, "id"),
            resolution_prior=self._number(at, table, "resolution"),
            handle_seconds=self._number(at, table, "handle_seconds"),
            level_priors=tuple(self._floats(at, table, "level_priors")),
            decision_type=self._text(at, table, "decision"),
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
            self.found.append(f"{at}: limits must be a list of amounts")
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
            self.found.append(f"{at}: skills must be a table of topic and chance")
        return Agent(
            agent_id=self._text(at, table, "id"),
            topic_ids=self._texts(at, table, "topics"),
            languages=self._texts(at, table, "languages"),
            grants=tuple(self._grant(f"{at} {name}", row) for name, row in self._rows(table, "grants", at)),
            capacity_units=int(self._number(at, table, "capacity", CAPACITY_DEFAULT)),
            speed_factor=self._number(at, table, "speed", 1.0),
            skills=tuple(
                Skill(topic_id=topic_id, resolution=self._number(at, skills, topic_id))
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
            self.found.append("limits: must be a table")
            return DeskLimits()
        units = {part.name.removesuffix("_ms"): part.name for part in fields(DeskLimits)}
        self._known("limits", table, *units)
        values = {}
        for short, name in units.items():
            value = self._number("limits", table, short)
            values[name] = round(value * 1000) if name.endswith("_ms") else int(value)
        return DeskLimits(**values)

    # --- values --------------------------------------------------------------------------------------------

    def _rows(
        self, table: Mapping[str, Any], name: str, inside: str = ""
    ) -> list[tuple[str, Mapping[str, Any]]]:
        rows = table.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self.found.append(f"{inside or 'desk'}: {name} must be a list of tables")
            return []
        return [(f"{name}[{index}]", row) for index, row in enumerate(rows)]

    def _known(self, at: str, table: Mapping[str, Any], *names: str) -> None:
        for name in sorted(table.keys() - set(names)):
            self.found.append(f"{at}: no such setting: {name}")

    def _text(self, at: str, table: Mapping[str, Any], name: str) -> str:
        value = table.get(name, "")
        if isinstance(value, str):
            return value
        self.found.append(f"{at}: {name} must be a text")
        return ""

    def _texts(self, at: str, table: Mapping[str, Any], name: str) -> tuple[str, ...]:
        value = table.get(name, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        self.found.append(f"{at}: {name} must be a list of texts")
        return ()

    def _flag(self, at: str, table: Mapping[str, Any], name: str) -> bool:
        value = table.get(name, False)
        if isinstance(value, bool):
            return value
        self.found.append(f"{at}: {name} must be true or false")
        return False

    def _number(self, at: str, table: Mapping[str, Any], name: str, default: float = 0.0) -> float:
        value = table.get(name, default)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return float(value)
        self.found.append(f"{at}: {name} must be a number")
        return 0.0

    def _floats(self, at: str, table: Mapping[str, Any], name: str) -> list[float]:
        value = table.get(name, [])
        if isinstance(value, list):
            return [self._number(at, {name: one}, name) for one in value]
        self.found.append(f"{at}: {name} must be a list of numbers")
        return []

    def _minor(self, at: str, name: str, value: Any) -> int:
        try:
            minor = Decimal(str(value)) * MINOR_PER_MAJOR
            if not isinstance(value, bool) and minor == minor.to_integral_value():
                return int(minor)
        except InvalidOperation:
            pass
        self.found.append(f'{at}: {name} must be an amount with at most two decimals, like "150.00"')
        return 0

"""The recorded morning: deliveries as providers send them, and what really settles each issue.

The truth is for the simulated agents and for the check at the end; the services never see it.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

DAY_STARTS = "08:00:00"


@dataclass(frozen=True)
class Truth:
    """What settles an issue. `amount_minor` is 0 where nothing has to be granted."""

    topic: str
    work_seconds: int
    decision: str = ""
    amount_minor: int = 0
    currency: str = ""
    wants_manager: bool = False
    unresolved: bool = False


@dataclass(frozen=True)
class Delivery:
    """One thing a provider sends, `at_ms` milliseconds after the morning began."""

    name: str
    at_ms: int
    case: dict[str, Any]
    truth: Truth | None = None
    patience_ms: int = 0
    """A caller nobody answers hangs up after this long; 0 never does."""
    repeat_of: str = ""
    mention: bool = False
    """Said about us in public; a contact only where a rule of the desk takes it."""

    @property
    def is_contact(self) -> bool:
        """False for noise: duplicates, forgeries, receipts, automatic replies, praise in public."""
        return self.truth is not None


@dataclass(frozen=True)
class Morning:
    """All of it, in order of time, with the keys that sign it."""

    deliveries: tuple[Delivery, ...]
    keys: dict[str, str]

    @property
    def contacts(self) -> tuple[Delivery, ...]:
        return tuple(delivery for delivery in self.deliveries if delivery.is_contact)


def load(folder: Path) -> Morning:
    """Reads stories.toml and the deliveries recorded from it."""
    script = tomllib.loads((folder / "stories.toml").read_text(encoding="utf-8"))
    found = [_delivery(folder, story) for story in (*script["story"], *script["noise"])]
    return Morning(tuple(sorted(found, key=lambda delivery: delivery.at_ms)), script["keys"])


def _delivery(folder: Path, story: dict[str, Any]) -> Delivery:
    case = json.loads((folder / "deliveries" / f"{story['id']}.json").read_text(encoding="utf-8"))
    since_start = datetime.fromisoformat(f"2000-01-01T{story['at']}") - datetime.fromisoformat(
        f"2000-01-01T{DAY_STARTS}"
    )
    return Delivery(
        name=story["id"],
        at_ms=int(since_start.total_seconds() * 1000),
        case=case,
        truth=_truth(story["truth"]) if "truth" in story else None,
        patience_ms=story.get("patience_seconds", 0) * 1000,
        repeat_of=story.get("repeat_of", ""),
        mention=story.get("mention", False),
    )


def _truth(truth: dict[str, Any]) -> Truth:
    return Truth(
        topic=truth["topic"],
        work_seconds=truth["work_seconds"],
        decision=truth.get("decision", ""),
        amount_minor=int(Decimal(truth.get("amount", "0")) * 100),
        currency=truth.get("currency", ""),
        wants_manager=truth.get("via") == "manager",
        unresolved=truth.get("unresolved", False),
    )

"""A desk's log as the embedded log has it, made of a simulated hour."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.codec import encode_decision, encode_fact
from services.contract.topics import DECISIONS, FACTS
from services.runtime.sqlite_schema import OFFSET_BITS, connect
from simulator.day import Day, draw_day
from simulator.desk import DESK_ID, desk_of
from simulator.drive import Drive
from simulator.pool import Pool, draw_pool
from simulator.worlds import D

WORLD = replace(D, agents=12, load=0.75)


class Logged(Drive):
    """Keeps the facts that it tells."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told: list[f.Fact] = []
        self.decided: list[d.Decision] = []
        self.watch = self.decided.append

    def tell(self, at: float, body: Any) -> d.Reply | None:
        reply = super().tell(at, body)
        self.told.append(
            f.Fact(
                fact_id=f"f{self.offset}",
                desk_id=DESK_ID,
                occurred_at_ms=self._now_ms,
                received_at_ms=self._now_ms,
                body=body,
            )
        )
        return reply


def an_hour() -> tuple[Pool, Day]:
    pool = draw_pool(WORLD, 0)
    day = draw_day(WORLD, pool, 0)
    rows = day.arrival_seconds < 3_600.0
    return pool, Day(**{name: getattr(day, name)[rows] for name in Day.__dataclass_fields__})


def write(path: Path) -> Logged:
    """The hour, and what came of it, as a log of one partition."""
    pool, day = an_hour()
    drive = Logged(pool, day, desk_of(pool), end_seconds=7_200.0)
    drive.play()
    with closing(connect(path, writing=True)) as connection:
        for stream, topic in enumerate((FACTS, DECISIONS), start=1):
            connection.execute("INSERT INTO topics VALUES (?, 1, -1, 0)", (topic,))
            connection.execute(
                "INSERT INTO streams (stream, topic, partition) VALUES (?, ?, 0)", (stream, topic)
            )
        values = [
            *((1, number, encode_fact(fact)) for number, fact in enumerate(drive.told)),
            *((2, number, encode_decision(record)) for number, record in enumerate(drive.decided)),
        ]
        rows = [
            (stream << OFFSET_BITS | number, DESK_ID.encode(), value, 0) for stream, number, value in values
        ]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    return drive

"""Five hundred agents' sessions over three router replicas on a real Kafka: each contact reaches one agent, once, also when
one of the three was told to stop and its sessions have gone on at the others.

`python -m benchmarks sessions` does the same with 10,000 and tells what they cost.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.replicas import replicas
from benchmarks.sessions import measured
from services.runtime import broker

SESSIONS, CONTACTS = 500, 300


@pytest.mark.usefixtures("kafka_bootstrap")  # skips where no broker can be started; this one has its own
@pytest.mark.slow
async def test_every_contact_reaches_one_of_five_hundred_agents_once(tmp_path: Path) -> None:
    node = broker.start(tmp_path / "kafka", port=0)
    try:
        with replicas(node.bootstrap, tmp_path, 3) as found:
            figures, tally = await measured(found, sessions=SESSIONS, contacts=CONTACTS, stop_one=True)
    finally:
        node.stop()
    assert len(tally.waits) == CONTACTS, "of those after the stop"
    assert len(tally.offers) == 2 * CONTACTS
    assert set(tally.offers.values()) == {1}
    assert SESSIONS / 3 - 30 < tally.lost < SESSIONS / 3 + 30, "those of one replica, and no others"
    memory = next(one.value for one in figures if one.name.startswith("memory"))
    assert memory < 400, "KiB a session: a session has become dear"

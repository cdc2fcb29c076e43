"""A day through production's router: everybody is accounted for, and the same day comes out the same."""

from __future__ import annotations

import numpy as np

from services.contract import decisions as d
from services.router.log.canonical import digest
from services.router.model import ContactState
from simulator.day import draw_day
from simulator.desk import DESK_ID, desk_of
from simulator.drive import EPOCH_MS, Drive
from simulator.metrics import measure
from simulator.pool import draw_pool
from simulator.tariffs import Pricer, true_forecast
from simulator.worlds import World

SMALL = World("small", agents=14, topics=3, load=0.8, certificates=2, spread=0.07, email_share=0.2, wave=0.2)
SECONDS = 2 * 3600.0


def _drive(replication: int = 0) -> tuple[Drive, list[d.Decision]]:
    pool = draw_pool(SMALL, replication)
    records: list[d.Decision] = []
    drive = Drive(
        pool,
        draw_day(SMALL, pool, replication),
        desk_of(pool),
        forecast=true_forecast(SMALL, pool, EPOCH_MS),
        pricer=Pricer(),
        end_seconds=SECONDS,
        watch=records.append,
    )
    drive.play()
    return drive, records


def test_everybody_who_came_was_answered_left_or_still_waits() -> None:
    drive, _ = _drive()
    record, came = drive.record, drive.day.arrival_seconds < SECONDS
    waits = np.zeros(len(drive.day), dtype=bool)
    for contact in drive.state.desks[DESK_ID].contacts.values():
        if contact.state is not ContactState.CLOSED:
            waits[int(contact.contact_id[1:].partition(".")[0])] = True
    answered = ~np.isnan(record.first_wait_seconds)
    assert came.sum() > 100
    assert (record.contacts > 0).sum() == came.sum()
    assert (answered | record.first_left | waits)[came].all()
    assert not answered[~came].any()


def test_the_world_and_the_router_agree_on_what_happened() -> None:
    drive, records = _drive()
    events = [event for record in records for event in record.events]
    refused = [event for event in events if isinstance(event, d.Refused)]
    hops = sum(isinstance(event, d.Transferred) for event in events)
    first = sum(isinstance(event, d.Assigned) and event.first for event in events)
    assert [event for event in refused if event.command != "transfer_asked"] == []
    assert drive.record.first_hops.sum() <= hops
    assert (~np.isnan(drive.record.first_wait_seconds)).sum() <= first
    assert drive.record.first_hops.max() <= 2
    assert (drive.record.busy_seconds <= SECONDS + 1e-6).all()


def test_the_same_day_comes_out_the_same() -> None:
    one, two = _drive()[0], _drive()[0]
    assert digest(one.state) == digest(two.state)
    assert repr(measure(one.record)) == repr(measure(two.record))

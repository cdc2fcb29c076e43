"""A day through production's router: everybody is accounted for, and the same day comes out the same."""

from __future__ import annotations

import numpy as np

from services.contract import decisions as d
from services.router.log.canonical import digest
from services.router.model import ContactState
from simulator.day import draw_day
from simulator.desk import DESK_ID, desk_of
from simulator.drive import Drive
from simulator.metrics import measure
from simulator.pool import draw_pool
from simulator.routed import EPOCH_MS
from simulator.tariffs import Pricer, true_forecast
from simulator.worlds import World

SMALL = World("small", agents=14, topics=3, load=0.8, certificates=2, spread=0.07, email_share=0.2, wave=0.2)
BUSY = World("busy", agents=14, topics=3, load=1.2, certificates=2, spread=0.07, email_share=0.2, wave=0.2)
"""So short of people that call-backs are promised, and kept by others than who promised them."""
SECONDS = 2 * 3600.0


def _drive(world: World = SMALL) -> tuple[Drive, list[d.Decision]]:
    pool = draw_pool(world, 0)
    records: list[d.Decision] = []
    drive = Drive(
        pool,
        draw_day(world, pool, 0),
        desk_of(pool),
        forecast=true_forecast(world, pool, EPOCH_MS),
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
    first = sum(isinstance(event, d.Assigned) and event.first for event in events)
    assert [event for event in refused if event.command != "transfer_asked"] == []
    assert (~np.isnan(drive.record.first_wait_seconds)).sum() <= first
    assert drive.record.first_hops.max() <= 2
    assert (drive.record.busy_seconds <= SECONDS + 1e-6).all()


def test_every_hop_counts_as_a_transfer_also_one_taken_from_the_queue() -> None:
    """Contacts have ids "i<issue>.<attempt>"; the first attempt's hops are counted."""
    drive, records = _drive(BUSY)
    events = [event for record in records for event in record.events]
    told = [one for one in events if isinstance(one, d.Transferred) and one.contact_id.endswith(".0")]
    taken = [
        one for one in events if isinstance(one, d.Assigned) and one.hop and one.contact_id.endswith(".0")
    ]

    assert told and taken
    assert drive.record.first_hops.sum() == len(told) + len(taken)
    for contact in drive.state.desks[DESK_ID].contacts.values():
        assert contact.hops == drive._runs[contact.contact_id].hops or contact.state is ContactState.CLOSED


def test_who_is_told_a_new_time_has_waited_since_the_first_promise() -> None:
    """A call-back that was promised anew: the customer's waiting counts from when the agent let go of him."""
    drive, records = _drive(BUSY)
    let_go: dict[str, int] = {}
    anew: set[str] = set()
    waits = {}
    for record in records:
        for event in record.events:
            if isinstance(event, d.CallbackPromised):
                if event.replaces_at_ms:
                    anew.add(event.contact_id)
                let_go.setdefault(event.contact_id, record.decided_at_ms)
            elif isinstance(event, d.Assigned) and event.contact_id in anew:
                waits[event.contact_id] = (record.decided_at_ms - let_go.pop(event.contact_id)) / 1000
                anew.discard(event.contact_id)

    assert waits
    for contact_id, seconds in waits.items():
        issue = drive._runs[contact_id].issue
        assert drive.record.customer_seconds[issue] >= seconds


def test_the_same_day_comes_out_the_same() -> None:
    one, two = _drive()[0], _drive()[0]
    assert digest(one.state) == digest(two.state)
    assert repr(measure(one.record)) == repr(measure(two.record))

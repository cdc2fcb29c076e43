"""What stands now as rows: any size comes back whole, a set with a hole or a stranger is torn, a cut flush loses nothing."""

from __future__ import annotations

import pytest

from services.contract import decisions as d
from services.contract.desk import Agent, Desk, Queue
from services.contract.facts import Channel, Presence
from services.metrics.errors import Torn
from services.metrics.flush import changed, restore
from services.metrics.ledger import Ledger
from services.metrics.live import DUE_MAX, LiveDesk
from services.metrics.live_rows import live_rows, restored
from services.metrics.live_steps import apply
from services.metrics.rows import BASE, RING, keys_of_desk, row_key
from services.runtime.log import RECORD_BYTES_MAX
from tests.unit.metrics.world import APPLIED, NOON_MS, Writer, random_log


def big_desk(contacts: int) -> LiveDesk:
    """A desk with so many open contacts, each with a message due, and a thousand agents."""
    desk = LiveDesk({})
    desk.configured(Desk(agents=tuple(Agent(agent_id=f"agent-{number}") for number in range(1_000))))
    for number in range(contacts):
        name = (
            f"3f1c9a52-{number:04x}-4d1e-9c7b-{number * 7919 % 10**12:012d}"  # as ids are: hard to compress
        )
        place = {"contact_id": name, "channel": Channel.EMAIL}
        for event in (
            d.ContactOpened(**place, case_id=f"{name}-c1", due_at_ms=NOON_MS + number),  # type: ignore[arg-type]
            d.ContactQueued(**place, queue_id="post", deadline_at_ms=NOON_MS + 2 * number),  # type: ignore[arg-type]
            d.MessageDue(**place, kind="acknowledgement"),  # type: ignore[arg-type]
        ):
            apply(desk, event, NOON_MS + number, str)
    return desk


def back(rows: list[bytes], at: int = 7) -> dict[str, LiveDesk]:
    return restored(0, dict(enumerate(rows)).get, len(rows), at)


def test_ten_thousand_open_contacts_fit_into_records_and_come_back() -> None:
    desks = {"big": big_desk(10_000), "small": big_desk(3), "empty": LiveDesk({})}
    rows = live_rows(desks, 7)

    assert max(map(len, rows)) < RECORD_BYTES_MAX // 2
    assert back(rows) == {name: after_recount(desk) for name, desk in desks.items()}
    assert len(desks["big"].due) == DUE_MAX  # the oldest are forgotten, never the process ended


def after_recount(desk: LiveDesk) -> LiveDesk:
    desk.recount()
    return desk


def test_nothing_at_all_is_a_row_too() -> None:
    assert back(live_rows({}, 7)) == {}


@pytest.mark.parametrize("fault", ["hole", "stranger", "rubbish"])
def test_a_set_that_is_not_whole_is_torn(fault: str) -> None:
    rows: dict[int, bytes] = dict(enumerate(live_rows({"desk": big_desk(9_000)}, 7)))
    last = len(rows) - 1
    if fault == "hole":
        del rows[last]
    else:
        rows[last] = live_rows({}, 8)[0] if fault == "stranger" else b"rubbish"

    with pytest.raises(Torn, match="what stands now"):
        restored(0, rows.get, last + 1, 7)


def test_a_flush_that_is_cut_before_its_head_leaves_the_one_before_whole() -> None:
    log = random_log(4, 400)
    ledger, table = Ledger(0), dict[bytes, bytes]()
    for offset in range(200):
        ledger.apply(offset, log[offset])
    table.update(changed(ledger))
    before = {desk_id: desk.contacts.copy() for desk_id, desk in ledger.live.items()}
    for offset in range(200, 400):
        ledger.apply(offset, log[offset])
    *written, _head = changed(ledger)
    table.update(written)

    found = restore(0, table.get)
    assert found.last_offset == 199
    assert {desk_id: set(desk.contacts) for desk_id, desk in found.live.items()} == {
        desk_id: set(contacts) for desk_id, contacts in before.items()
    }
    for offset in range(200, 400):
        found.apply(offset, log[offset])
    assert found.snapshot() == ledger.snapshot()


def test_an_agent_whom_a_new_configuration_drops_counts_no_more() -> None:
    writer = Writer().genesis().fact(APPLIED)
    for agent_id in ("ana", "ben"):
        writer.fact(d.AgentPresenceChanged(agent_id=agent_id, presence=Presence.AVAILABLE))
    smaller = Desk(desk_id="acme", queues=(Queue(queue_id="calls"),), agents=(Agent(agent_id="ben"),))
    writer.fact(d.DeskApplied(desk=smaller))
    ledger = Ledger(0)
    for offset, record in enumerate(writer.records):
        ledger.apply(offset, record)

    assert ledger.live["acme"].at_work == {"idle": 1}


def test_the_keys_of_a_desk_are_those_that_its_rows_are_written_to() -> None:
    assert keys_of_desk(3, "acme") == [row_key(3, "acme", quarter) for quarter in range(BASE, RING)]

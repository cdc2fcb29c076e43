"""The text that Prometheus reads: lint-clean, zeros from the start, bounded, and nothing of partitions not ready."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from services.contract import decisions as d
from services.contract.codec import encode_decision
from services.contract.desk import Desk, Queue
from services.metrics.catalogue import GAUGES, MEASURES, PIPELINE
from services.metrics.collector import DurableTotals
from services.metrics.folding import fold
from services.metrics.gauges import CONTACT_STATES
from services.metrics.ledger import Ledger
from services.metrics.live import CHANGES_MAX
from services.metrics.measure import CHANNELS, QUEUES_PER_DESK_MAX, TOPICS_PER_DESK_MAX, Kind
from services.metrics.store import Board
from services.metrics.windows import WINDOWED, WINDOWS
from tests.unit.metrics.world import APPLIED, Writer, random_event, random_log

ROOT = Path(__file__).resolve().parents[3]


def text(board: Board) -> str:
    registry = CollectorRegistry()
    registry.register(DurableTotals(lambda: board.snapshot))
    return generate_latest(registry).decode()


def board_of(*records: d.Decision, target: int = 0) -> Board:
    board = Board(4)
    ledger = Ledger(2)
    for offset, record in enumerate(records):
        ledger.apply(offset, record)
    board.own(ledger, target=target)
    board.publish()
    return board


@pytest.mark.parametrize("records", [0, 2, 3_000], ids=["nothing", "a desk without contacts", "a busy day"])
def test_promtool_finds_nothing_to_say(promtool: Path, records: int) -> None:
    exported = text(board_of(*random_log(1, 3_000)[:records]))

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=exported, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_every_queue_of_a_configuration_is_there_with_zeros() -> None:
    exported = text(board_of(*Writer().genesis().fact(APPLIED).records))

    for line in (
        'frontdesk_escalations_total{channel="phone",partition="2",queue="calls",reason="lacks_authority"} 0.0',
        'frontdesk_contacts_abandoned_total{channel="social",partition="2",queue="post",short="false"} 0.0',
        'frontdesk_queue_wait_seconds_bucket{channel="phone",le="20.0",outcome="answered",partition="2",queue="calls"} 0.0',
        'frontdesk_transfers_per_contact_bucket{channel="email",le="0.0",partition="2",queue="post"} 0.0',
        'frontdesk_fcr_matured_total{channel="phone",partition="2",queue="calls",window="7d"} 0.0',
    ):
        assert line in exported


def test_what_a_channel_cannot_have_has_no_series() -> None:
    """A mail is not abandoned; a 0 would claim that it can be (operations.md 1.1)."""
    lines = text(board_of(*Writer().genesis().fact(APPLIED).records)).splitlines()

    assert not [line for line in lines if 'channel="email"' in line and "abandoned" in line]
    assert not [line for line in lines if 'channel="phone"' in line and "first_response" in line]
    assert not [line for line in lines if 'channel="email"' in line and 'queue="calls"' in line]


def test_there_are_no_created_series() -> None:
    assert "_created" not in text(board_of(*random_log(3, 500)))


def test_a_partition_that_is_not_folded_up_to_the_take_over_is_not_told() -> None:
    exported = text(board_of(*random_log(3, 500), target=501))

    assert "partition=" not in exported
    assert "frontdesk_partitions_assigned 1.0" in exported
    assert "frontdesk_partitions_ready 0.0" in exported


def test_a_partition_given_up_is_gone_at_once() -> None:
    board = board_of(*random_log(3, 500))
    board.drop(2)

    assert "partition=" not in text(board)


def test_a_snapshot_does_not_move_while_the_ledger_does() -> None:
    board = board_of(*Writer().genesis().fact(APPLIED).records)
    before = text(board)
    writer = Writer().genesis().fact(APPLIED).fact(d.Escalated())
    board.ledgers[2].apply(2, writer.records[2])

    assert text(board) == before
    board.moved(2)
    board.publish()
    assert text(board) != before


def test_ten_thousand_random_inputs_stay_within_the_bound() -> None:
    """Queue names, desk ids, channels, reasons and results at random: the number of series has a bound."""
    rng = random.Random(5)
    writer = Writer().genesis().fact(APPLIED)
    for index in range(10_000):
        queues = tuple(Queue(queue_id=f"q{rng.random()}") for _ in range(3))
        event = random_event(rng)
        name = f"d{rng.random()}"
        if hasattr(event, "queue_id") and rng.random() < 0.5:
            event = type(event)(**{**{f: getattr(event, f) for f in event.__slots__}, "queue_id": name})
        desk_id = rng.choice(["acme", name])
        if index % 100 == 0:
            writer.fact(d.DeskApplied(desk=Desk(desk_id="acme", queues=queues)))
        writer.fact(event, d.FactRejected(reason=name), desk_id=desk_id)

    board = board_of(*writer.records)
    exported = text(board)
    series = [line for line in exported.splitlines() if not line.startswith("#")]
    per_queue = sum(
        len(CHANNELS) * _label_sets(measure.name) * (len(measure.bounds) + 3 if measure.bounds else 1)
        for measure in MEASURES
        if not measure.of_desk
    )
    of_desk = sum(_label_sets(measure.name) for measure in MEASURES if measure.of_desk)
    windows = 2 * len(WINDOWS) * len(WINDOWED) * (QUEUES_PER_DESK_MAX + 1)
    standing = (
        windows + 3 * len(CHANNELS) * (QUEUES_PER_DESK_MAX + 1) + 2 * len(CONTACT_STATES) + CHANGES_MAX + 20
    )
    pipeline = QUEUES_PER_DESK_MAX + len(PIPELINE) + 1

    assert len(series) <= (QUEUES_PER_DESK_MAX + 1) * per_queue + of_desk + standing + pipeline
    assert set(board.ledgers[2].rows) == {"acme", ""}  # unknown desks share one row
    values = [
        label
        for family in text_string_to_metric_families(exported)
        for s in family.samples
        for label in s.labels.items()
    ]
    named_by_desks = ("queue", "desk", "le", "partition", "topic", "change")
    assert len({value for name, value in values if name not in named_by_desks}) < 120


def _label_sets(name: str) -> int:
    measure = next(one for one in MEASURES if one.name == name)
    sets = 1
    for label in measure.labels:
        sets *= len(label.values) or TOPICS_PER_DESK_MAX + 1
    return sets


def test_every_measure_says_what_it_is() -> None:
    for measure in MEASURES:
        assert measure.name.startswith("frontdesk_")
        assert all((measure.help, measure.moves, measure.used))
        assert bool(measure.bounds) == (measure.kind is Kind.HISTOGRAM)
        assert all(set(label.born) <= set(label.values) for label in measure.labels)
        assert all(len(label.values) <= 13 for label in measure.labels)  # a closed list is a short one
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)


def test_the_document_names_every_measure() -> None:
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

    missing = [one.name for one in MEASURES if f"`{one.name}" not in document]
    assert missing + [name for name in {**PIPELINE, **GAUGES} if f"`{name}`" not in document] == []


def test_late_and_duplicate_records_are_told() -> None:
    writer = Writer().genesis().fact(APPLIED).wait(-60_000).fact().wait(120_000).fact()
    board = board_of()

    for offset, record in [*enumerate(writer.records), (1, writer.records[1])]:
        fold(board, 2, offset, encode_decision(record))
    board.publish()

    lines = text(board).splitlines()
    assert "frontdesk_events_late_total 1.0" in lines
    assert "frontdesk_events_duplicate_total 1.0" in lines

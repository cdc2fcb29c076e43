"""The same log gives the same numbers: in any chunks, with redeliveries, and restarted from any set of rows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.contract.decisions import Decision
from services.metrics.collector import DurableTotals
from services.metrics.errors import Gap, Torn
from services.metrics.flush import changed, restore
from services.metrics.ledger import Ledger, Verdict
from services.metrics.store import Board
from tests.unit.metrics import exported, ground_truth
from tests.unit.metrics.world import Writer, random_log

PARTITION = 3


def text_of(ledger: Ledger) -> str:
    board = Board(8)
    board.own(ledger, target=0)
    board.publish()
    registry = CollectorRegistry()
    registry.register(DurableTotals(lambda: board.snapshot))
    return generate_latest(registry).decode()


def folded(log: list[Decision], *, keep_quarters: int = 768) -> Ledger:
    ledger = Ledger(PARTITION, keep_quarters=keep_quarters)
    for offset, record in enumerate(log):
        ledger.apply(offset, record)
    return ledger


@pytest.mark.parametrize("seed", range(12))
def test_every_exported_sample_equals_the_ground_truth(seed: int) -> None:
    log = random_log(seed, 1_500)

    assert exported.samples(text_of(folded(log))) == ground_truth.samples(log, PARTITION)


@pytest.mark.parametrize("seed", range(3))
def test_late_records_count_as_the_ground_truth_does(seed: int) -> None:
    """An owner's clock that was set back: such records count in the newest quarter, and no time is counted twice."""
    log = random_log(seed, 1_500, late=True)

    assert exported.samples(text_of(folded(log))) == ground_truth.samples(log, PARTITION)


@pytest.mark.parametrize("keep_quarters", [1, 7, 768])
def test_merging_old_quarters_changes_no_total(keep_quarters: int) -> None:
    log = random_log(99, 1_500, desks=("acme", "bond"))

    ledger = folded(log, keep_quarters=keep_quarters)

    truth = ground_truth.samples(log, PARTITION, keep_quarters=keep_quarters)
    assert exported.samples(text_of(ledger)) == truth
    assert all(len(rows) <= keep_quarters + 2 for rows in ledger.rows.values())


class Changelog:
    """Stored rows as a changelog keeps them: writes in order, of which a crash leaves a prefix."""

    def __init__(self) -> None:
        self.writes: list[tuple[bytes, bytes]] = []
        self.rebuilds = 0

    def restored(self, *, keep_quarters: int) -> Ledger:
        rows = dict(self.writes)
        try:
            return restore(PARTITION, rows.get, keep_quarters=keep_quarters)
        except Torn as torn:
            self.rebuilds += 1
            ledger = Ledger(PARTITION, keep_quarters=keep_quarters)
            ledger.flush_from = torn.newest
            return ledger


def run_with_crashes(seed: int, *, keep_quarters: int, lossy: bool) -> tuple[int, int, int]:
    """Folds a log with redeliveries, gaps, flushes and crashes; the end must be the truth. Counts what happened."""
    rng = random.Random(seed)
    log = random_log(seed, rng.randrange(50, 500), desks=("acme", "bond")[: rng.randrange(1, 3)])
    changelog, ledger, at = Changelog(), Ledger(PARTITION, keep_quarters=keep_quarters), 0
    crashes = ahead = 0
    while at < len(log):
        for offset in range(at, min(len(log), at + rng.randrange(1, 40))):
            assert ledger.apply(offset, log[offset]) is not Verdict.SKIPPED
            if rng.random() < 0.1:  # delivered again, from anywhere before
                again = rng.randrange(offset + 1)
                assert ledger.apply(again, log[again]) is Verdict.SKIPPED
            if rng.random() < 0.1:
                with pytest.raises(Gap):
                    ledger.apply(offset + 2, log[min(offset + 2, len(log) - 1)])
        written = changed(ledger)
        changelog.writes += written
        if crashes < 12 and rng.random() < 0.4:
            crashes += 1
            if written and rng.random() < 0.7:  # not everything of the newest flush arrived
                del changelog.writes[len(changelog.writes) - rng.randrange(len(written) + 1) :]
            if lossy and changelog.writes:  # a send that failed for good, which Faust only logs
                del changelog.writes[rng.randrange(len(changelog.writes))]
            ledger = changelog.restored(keep_quarters=keep_quarters)
            ahead += ledger.flush_from > ledger.last_offset
        at = ledger.last_offset + 1
    truth = ground_truth.samples(log, PARTITION, keep_quarters=keep_quarters)
    assert exported.samples(text_of(ledger)) == truth
    assert sum(row.count for rows in ledger.rows.values() for row in rows.values()) == ledger.count
    return crashes, ahead, changelog.rebuilds


def test_restarts_from_any_prefix_of_the_writes_are_exact() -> None:
    """A killed writer leaves a prefix: rows may be ahead of the head row, and no rebuild is needed for that."""
    seen = [run_with_crashes(seed, keep_quarters=768, lossy=False) for seed in range(60)]

    assert sum(crashes for crashes, _, _ in seen) > 150
    assert sum(ahead for _, ahead, _ in seen) > 50  # the hard case was reached
    assert sum(rebuilds for _, _, rebuilds in seen) == 0


@pytest.mark.parametrize("keep_quarters", [1, 3, 20])
def test_restarts_while_quarters_are_merged_are_exact(keep_quarters: int) -> None:
    for seed in range(30):
        run_with_crashes(seed, keep_quarters=keep_quarters, lossy=False)


@pytest.mark.parametrize("keep_quarters", [2, 768])
def test_rows_that_were_lost_are_noticed_and_folded_again(keep_quarters: int) -> None:
    seen = [run_with_crashes(seed, keep_quarters=keep_quarters, lossy=True) for seed in range(60)]

    assert sum(rebuilds for _, _, rebuilds in seen) > 20


def test_rows_of_two_owners_mixed_are_never_believed() -> None:
    """A zombie writes its older rows over the new owner's: whatever mix results, the end is the truth."""
    for seed in range(60):
        rng = random.Random(seed)
        log = random_log(seed, 200)
        changelog = Changelog()
        owners = [Ledger(PARTITION), Ledger(PARTITION)]
        for offset, record in enumerate(log):
            owners[0].apply(offset, record)
            if offset < 120:
                owners[1].apply(offset, record)
            for owner in owners:
                if rng.random() < 0.05:
                    changelog.writes += changed(owner)
        mixed = changed(owners[0]) + changed(owners[1])
        rng.shuffle(mixed)
        changelog.writes += mixed[: rng.randrange(len(mixed) + 1)]

        ledger = changelog.restored(keep_quarters=768)
        for offset in range(ledger.last_offset + 1, len(log)):
            ledger.apply(offset, log[offset])

        assert exported.samples(text_of(ledger)) == ground_truth.samples(log, PARTITION), seed


@given(cut=st.integers(0, 300), seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_restart_at_any_flush_goes_on_where_it_stopped(cut: int, seed: int) -> None:
    log = random_log(seed, 300)
    first = folded(log[:cut])
    rows = dict(changed(first))

    second = restore(PARTITION, rows.get)
    for offset in range(second.last_offset + 1, len(log)):
        second.apply(offset, log[offset])

    assert second.last_offset == len(log) - 1
    assert second.snapshot() == folded(log).snapshot()
    assert second.chain == folded(log).chain


def test_a_clock_set_back_moves_no_record_into_an_old_quarter() -> None:
    writer = Writer().genesis().fact().wait(-10 * 900_000).fact()

    ledger = folded(writer.records)

    assert ledger.watermark_ms == writer.now_ms + 10 * 900_000

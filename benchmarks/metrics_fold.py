"""How fast metrics folds: decisions a second on one core, beside decoding alone, in the same run.

    python -m benchmarks.metrics_fold

Prints microseconds of CPU per record, as ratios to the codec's decoding (what any reader of the log pays), the
cost of a flush, a restore, a snapshot with its text for Prometheus, and of a window of GetKpis.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, generate_latest

from services.contract.codec import decode_decision, encode_decision
from services.contract.decisions import Decision
from services.metrics.collector import DurableTotals
from services.metrics.flush import changed, restore
from services.metrics.folding import fold
from services.metrics.kpis import Dimension, kpis
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from tests.unit.metrics.world import random_log

RECORDS = 30_000
FLUSH_RECORDS = 500


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this process's CPU."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    log = random_log(1, RECORDS, desks=("acme", "bond", "core"))
    values = [encode_decision(record) for record in log]
    decode_us = cpu(lambda: [decode_decision(value) for value in values]) / RECORDS * 1e6
    board = Board(1)
    fold_us = cpu(lambda: _fold(board, values)) / RECORDS * 1e6
    flushed = Board(1)
    rows: dict[bytes, bytes] = {}
    flush_us = cpu(lambda: _fold(flushed, values, rows)) / RECORDS * 1e6 - fold_us
    only_us = cpu(lambda: _apply(log)) / RECORDS * 1e6
    board.publish()
    registry = CollectorRegistry()
    registry.register(DurableTotals(lambda: board.snapshot))
    window = board.window()
    text = generate_latest(registry)

    print(f"{RECORDS:,} records, {sum(len(value) for value in values) // RECORDS} bytes each, one core\n")
    print(f"{'':34}{'us CPU':>9}{'ratio':>8}{'per s':>12}")
    for name, us in (
        ("decode (the reference)", decode_us),
        ("fold alone, decoded before", only_us),
        ("decode + fold", fold_us),
        (f"decode + fold + rows, every {FLUSH_RECORDS}", fold_us + max(0.0, flush_us)),
    ):
        print(f"{name:34}{us:9.1f}{us / decode_us:8.2f}{1e6 / us:12,.0f}")
    print(f"\nrows kept                {sum(map(len, board.ledgers[0].rows.values())):,}")
    print(f"rows stored              {len(rows):,}, {sum(map(len, rows.values())) // 1024:,} KiB")
    print(f"restore                  {cpu(lambda: restore(0, rows.get)) * 1e3:.0f} ms")
    print(f"snapshot                 {cpu(board.ledgers[0].snapshot) * 1e3:.2f} ms")
    print(
        f"text for Prometheus      {cpu(lambda: generate_latest(registry)) * 1e3:.0f} ms, {text.count(b'{'):,} samples"
    )
    print(
        f"GetKpis, eight days      {cpu(lambda: kpis(window.rows, (Dimension.DESK,))) * 1e3:.0f} ms in a thread"
    )


def _fold(board: Board, values: list[bytes], rows: dict[bytes, bytes] | None = None) -> None:
    ledger = Ledger(0)
    board.own(ledger, target=0)
    for offset, value in enumerate(values):
        fold(board, 0, offset, value)
        if rows is not None and offset % FLUSH_RECORDS == 0:
            rows.update(changed(ledger))


def _apply(log: list[Decision]) -> None:
    ledger = Ledger(0)
    for offset, record in enumerate(log):
        ledger.apply(offset, record)


if __name__ == "__main__":
    main()

"""One record of the decision log into its ledger: the one path that both logs' readers take."""

from __future__ import annotations

from services.contract.codec import Undecodable, decode_decision
from services.contract.decisions import HeartbeatPassed
from services.metrics.errors import Unreadable
from services.metrics.ledger import Verdict
from services.metrics.store import Board


def fold(board: Board, partition: int, offset: int, value: bytes) -> Verdict:
    """Decodes and folds; raises Unreadable, Gap, or UnknownCause from the chain. Nothing changes then.

    A record delivered again is not even decoded.
    """
    ledger = board.ledgers[partition]
    if offset <= ledger.last_offset:
        board.duplicates += 1
        return Verdict.SKIPPED
    try:
        record = decode_decision(value)
    except Undecodable as error:
        raise Unreadable(partition, offset, str(error)) from error
    late = record.decided_at_ms < ledger.watermark_ms
    verdict = ledger.apply(offset, record)
    board.moved(partition)
    if verdict is Verdict.ACCEPTED:
        board.late += late
        board.decided(record)
        if any(isinstance(event, HeartbeatPassed) for event in record.events):
            board.beat(partition, record.decided_at_ms)
    return verdict

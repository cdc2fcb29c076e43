"""Where in the decision log a contact begins, found by halving: its first record is that of the fact which brought it.

Accepted records name facts that never fall; those of rivals between them may name others. So the place found is a
hint, taken some way back, and whoever reads on from it checks that the first record about the contact opens it.
"""

from __future__ import annotations

from services.contract.codec import decode_decision
from services.contract.topics import DECISIONS
from services.runtime.log import Log

BACK_RECORDS = 200
"""How far before the place found reading begins."""


async def about_fact(source: Log, partition: int, fact_offset: int, *, end: int) -> int:
    """An offset not far before the record that decides a fact, among those before `end`.

    Asks for one record at a time, twenty of a million. Raises what the log raises.
    """
    low = await source.start_offset(DECISIONS, partition)
    begin, high = low, end
    while low < high:
        middle = (low + high) // 2
        record = decode_decision((await source.read_at(DECISIONS, partition, middle)).value)
        if record.fact_offset < fact_offset:
            low = middle + 1
        else:
            high = middle
    return max(begin, low - BACK_RECORDS)

"""Record 0 of a partition's decisions: whoever decides there writes it, or sees that it is of the log it means (engine.md 1.11)."""

from __future__ import annotations

from services.contract.codec import encode_decision
from services.contract.topics import DECISIONS, FACTS, PARTITION_HASH
from services.router.model import PartitionState
from services.router.owning.making import CannotDecide, Maker
from services.router.tail import DecisionTail
from services.runtime.log import Log


async def write_genesis(
    source: Log, tail: DecisionTail, partition: int, generation: int, maker: Maker
) -> None:
    """Two racing creators are told apart by the chain, the second is rejected.

    Of a later generation it is written by `frontdesk regenerate` only, which carries the desks over.
    """
    if generation > 1:
        raise CannotDecide(f"generation {generation} was not begun: run `frontdesk regenerate`")
    genesis = maker.genesis(
        generation=generation,
        partitions=tail.partitions,
        first_fact_offset=await source.start_offset(FACTS, partition),
    )
    offset = await source.append(DECISIONS, partition, b"", encode_decision(genesis))
    await tail.reached(partition, offset + 1)


def check_genesis(partition: int, state: PartitionState, generation: int, partitions: int) -> None:
    """Raises CannotDecide where the partition is not of this generation, or of another number of partitions."""
    if state.closed:
        raise CannotDecide(
            f"generation {state.generation} of the log was ended: set FRONTDESK_LOG_GENERATION and "
            "FRONTDESK_PARTITIONS as `frontdesk regenerate` said"
        )
    ours = (generation, partitions, PARTITION_HASH)
    theirs = (state.generation, state.partitions, state.partition_hash)
    if ours != theirs:
        raise CannotDecide(
            f"decisions {partition} were begun with (generation, partitions, hash) {theirs}, this process has "
            f"{ours}: set FRONTDESK_PARTITIONS as the log was created, partitions never change in place"
        )

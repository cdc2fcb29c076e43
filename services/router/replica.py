"""What this replica has folded: desks and agents by id, positions given out and positions demanded (engine.md 1.7)."""

from __future__ import annotations

import asyncio

import grpc

from frontdesk.v1 import router_pb2
from services.contract.topics import DECISIONS, partition_of
from services.router.model import DeskState, PartitionState
from services.router.tail import DecisionTail
from services.runtime.log import Log, LogError
from services.runtime.rpc import Refusal, invalid

RETRY_MS = 1_000
END_SECONDS_MAX = 5.0
"""Longest that the log is asked where it ends."""


class Replica:
    """Answers from the folded states, or refuses by name."""

    def __init__(self, tail: DecisionTail, log: Log) -> None:
        self._tail, self._log = tail, log

    def state(self, desk_id: str) -> tuple[int, PartitionState]:
        """A desk's partition and its state; UNAVAILABLE while this replica still reads the log."""
        if not self._tail.ready:  # what is missing here may well be in the log
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "CATCHING_UP",
                "this replica is still reading the log; repeat soon, or ask another one",
                retry_after_ms=RETRY_MS,
            )
        partition = partition_of(desk_id, self._tail.partitions)
        return partition, self._tail.state(partition)

    def desk(self, desk_id: str) -> DeskState:
        """NOT_FOUND for a desk that is not configured."""
        desk = self.state(desk_id)[1].desks.get(desk_id)
        if desk is None:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "DESK_NOT_FOUND",
                "no such desk is configured, or it was configured a moment ago",
                retry_after_ms=RETRY_MS,
            )
        return desk

    async def agent_known_after(
        self, desk_id: str, agent_id: str, after: router_pb2.Position | None, *, seconds: float
    ) -> None:
        """The same, but an agent whom this replica has not heard of yet is waited for up to a position; UNAVAILABLE when
        that is not folded in time."""
        desk = self.state(desk_id)[1].desks.get(desk_id)
        if after is not None and after.offset >= 0 and (desk is None or agent_id not in desk.agents):
            await self.reach(desk_id, after, seconds=seconds)
        self.agent_known(desk_id, agent_id)

    def agent_known(self, desk_id: str, agent_id: str) -> None:
        """NOT_FOUND for an agent whom the desk's configuration does not have."""
        if agent_id not in self.desk(desk_id).agents:
            raise Refusal(
                grpc.StatusCode.NOT_FOUND,
                "AGENT_NOT_FOUND",
                "no such agent in the desk's configuration, or it was configured a moment ago",
                retry_after_ms=RETRY_MS,
            )

    def position(self, partition: int, offset: int) -> router_pb2.Position:
        return router_pb2.Position(
            generation=self._tail.state(partition).generation, partition=partition, offset=offset
        )

    def now(self, partition: int) -> router_pb2.Position:
        """The newest position that is folded here."""
        return self.position(partition, self._tail.next_offset(partition) - 1)

    async def reach(self, desk_id: str, minimum: router_pb2.Position, *, seconds: float) -> None:
        """Waits until a position that a caller demands is folded; UNAVAILABLE with the own one when it is not in time."""
        partition, state = self.state(desk_id)
        self.check(minimum, "min_position", partition, state)
        if minimum.offset < self._tail.next_offset(partition):
            return
        await self._within_log(minimum, "min_position")
        try:
            async with asyncio.timeout(seconds):
                await self._tail.reached(partition, minimum.offset + 1)
        except TimeoutError:
            now = self.now(partition)
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "BEHIND",
                f"this replica stands at offset {now.offset}, before min_position",
                retry_after_ms=RETRY_MS,
                metadata={
                    "generation": str(now.generation),
                    "partition": str(partition),
                    "offset": str(now.offset),
                },
            ) from None

    async def resumable(
        self, desk_id: str, after: router_pb2.Position, field: str
    ) -> router_pb2.Position | None:
        """The position to go on after; None when it is one of another log, of which nothing can be told here.

        Raises INVALID_ARGUMENT for what is no position, and for one that the log has not reached: whoever waited for
        that would wait in silence.
        """
        partition, state = self.state(desk_id)
        if after.offset < -1 or after.index < 0:
            raise invalid({field: "is no position that this service gave"})
        if after.partition != partition or _other_log(after, state):
            return None
        if after.offset >= self._tail.next_offset(partition):
            await self._within_log(after, field)
        return after

    def check(self, given: router_pb2.Position, field: str, partition: int, state: PartitionState) -> None:
        """Raises INVALID_ARGUMENT for a position that is not one of the desk's decisions."""
        faults: dict[str, str] = {}
        if given.partition != partition:
            faults[f"{field}.partition"] = f"this desk's decisions are in {partition}"
        if _other_log(given, state):
            faults[f"{field}.generation"] = f"this log is generation {state.generation}"
        if given.offset < 0:
            faults[f"{field}.offset"] = "must not be negative"
        if faults:
            raise invalid(faults)

    async def _within_log(self, given: router_pb2.Position, field: str) -> None:
        """Raises INVALID_ARGUMENT when the log ends before the position, which then nobody can have been given."""
        try:
            async with asyncio.timeout(END_SECONDS_MAX):
                end = await self._log.end_offset(DECISIONS, given.partition)
        except (LogError, TimeoutError) as error:
            raise Refusal(
                grpc.StatusCode.UNAVAILABLE,
                "LOG_UNAVAILABLE",
                "the log did not say where it ends",
                retry_after_ms=RETRY_MS,
            ) from error
        if given.offset >= end:
            raise invalid({f"{field}.offset": "is beyond the end of the log"})


def _other_log(given: router_pb2.Position, state: PartitionState) -> bool:
    """True for a position of another generation of the log; one that names none is taken for this one's."""
    return given.generation not in (0, state.generation)

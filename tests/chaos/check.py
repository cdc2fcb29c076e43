"""Reads the whole decision log, the whole fact log and the agents' own records, and says what does not hold.

Rules 1, 2 and 6 of design.md, engine.md 1.9. Folding stops at the first record that breaks the log itself (a digest
that differs, time that falls); everything else is counted, with the first few examples.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from services.contract import decisions as d
from services.contract.codec import decode_decision, decode_fact
from services.contract.ids import command_fact_id
from services.contract.topics import DECISIONS, FACTS
from services.router.evolve import CorruptLog
from services.router.log.fold import fold
from services.router.model import ContactState, PartitionState
from services.router.serving.requests import scoped
from services.router.timers import TimerIndex
from tests.chaos.shared import Plan
from tests.properties.invariants import check_history, check_state

WHOLE_STATE_EVERY = 5_000
"""Accepted records between two checks of every object; the touched ones are checked at each record."""
EXAMPLES_MAX = 5
OVERDUE_MS = 60_000
"""More than the clocks of routers differ in a run, and than one is without an owner."""


@dataclass
class Findings:
    """What was read, and what does not hold."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    broken_counts: Counter[str] = field(default_factory=Counter)
    times: list[array[int]] = field(default_factory=list)
    """Of each partition, when its accepted records were appended, epoch milliseconds ..."""
    owners: list[list[str]] = field(default_factory=list)
    """... and by whom."""
    rejected_at: list[int] = field(default_factory=list)
    settled: Counter[int] = field(default_factory=Counter)
    """Contacts resolved, by second."""

    def breaks(self, rule: str, example: str) -> None:
        self.broken_counts[rule] += 1
        if len(self.broken[rule]) < EXAMPLES_MAX:
            self.broken[rule].append(example)


class Records:
    """What the agents wrote down."""

    def __init__(self, path: Path) -> None:
        self.told: dict[int, dict[int, list[tuple[int, str, str, str, str]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        """By partition and offset: index, kind, agent, contact, offer or epoch."""
        self.standing: list[tuple[str, str, str, str]] = []
        self.asked: dict[str, tuple[str, str]] = {}
        self.answers: dict[str, tuple[int, int, bool, str]] = {}
        self.told_count = 0
        for line in path.read_text().splitlines():
            words = line.split()
            if words[0] == "T":
                partition, offset, index, kind, agent, contact, other = words[1:]
                self.told_count += 1
                if partition == "-":
                    self.standing.append((kind, agent, contact, other))
                else:
                    self.told[int(partition)][int(offset)].append((int(index), kind, agent, contact, other))
            elif words[0] == "A":
                self.asked[words[3]] = (words[1], words[2])
            else:
                self.answers[words[1]] = (int(words[2]), int(words[3]), words[4] == "1", words[5])


def values(bootstrap: str, topic: str, partition: int) -> Iterator[tuple[int, bytes, int]]:
    """Offset, value and time of every record of a partition, from the first to the last there is now."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","), enable_auto_commit=False, max_partition_fetch_bytes=4 << 20
    )
    where = TopicPartition(topic, partition)
    consumer.assign([where])
    end = consumer.end_offsets([where])[where]
    consumer.seek(where, 0)
    at, silent = 0, 0
    while at < end:
        found = consumer.poll(timeout_ms=2_000, max_records=2_000).get(where, [])
        silent = 0 if found else silent + 1
        if silent > 30:
            raise TimeoutError(f"{topic} {partition}: nothing after offset {at} of {end}")
        for record in found:
            at = record.offset + 1
            yield record.offset, record.value or b"", record.timestamp
    consumer.close()


class Check:
    """One run's."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.found = Findings()
        self.records = Records(Path(plan.folder) / "agents.txt")
        self._offered: set[tuple[str, str, str]] = set()
        self._assigned: set[tuple[str, str, str]] = set()
        self._answered: dict[tuple[int, int], tuple[str, d.Reply | None]] = {}
        self._wanted = {(p, o) for p, o, _, _ in self.records.answers.values()}

    def run(self) -> Findings:
        for partition in range(self._plan.partitions):
            facts = self._facts(partition)
            self._partition(partition, facts)
        self._agents()
        return self.found

    # --- the logs --------------------------------------------------------------------------------------------

    def _facts(self, partition: int) -> list[str]:
        """The ids of the facts, in order; and that what was acknowledged is there."""
        ids = [decode_fact(value).fact_id for _, value, _ in values(self._plan.bootstrap, FACTS, partition)]
        self.found.counts["facts"] += len(ids)
        for line in (Path(self._plan.folder) / "acknowledged.txt").read_text().splitlines():
            where, _, offset = line.partition(" ")
            if int(where) == partition:
                self.found.counts["acknowledged"] += 1
                if int(offset) >= len(ids):
                    self.found.breaks("an acknowledged fact is in the log", f"{partition}/{offset}")
        return ids

    def _partition(self, partition: int, facts: list[str]) -> None:
        self._state = PartitionState.empty()
        self.found.times.append(array("q"))
        self.found.owners.append([])
        try:
            check_history(self._accepted(partition, facts))  # type: ignore[arg-type] # iterates once
        except (AssertionError, CorruptLog) as error:
            self.found.breaks("the history is one that may be (hops, epochs, one owner)", str(error))
            return
        state, found = self._state, self.found
        if state.last_fact != len(facts) - 1:
            found.breaks(
                "every fact is decided", f"partition {partition}: {state.last_fact + 1} of {len(facts)}"
            )
        self._whole(state)
        self._overdue(partition, state)
        for desk in state.desks.values():
            for contact in desk.contacts.values():
                if contact.state is not ContactState.CLOSED:
                    found.counts["open at the end"] += 1

    def _overdue(self, partition: int, state: PartitionState) -> None:
        """At the end nothing is left that was due long before: routers ran on after the load."""
        timers = TimerIndex()
        timers.rebuild(state)
        late = timers.due(state, state.decided_at_ms - OVERDUE_MS)
        if late is not None:
            self.found.breaks("a deadline that passed has fired", f"{partition}: {late.timer_id}")

    def _accepted(self, partition: int, facts: list[str]) -> Iterator[d.Decision]:
        """Folds, judges and passes on; what `check_history` sees is what every reader accepts."""
        found, decided, opened = self.found, set[str](), Counter[str]()
        for offset, value, at_ms in values(self._plan.bootstrap, DECISIONS, partition):
            record = decode_decision(value)
            if record.digest:
                found.counts["digests compared"] += 1
            folded = fold(self._state, record)  # raises where a digest differs or time falls
            found.counts["records"] += 1
            if not folded.accepted:
                found.counts["rejected"] += 1
                found.rejected_at.append(at_ms)
                self._told_of(partition, offset, record, accepted=False)
                continue
            self._state = folded.state
            found.times[-1].append(at_ms)
            found.owners[-1].append(record.owner)
            found.counts["accepted"] += 1
            if isinstance(record.cause, d.TimerCause):
                found.counts["timers fired"] += 1
            if isinstance(record.cause, d.FactCause):
                self._fact(record, facts, decided)
            for event in record.events:
                if isinstance(event, d.ContactOpened):
                    opened[event.contact_id] += 1
                    if opened[event.contact_id] > 1:
                        found.breaks("a contact is opened once", event.contact_id)
                elif isinstance(event, d.Resolved):
                    found.settled[at_ms // 1000] += 1
            self._touched(folded.state, record)
            self._told_of(partition, offset, record, accepted=True)
            if found.counts["accepted"] % WHOLE_STATE_EVERY == 0:
                self._whole(folded.state)
            yield record
        found.counts["contacts"] += len(opened)

    def _fact(self, record: d.Decision, facts: list[str], decided: set[str]) -> None:
        """It decides the fact that it says, and a fact that was decided before has no effect."""
        if record.fact_offset >= len(facts) or facts[record.fact_offset] != record.fact_id:
            self.found.breaks(
                "a record decides the fact at its offset", f"{record.fact_offset} {record.fact_id}"
            )
        again = bool(record.events) and isinstance(record.events[0], d.DuplicateIgnored)
        if again != (record.fact_id in decided):
            self.found.breaks("a fact has its effect once", record.fact_id)
        self.found.counts["repeats ignored"] += again
        decided.add(record.fact_id)

    def _touched(self, state: PartitionState, record: d.Decision) -> None:
        """Nobody whom the record gave something is above capacity, and what it touched has a timer."""
        desk = state.desks.get(record.desk_id)
        if desk is None:
            return
        for event in record.events:
            agent = desk.agents.get(getattr(event, "agent_id", ""))
            capacity = desk.crew.roster.agents[agent.agent_id].capacity_units if agent is not None else 0
            if agent is not None and agent.used_units > capacity:
                self.found.breaks("nobody is above capacity", f"{agent.agent_id}: {agent.used_units}")
            contact = desk.contacts.get(getattr(event, "contact_id", ""))
            if contact is not None and contact.deadline_at_ms <= 0:
                self.found.breaks("every open contact has a timer", contact.contact_id)

    def _whole(self, state: PartitionState) -> None:
        try:
            check_state(state)
        except AssertionError as error:
            self.found.breaks("every object is in one place, with a timer, within capacity", str(error))

    # --- the agents' own records -------------------------------------------------------------------------------

    def _told_of(self, partition: int, offset: int, record: d.Decision, *, accepted: bool) -> None:
        if (partition, offset) in self._wanted:
            self._answered[partition, offset] = (record.fact_id if accepted else "", record.reply)
        if accepted:
            for event in record.events:
                if isinstance(event, d.Offered):
                    self._offered.add((event.agent_id, event.contact_id, event.offer_id))
                elif isinstance(event, d.Assigned):
                    self._assigned.add((event.agent_id, event.contact_id, str(event.epoch)))
        for index, kind, agent, contact, other in self.records.told[partition].pop(offset, ()):
            if not accepted:
                self.found.breaks("what was told is in the log", f"{partition}/{offset}: rejected")
                continue
            named: Any = record.events[index - 1] if index <= len(record.events) else None
            if kind == "offer" and not _is(
                named, d.Offered, agent_id=agent, contact_id=contact, offer_id=other
            ):
                self.found.breaks("what was told is in the log", f"{kind} {contact} to {agent}")
            if kind == "assigned" and not self._gives(named, agent, contact, other):
                self.found.breaks("what was told is in the log", f"{kind} {contact} to {agent}")

    def _gives(self, event: object, agent: str, contact: str, epoch: str) -> bool:
        """The event makes it the agent's: for the first time, or again, under the same epoch."""
        if _is(event, d.CustomerReturned, agent_id=agent, contact_id=contact):
            return (agent, contact, epoch) in self._assigned
        return _is(event, d.Assigned, agent_id=agent, contact_id=contact, epoch=int(epoch))

    def _agents(self) -> None:
        """Nothing told is missing in the log; every command has the answer that the log has."""
        found, records = self.found, self.records
        found.counts["notices"] = records.told_count
        found.counts["commands"] = len(records.asked)
        for partition, left in records.told.items():
            for offset, notices in left.items():
                if notices:
                    found.breaks("what was told is in the log", f"{partition}/{offset}: no such record")
        for kind, agent, contact, other in records.standing:
            known = self._offered if kind == "offer" else self._assigned
            if kind in ("offer", "assigned") and (agent, contact, other) not in known:
                found.breaks("what was told is in the log", f"standing {kind} {contact} to {agent}")
        for command_id, (desk_id, agent_id) in records.asked.items():
            answer = records.answers.get(command_id)
            if answer is None:
                found.breaks("every command has its answer", command_id)
                continue
            partition, offset, accepted, reason = answer
            fact_id, reply = self._answered.get((partition, offset), ("", None))
            if fact_id != command_fact_id(desk_id, scoped("agent", agent_id, command_id)):
                found.breaks("an answer is the log's", f"{command_id}: {partition}/{offset} is another's")
            elif reply is not None and (reply.accepted, reply.reason or "-") != (accepted, reason):
                found.breaks("an answer is the log's", f"{command_id}: {reason} is not {reply.reason}")


def _is(event: object, kind: type, **fields: object) -> bool:
    return isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items())

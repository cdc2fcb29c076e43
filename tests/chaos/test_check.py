"""The checker finds what it is for: a lost fact, a lie to an agent, a command without an answer, a deadline asleep."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.contract import facts as f
from services.contract.codec import encode_decision, encode_fact
from services.contract.ids import command_fact_id
from services.contract.topics import FACTS
from services.router.serving.requests import scoped
from tests.chaos.check import Check, Findings
from tests.chaos.faults import Struck, refused
from tests.chaos.ground import Disk, Network
from tests.chaos.report import rows, table, take_overs, worst_gap
from tests.chaos.shared import Plan
from tests.unit.router.world import DESK, SECOND, World, agent, call, chat, desk

Spoil = Callable[["Run"], None]


class Run:
    """A small morning as a chaos run leaves it: both logs and the agent's records."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.world, self.facts = folder, World(), list[bytes]()
        self.lines: list[str] = []
        self.say(f.DeskConfigured(desk=desk(agent("A"))))
        self.say(f.AgentSignedIn(agent_id="A"), "A.1")
        self.say(chat("c"))
        offer_id = self.world.contact("c").offer_id
        self.lines.append(f"T 0 {len(self.world.records) - 1} {self._place('Offered')} offer A c {offer_id}")
        self.say(f.OfferAnswered(offer_id=offer_id, agent_id="A", answer=f.OfferAnswer.ACCEPT), "A.2")
        self.say(f.ContactResolved(contact_id="c", agent_id="A", epoch=1, outcome=f.Outcome.RESOLVED), "A.3")
        self.acknowledged = len(self.facts)

    def say(self, body: Any, command: str = "") -> None:
        name = command_fact_id(DESK, scoped("agent", "A", command)) if command else f"f{len(self.facts)}"
        fact = f.Fact(fact_id=name, desk_id=DESK, received_at_ms=self.world.now_ms, body=body)
        self.facts.append(encode_fact(fact))
        reply = self.world.tell(body, fact_id=name).reply
        if command:
            self.lines.append(f"A {DESK} A {command}")
            said = f"{int(reply.accepted)} {reply.reason or '-'}" if reply is not None else "1 -"
            self.lines.append(f"R {command} 0 {len(self.world.records) - 1} {said}")

    def _place(self, event: str) -> int:
        return 1 + [type(one).__name__ for one in self.world.records[-1].events].index(event)

    def check(self, monkeypatch: pytest.MonkeyPatch) -> Findings:
        (self.folder / "agents.txt").write_text("\n".join(self.lines) + "\n")
        (self.folder / "acknowledged.txt").write_text(f"0 {self.acknowledged - 1}\n")
        decisions = [encode_decision(record) for record in self.world.records]

        def values(_: str, topic: str, __: int) -> Iterator[tuple[int, bytes, int]]:
            for offset, value in enumerate(self.facts if topic == FACTS else decisions):
                yield offset, value, self.world.now_ms + offset

        monkeypatch.setattr("tests.chaos.check.values", values)
        return Check(Plan(str(self.folder), "", [], [DESK], 1, 1.0, 1, 1, 1)).run()


def lose_a_fact(run: Run) -> None:
    run.facts.append(
        encode_fact(f.Fact(fact_id="late", desk_id=DESK, received_at_ms=1, body=f.AgentSignedIn()))
    )


def lose_an_acknowledged_one(run: Run) -> None:
    run.acknowledged += 1


def lie(run: Run) -> None:
    run.lines.append("T 0 3 1 assigned A c 7")


def tell_beyond_the_log(run: Run) -> None:
    run.lines.append("T 0 99 1 offer A c c-o9.9")


def leave_unanswered(run: Run) -> None:
    run.lines.append(f"A {DESK} A A.9")


def answer_otherwise(run: Run) -> None:
    run.lines = [line.replace("1 -", "0 expired") for line in run.lines]


def sleep(run: Run) -> None:
    run.say(call("waits"))
    run.world.now_ms += 600 * SECOND
    run.say(f.NonContactSeen(kind="noise"))


SPOILT: dict[str, Spoil] = {
    "every fact is decided": lose_a_fact,
    "an acknowledged fact is in the log": lose_an_acknowledged_one,
    "what was told is in the log": lie,
    "every command has its answer": leave_unanswered,
    "an answer is the log's": answer_otherwise,
    "a deadline that passed has fired": sleep,
}


def test_a_sound_run_has_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Run(tmp_path).check(monkeypatch)

    assert dict(found.broken) == {}
    assert (found.counts["facts"], found.counts["commands"], found.counts["notices"]) == (5, 3, 1)


@pytest.mark.parametrize("rule", SPOILT)
def test_what_is_broken_is_found(rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    SPOILT[rule](run)

    assert rule in run.check(monkeypatch).broken


def test_an_offer_that_is_nowhere_in_the_log_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path)
    tell_beyond_the_log(run)

    assert "what was told is in the log" in run.check(monkeypatch).broken


def test_the_table_has_the_worst_gap_and_the_longest_take_over() -> None:
    found = Findings(
        times=[array("q", [0, 100, 9_100, 9_200])], owners=[["a", "a", "b", "b"]], rejected_at=[9_150]
    )
    struck = [Struck("kill", 1_000, 3_000, taken=[("a", 1_000)]), Struck("later", 9_150, 9_160)]

    every = rows(found, struck, 10_000)

    assert worst_gap(found, 1_000, 9_150) == 8.1
    assert take_overs(found, "a", 1_000, 9_150) == [(8.1, 9.0)]
    assert (every[0].gap_seconds, every[0].take_over_seconds, every[0].rejected) == (8.1, 8.1, 0)
    assert every[1].rejected == 1
    assert "| kill | 1 | 8.1 s | 8.1 s, still 9.0 s | 0 |" in table(found, every)


def test_a_gap_is_told_of_the_fault_that_it_is_in() -> None:
    found = Findings(times=[array("q", [0, 900, 1_990, 12_000, 12_100, 20_000])], owners=[["a"] * 6])

    assert worst_gap(found, 1_000, 2_000) == 0.99
    assert worst_gap(found, 2_000, 12_050) == 10.0
    assert worst_gap(found, 12_050, 30_000) == 7.9


def test_who_decides_on_while_it_leaves_leaves_nobody_waiting() -> None:
    found = Findings(times=[array("q", [900, 2_000, 3_000, 3_200])], owners=[["a", "a", "a", "b"]])

    assert take_overs(found, "a", 1_000, 9_000) == [(2.2, 0.2)]


@pytest.mark.parametrize("name", ["network_cut", "full_disk"])
def test_a_fault_that_was_asked_for_and_is_not_possible_here_is_refused(name: str, tmp_path: Path) -> None:
    network, disk = Network(1), Disk(tmp_path, 1)

    assert [one.partition(":")[0] for one in refused(frozenset({name, "kill"}), network, disk)] == [name]
    network.allowed = disk.allowed = True
    assert refused(frozenset({name, "kill"}), network, disk) == []

"""A desk's own log under another policy, staffing or grants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.contract import decisions as d
from services.contract.desk import Agent, AuthorityRule, Desk, Grant, Topic
from simulator.desk import DECISION_TYPE, DESK_ID, agent_id
from simulator.report.measures import Run
from simulator.routed import EPOCH_MS
from simulator.what_if.changes import Changes, Unclear, changed_desk
from simulator.what_if.command import main
from simulator.what_if.history import history_of
from simulator.what_if.log import NoPast, PastLog, read
from simulator.what_if.measures import figures, first_contacts_that_ended
from simulator.what_if.replay import Replay
from tests.unit.simulator.logged import Logged, write

DESK = Desk(
    desk_id="acme",
    topics=(Topic(topic_id="billing"), Topic(topic_id="refund")),
    authority=(AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000)),),
    agents=(
        Agent(agent_id="bor", topic_ids=("billing",)),
        Agent(
            agent_id="ana",
            topic_ids=("refund",),
            grants=(Grant(decision_type="refund", currency="EUR", limit_minor=5_000),),
        ),
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "frontdesk.db"


@pytest.fixture(scope="module")
def lived(path: Path) -> Logged:
    return write(path)


@pytest.fixture(scope="module")
def log(path: Path, lived: Logged) -> PastLog:
    return read(path, DESK_ID)


def played(log: PastLog, changes: Changes = Changes(), replication: int = 0) -> Run:  # noqa: B008 - frozen
    replay = Replay(log, history_of(log), changes, replication)
    return figures(replay.play(), first_contacts_that_ended(log.decisions), replay.expected)


def test_the_log_is_read_as_it_was_written(log: PastLog, lived: Logged) -> None:
    assert list(log.facts) == lived.told
    assert list(log.decisions) == lived.decided[1:], "without the genesis record, which the state begins with"
    assert log.before.count == 1


def test_a_history_tells_who_left_and_how_long_talks_were(log: PastLog, lived: Logged) -> None:
    found = history_of(log)
    abandoned = {
        event.contact_id: record.decided_at_ms
        for record in log.decisions
        for event in record.events
        if isinstance(event, d.Abandoned)
    }
    assert {name for name, past in found.contacts.items() if past.left_after_ms is not None} == set(abandoned)
    talks = sum(sum(past.talks_ms.values()) for past in found.contacts.values()) / 1000
    assert talks == pytest.approx(lived.record.customer_seconds.sum(), rel=0.35), (
        "talk is most of customers' time"
    )
    assert found.talks_ms[""] == tuple(sorted(found.talks_ms[""]))


def test_the_same_desk_played_again_comes_close_to_what_was(log: PastLog) -> None:
    was = figures(log.decisions, first_contacts_that_ended(log.decisions)).figures
    again = played(log).figures
    assert again["contacts"] == pytest.approx(was["contacts"], rel=0.02)
    assert again["wait_seconds"] == pytest.approx(was["wait_seconds"], abs=6.0)
    assert again["left"] == pytest.approx(was["left"], abs=0.05)
    assert again["fcr"] == pytest.approx(was["fcr"], abs=0.08), (
        "what is expected, beside what happened to 140"
    )


def test_a_replay_is_the_same_again_and_another_draws_otherwise(log: PastLog) -> None:
    first, second = (Replay(log, history_of(log), Changes(), 3).play() for _ in range(2))
    assert first == second
    assert Replay(log, history_of(log), Changes(), 4).play() != first


def test_more_agents_make_waits_shorter(log: PastLog) -> None:
    assert played(log, Changes(more_agents=6)).figures["wait_seconds"] < played(log).figures["wait_seconds"]
    fewer = Changes(without=tuple(agent_id(index) for index in range(4)))
    assert played(log, fewer).figures["wait_seconds"] > played(log).figures["wait_seconds"]


def test_grants_for_all_leave_nothing_to_ask_for(log: PastLog) -> None:
    desk = log.facts[0].body.desk  # type: ignore[union-attr]
    grants = tuple(f"{agent.agent_id}={DECISION_TYPE}:unlimited" for agent in desk.agents)  # type: ignore[union-attr]
    before, after = played(log), played(log, Changes(grants=grants))
    assert before.figures["consults"] > 0
    assert after.figures["consults"] < before.figures["consults"] / 4


def test_a_span_begins_with_the_desk_as_it_stood_then(path: Path, lived: Logged) -> None:
    half = read(path, DESK_ID, EPOCH_MS + 1_800_000)
    assert half.before.count > 100
    assert half.facts[0].received_at_ms >= EPOCH_MS + 1_800_000
    found = played(half).figures
    assert 0 < found["contacts"] < played(read(path, DESK_ID)).figures["contacts"]
    assert found["wait_seconds"] < 120


def test_a_desk_that_is_not_there_is_told_with_those_that_are(path: Path, lived: Logged) -> None:
    with pytest.raises(NoPast, match=f"no facts of desk 'acme'.*{DESK_ID}"):
        read(path, "acme")


def test_a_file_that_is_no_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoPast, match="is not there"):
        read(tmp_path / "none.db", "acme")
    (tmp_path / "text.db").write_text(
        "no database at all, but long enough to be looked at" * 20, encoding="utf-8"
    )
    with pytest.raises(NoPast, match="cannot be read"):
        read(tmp_path / "text.db", "acme")


def test_a_grant_takes_the_place_of_one_of_its_kind() -> None:
    desk, _ = changed_desk(DESK, Changes(grants=("ana=refund:150:EUR", "bor=refund:unlimited")))
    ana, bor = desk.agents
    assert ana.grants == (Grant(decision_type="refund", limit_minor=15_000, currency="EUR"),)
    assert bor.grants == (Grant(decision_type="refund", unlimited=True),)


def test_copies_are_of_the_agents_by_turns() -> None:
    desk, copies = changed_desk(DESK, Changes(more_agents=3))
    assert copies == {"ana-copy-1": "ana", "bor-copy-1": "bor", "ana-copy-2": "ana"}
    assert replace(desk.agents[-1], agent_id="ana") == DESK.agents[1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (Changes(grants=("cid=refund:1:EUR",)), "no agent 'cid'; it has ana, bor"),
        (Changes(grants=("ana=refund",)), "for example A17=refund:150:EUR"),
        (Changes(grants=("ana=refund:much:EUR",)), "for example A17=refund:150:EUR"),
        (Changes(certificates=("ana=taxes",)), "no topic 'taxes'"),
        (Changes(without=("ana", "bor")), "nobody is left"),
    ],
)
def test_a_change_of_what_is_not_there_is_told(changes: Changes, told: str) -> None:
    with pytest.raises(Unclear, match=told):
        changed_desk(DESK, changes)


def test_the_command_compares_and_says_its_limits(
    path: Path, lived: Logged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = tmp_path / "page.html"
    arguments = [
        "--log",
        str(path),
        "--desk",
        DESK_ID,
        "--set",
        "idle_cs=1",
        "--replications",
        "1",
        "--processes",
        "1",
        "--html",
        str(html),
    ]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "idle_cs=1 minus played again" in said
    assert "not over days" in said
    assert "<svg" in html.read_text(encoding="utf-8")
    assert main(["--log", str(path), "--desk", DESK_ID, "--grant", "nobody=refund:1:EUR"]) == 2
    assert "no agent 'nobody'" in capsys.readouterr().err
    assert main(["--log", str(path), "--desk", "acme"]) == 1


def test_a_hop_from_the_queue_counts_as_a_hand_over() -> None:
    """One of two contacts is called back by somebody else than its owner, who is at work."""
    opened = tuple([d.ContactOpened(contact_id=name, case_id=name, first_in_case=True) for name in "ab"])
    got = (
        d.Assigned(contact_id="a", agent_id="ana", epoch=1, first=True),
        d.Assigned(contact_id="b", agent_id="ana", epoch=1, first=True),
        d.Assigned(contact_id="b", agent_id="bor", epoch=2, hop=1),
    )

    assert (
        figures([d.Decision(decision_id=1, events=(*opened, *got))], frozenset()).figures["transfers"] == 0.5
    )

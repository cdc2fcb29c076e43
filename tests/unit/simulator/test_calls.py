"""frontdesk simulate calls, on logs that are made here: what is in them is known."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
import pytest

from simulator.calls import command
from simulator.calls.log import FAULTS_SHOWN_MAX, HEAD, Call, Unreadable, parse, read
from simulator.calls.past import absences, past_of, spells, stays
from simulator.calls.replay import FIRST_COME, PRODUCTION, FirstCome, Sums, measured, played
from simulator.calls.verdict import ASA_SHARE_MAX, LEFT_MAX, off
from simulator.contact import Contact
from simulator.day import Tier


def clock(seconds: float) -> str:
    return f"{int(seconds) // 3600 % 24}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"


def row(asked: float, waited: float = 0, talk: float | None = 60, agent: str = "ANN", **fields: str) -> str:
    """A line of the log; `talk` of None: the caller left."""
    begun = asked + waited
    found = dict.fromkeys(HEAD, "0") | {
        "type": "PS",
        "date": "990201",
        "vru_exit": clock(asked),
        "q_time": str(int(waited)),
        "outcome": "HANG" if talk is None else "AGENT",
        "ser_start": clock(0 if talk is None else begun),
        "ser_exit": clock(0 if talk is None else begun + talk),
        "ser_time": str(int(talk or 0)),
        "server": "NO_SERVER" if talk is None else agent,
    }
    return "\t".join((found | fields)[name] for name in HEAD)


def lines(*rows: str) -> list[str]:
    return ["\t".join(HEAD), *rows]


def busy_day(seed: int, agents: int = 6, hours: float = 10.0) -> list[str]:
    """First come first served, as it would be logged: talks of 120 s, patience exponential of 200 s, load .95."""
    rng = np.random.default_rng(seed)
    asked = np.cumsum(rng.exponential(120 / (0.95 * agents), size=int(hours * 3600 / 120 * 0.95 * agents)))
    free = [(8 * 3600.0, f"A{number}") for number in range(agents)]
    rows = []
    for at in 8 * 3600 + asked:
        patience, talk = rng.exponential(200.0), 120 * np.exp(0.95 * rng.standard_normal() - 0.45)
        next_at, name = free[0]
        if next_at > at + patience:
            rows.append(row(at, max(1, round(patience)), None))
            continue
        begun = max(at, next_at)
        heapq.heapreplace(free, (begun + max(1.0, round(talk)), name))
        rows.append(row(int(at), int(begun - at), max(1, round(talk)), name))
    return rows


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("calls") / "calls.txt"
    file.write_text("\n".join(lines(*busy_day(2))) + "\n", encoding="utf-8")
    return file


# The file.


def test_a_call_is_read() -> None:
    log = parse(iter(lines(row(36_000, 30, 90, "BEN", type="NW", priority="2"))))

    assert log.calls == (Call("990201", "NW", 2, 36_000, 30, False, "BEN", 36_030, 90),)
    assert log.faults == ()


def test_fields_may_stand_in_another_order_among_others() -> None:
    heads, cells = ["more", *reversed(HEAD)], ["x", *reversed(row(36_000).split("\t"))]

    assert len(parse(iter(["\t".join(heads), "\t".join(cells)])).calls) == 1


def test_a_talk_past_midnight_ends_the_day_after() -> None:
    (call,) = parse(iter(lines(row(86_390, 0, 75)))).calls

    assert (call.begun_seconds, call.talk_seconds) == (86_390, 75)


def test_a_phantom_is_no_call() -> None:
    assert len(parse(iter(lines(row(36_000), row(36_001, outcome="PHANTOM")))).calls) == 1


def test_lines_that_cannot_be_read_are_told_together_with_all_their_faults() -> None:
    good = [row(36_000 + number) for number in range(40)]
    log = parse(
        iter(
            lines(
                *good,
                row(36_100, vru_exit="25:00:00", priority="9"),
                "a\tb",
                row(36_200, ser_time="61"),
                row(36_300, q_time="-4"),
            )
        )
    )

    assert len(log.calls) == 40
    assert [fault.line for fault in log.faults] == [42, 43, 44, 45]
    assert "priority '9' must be one of 0, 1, 2; vru_exit '25:00:00' is no time of day" in log.faults[0].said
    assert "2 fields where the first line has 17" in log.faults[1].said
    assert "ser_time 61 is not ser_exit less ser_start" in log.faults[2].said
    assert "q_time '-4' must be whole seconds" in log.faults[3].said
    assert log.told().startswith("4 lines left out:\n  line 42: ")


def test_what_is_told_is_bounded_and_holds_nothing_that_a_terminal_obeys() -> None:
    bad = [row(36_000, priority="\x1b[31m" + "9" * 500) for _ in range(30)]
    log = parse(iter(lines(*[row(36_000 + number) for number in range(400)], *bad)))

    assert log.told().endswith(f"and {30 - FAULTS_SHOWN_MAX} more")
    assert "\x1b" not in log.told()
    assert max(map(len, log.told().splitlines())) < 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no priority"),
        ("priority,type,date", "parted by tabs"),
        ("\n".join(lines(row(1), "x", "y")), "over a tenth of 3 lines"),
        ("\n".join(lines(row(1, 20, None))), "no call that a named agent took"),
    ],
)
def test_another_file_is_refused_with_what_to_do(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.txt"
    file.write_text(text, encoding="utf-8")

    assert command.main(["--file", str(file)]) == 1
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "none.txt")


# What it teaches.


def test_patience_is_the_product_limit_estimate() -> None:
    """One of four leaves at 10, one is answered at 20, then one of two and the last: 3/4, 3/4 x 1/2, 0."""
    calls = parse(
        iter(lines(row(1, 10, None), row(2, 20), row(3, 30, None), row(4, 40, None), row(5, 0, None)))
    ).calls

    found = stays(calls)

    assert found.seconds.tolist() == [10, 30, 40]
    assert found.stays.tolist() == [0.75, 0.375, 0.0]
    assert (found.gone(9), found.gone(10), found.gone(29.9), found.median_seconds) == (0.0, 0.25, 0.25, 30.0)


def test_patience_is_drawn_by_its_shares_and_goes_on_past_the_longest_wait() -> None:
    found = stays(parse(iter(lines(row(1, 10, None), row(2, 20)))).calls)

    drawn = found.drawn(np.array([0.9, 0.5, 0.2]), np.array([1.0, 1.0, 2.0]))

    assert drawn.tolist() == [10.0, 10.0, 610.0]


def test_an_agent_is_there_while_calls_last_and_between_near_ones() -> None:
    calls = parse(iter(lines(row(1_000, 0, 60), row(1_100, 0, 60), row(5_000, 0, 60)))).calls

    assert spells(calls, 300) == {"ANN": [(1_000, 1_160), (5_000, 5_060)]}
    assert spells(calls, 10) == {"ANN": [(1_000, 1_060), (1_100, 1_160), (5_000, 5_060)]}
    assert absences([(1_000, 1_160), (5_000, 5_060)], 6_000) == [(0, 1_000), (1_160, 5_000), (5_060, 6_000)]


def test_few_talks_say_little_of_an_agents_pace() -> None:
    """Ann's one talk of 300 s counts beside 20 of the kind's mean, (300 + 5 x 60) / 6 = 100 s."""
    rows = [row(1_000, 0, 300), *[row(2_000 + 100 * number, 0, 60, "BEN") for number in range(5)]]
    past = past_of(parse(iter(lines(*rows))))

    assert past.takes.tolist() == [[False], [True]]
    assert past.talk_seconds[0, 0] == pytest.approx((300 + 20 * 100) / 21)


# It is played.


def test_priority_two_has_a_head_start_of_ninety_seconds() -> None:
    def waiting(arrived: float, tier: Tier, order: int) -> Contact:
        chances = np.ones(4) / 4
        return Contact(order, 0, arrived, 0, tier, False, False, 0, 1.0, chances, order=order)

    rule, usual = FirstCome(), waiting(100, Tier.REGULAR, 1)

    for arrived, first in ((189, True), (191, False)):
        ahead = waiting(arrived, Tier.LOYAL, 2)
        rule.able_phone = lambda agent, now, two=ahead: iter([usual, two])  # type: ignore[method-assign, misc]
        assert (rule.next_phone(0, 200.0) is ahead) is first


@pytest.mark.parametrize("gap", [120.0, 600.0])
def test_the_replay_of_a_first_come_desk_comes_near_what_was(path: Path, gap: float) -> None:
    log = read(path)
    was = measured(log.calls)

    found = off(was, [played(log, gap, seed) for seed in range(6)])

    assert was.figures()["asa_seconds"] > 20, "the desk is busy enough to tell"
    assert found["calls_asa_off"] < ASA_SHARE_MAX
    assert found["calls_left_off"] < LEFT_MAX


def test_a_desk_with_half_its_agents_is_not_near(path: Path) -> None:
    """The comparison can fail."""
    log = read(path)
    fewer = parse(iter(lines(*[one for one in busy_day(2) if not one.endswith(("A0", "A1", "A2"))])))

    assert off(measured(log.calls), [played(fewer, 600.0, 0)])["calls_left_off"] > LEFT_MAX


def test_the_same_draw_is_the_same_luck(path: Path) -> None:
    log = read(path)

    assert played(log, 300.0, 3) == played(log, 300.0, 3) != played(log, 300.0, 4)


def test_production_plays_every_call_of_the_log(path: Path) -> None:
    log = read(path)

    found, first_come = (played(log, 600.0, 0, rule) for rule in (PRODUCTION, FIRST_COME))

    assert found.asked == first_come.asked == len(log.calls)
    assert abs(found.answered - first_come.answered) < 0.1 * found.asked


def test_off_is_of_the_mean_of_the_draws() -> None:
    was = Sums(100, 80, 800.0, 70)

    found = off(was, [Sums(100, 80, 800.0, 70), Sums(100, 70, 1_050.0, 60)])

    assert found["calls_asa_off"] == pytest.approx(0.25)
    assert found["calls_left_off"] == pytest.approx(0.05)


def test_the_command_says_what_was_and_what_is_replayed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--file", str(path), "--gaps", "600", "--draws", "2", "--production", "--processes", "1"]

    assert command.main(arguments) == 0

    said = capsys.readouterr().out
    for part in (
        "calls asked for an agent",
        "as it was",
        "first come, gaps <= 600 s",
        "production, gaps <= 300 s",
    ):
        assert part in said
    assert "who left within 3 points: " in said


@pytest.mark.parametrize("wrong", [["--gaps", "soon"], ["--gaps", ""], ["--draws", "0"]])
def test_a_wrong_call_says_what_is_right(path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--file", str(path), *wrong])
    assert ended.value.code == 2


def test_the_routing_report_tells_the_goals(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "DRAWS", 1)

    said = command.goal_text(path, processes=1)

    assert "ASA within 12% of what it was: " in said
    assert "who left within 3 points: " in said and "(gaps <= 120 s)" in said

"""The routing report on a tiny world: runs are kept, found again, and shown."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.contract.decisions import Offered
from simulator import stress
from simulator.day import draw_day
from simulator.goals import judge
from simulator.pool import draw_pool
from simulator.report import docs, page, svg
from simulator.report.cache import Finished
from simulator.report.measures import Run
from simulator.report.plan import LONGEST_IDLE, PRODUCTION, STATIC, cases, expected_seconds, parts
from simulator.report.plays import Case, play
from simulator.report.runs import take
from simulator.report.strained import SCENARIOS, StrainedDrive, strained
from simulator.routed import EPOCH_MS
from simulator.worlds import D

TINY = replace(D, name="A", agents=12, topics=3)
"""Stands where world A does."""


@pytest.fixture(scope="module")
def tiny() -> list[Case]:
    return [Case(TINY, policy, 0) for policy in (LONGEST_IDLE, STATIC[0])]


@pytest.fixture(scope="module")
def runs(tiny: list[Case]) -> dict[tuple[str, str], dict[int, Run]]:
    return {(case.world.name, case.play.name): {case.replication: play(case)} for case in tiny}


def test_a_case_gives_the_same_run_again(
    tiny: list[Case], runs: dict[tuple[str, str], dict[int, Run]]
) -> None:
    assert repr(play(tiny[0])) == repr(runs["A", "longest-idle"][0])


def test_a_finished_run_is_not_played_again(tmp_path: Path, tiny: list[Case]) -> None:
    kept = Finished(tmp_path)
    told = Run({"fcr": 0.123}, {"fcr": [0.1, 0.2]})
    for case in tiny:
        kept.put(case, told)
    assert Finished(tmp_path).get(tiny[0]) == told
    assert take(tiny, kept) == {("A", case.play.name): {0: told} for case in tiny}


def test_another_setting_is_another_run(tmp_path: Path) -> None:
    kept = Finished(tmp_path)
    case = Case(TINY, PRODUCTION, 0)
    kept.put(case, Run({"fcr": 0.1}))
    assert kept.get(replace(case, play=replace(PRODUCTION, settings=(("hold_phone_ms", 0),)))) is None
    assert kept.get(replace(case, replication=1)) is None


def test_half_a_file_is_no_run(tmp_path: Path) -> None:
    kept = Finished(tmp_path)
    case = Case(TINY, PRODUCTION, 0)
    kept.put(case, Run({"fcr": 0.1}))
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text(encoding="utf-8")[:20], encoding="utf-8")
    assert kept.get(case) is None


def test_what_has_no_time_left_is_left_out(tmp_path: Path, tiny: list[Case]) -> None:
    assert take(tiny, Finished(tmp_path), within_seconds=-1.0, out=io.StringIO()) == {}


def names_of(planned: list[Case], replication: int) -> set[str]:
    """Policies of world A that this replication has."""
    return {case.play.name for case in planned if case.world.name == "A" and case.replication == replication}


def test_the_plan_has_each_case_once_and_pairs_every_policy() -> None:
    planned = cases(parts(20))
    assert len(planned) == len(set(planned))
    judged = {"production", "longest-idle", "bullseye + owner", "reference policy"}
    assert names_of(planned, 19) >= judged
    assert names_of(planned, 9) >= judged | {"clairvoyant", "first day"}
    assert sum(map(expected_seconds, planned)) < 2 * 30 * 60, "half an hour on two cores"


def stressed(scenario: str) -> StrainedDrive:
    """Four hours of six agents whose time is free: no price program is computed."""
    world = replace(D, agents=6, topics=3, load=0.4)
    pool = draw_pool(world, 0)
    drive = strained(world, stress.SCENARIOS[scenario](world, pool, draw_day(world, pool, 0), 0))
    drive.pricer, drive.end_seconds = None, 4 * 3600.0
    return drive


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_production_plays_every_stressed_day(scenario: str) -> None:
    record = stressed(scenario).play()
    answered = int((record.answer_seconds >= 0).sum())
    assert answered > 20
    assert record.first_hops.max() <= 2


def test_nobody_is_offered_anything_in_an_outage() -> None:
    drive = stressed("outage")
    offered: list[float] = []
    drive.watch = lambda record: offered.extend(
        record.decided_at_ms / 1000 - EPOCH_MS / 1000 for event in record.events if isinstance(event, Offered)
    )
    drive.play()
    during = [
        at
        for at in offered
        if stress.OUTAGE_FROM_SECONDS < at < stress.OUTAGE_FROM_SECONDS + stress.OUTAGE_SECONDS
    ]
    assert during == []
    assert max(offered) > stress.OUTAGE_FROM_SECONDS + stress.OUTAGE_SECONDS, "they come back"


def test_the_page_is_whole_and_needs_no_network(runs: dict[tuple[str, str], dict[int, Run]]) -> None:
    text = page.html(runs, judge(runs))
    assert "FCR of offered" in text
    assert "<svg" in text
    assert "http" not in text
    assert "nan" not in text.lower().replace("nance", "")


def test_pictures_are_sound_xml_and_stay_inside() -> None:
    picture = svg.lines(
        [
            svg.Line("a < b", [(0, 1.0), (1, 2.0)], "production"),
            svg.Line("c", [(0, 1.0), (1, 2.01)], "plain"),
        ],
        "title",
        "x",
    )
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own picture
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    labels = [one for one in root.iter("text") if one.text in {"a < b", "c"}]
    places = sorted(float(one.attrib["y"]) for one in labels)
    assert places[1] - places[0] >= svg.LABEL_GAP - 0.1, "labels of lines that end together stay apart"
    assert all(
        0 <= float(one.attrib["x"]) <= width and 0 <= float(one.attrib["y"]) <= height
        for one in root.iter("text")
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (0.861, 0.889, [0.865, 0.87, 0.875, 0.88, 0.885]), (3, 3, [3])],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert svg.ticks(low, high) == pytest.approx(expected)


def test_figures_are_written_between_the_markers_only(
    tmp_path: Path, runs: dict[tuple[str, str], dict[int, Run]]
) -> None:
    document = tmp_path / "routing.md"
    document.write_text(f"before\n{docs.BEGIN}\nthe old figures\n{docs.END}\nafter\n", encoding="utf-8")
    docs.write(runs, judge(runs), document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "old figures" not in text
    docs.write(runs, judge(runs), document)
    assert document.read_text(encoding="utf-8") == text, "writing it again changes nothing"


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "routing.md"
    document.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        docs.write({}, [], document)
    assert document.read_text(encoding="utf-8") == "no markers"

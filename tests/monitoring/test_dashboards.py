"""Dashboards: not stale, valid by Grafana's own types, and every panel says what it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from deploy.monitoring.builder.__main__ import files, main
from services.metrics.catalogue import MEASURES
from tests.monitoring.bundle import (
    DASHBOARDS,
    PLACE,
    alerts,
    base_name,
    board,
    exported,
    expressions,
    known,
    panels,
    selectors,
)

Json = dict[str, Any]
each_board = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
OF_THE_PROMETHEUS_PLUGIN = {"expr", "step", "titleFormat"}
"""Keys of an annotation that the schema leaves to the data source's plugin ("TODO" in its own words)."""


def test_no_dashboard_and_no_recording_rule_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().err
    made = set(files())
    assert set(DASHBOARDS) <= made
    assert set((PLACE / "rules" / "recorded").glob("*.yml")) <= made


def _schema(name: str, definition: str) -> Draft7Validator:
    text = (PLACE / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    return Draft7Validator({**json.loads(text), "$ref": f"#/definitions/{definition}"})


def _faults(validator: Draft7Validator, value: object) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(value)]


@each_board
def test_a_board_is_valid_by_grafanas_own_types(path: Path) -> None:
    found = json.loads(json.dumps(board(path)))
    for annotation in found["annotations"]["list"]:
        assert set(annotation) >= OF_THE_PROMETHEUS_PLUGIN
        for key in OF_THE_PROMETHEUS_PLUGIN:
            del annotation[key]
    assert _faults(_schema("dashboard", "Dashboard"), found) == []


@each_board
def test_the_options_of_each_panel_are_those_of_its_kind(path: Path) -> None:
    for panel in panels(path):
        assert _faults(_schema(panel["type"], "Options"), panel["options"]) == [], panel["title"]
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if panel["type"] == "timeseries":
            assert _faults(_schema("timeseries", "FieldConfig"), custom) == [], panel["title"]
        else:
            assert custom is None


@pytest.mark.parametrize("spoil", ["unknown key", "wrong kind"])
def test_the_schema_does_refuse(spoil: str) -> None:
    found = json.loads(json.dumps(board(DASHBOARDS[0])))
    for annotation in found["annotations"]["list"]:
        for key in OF_THE_PROMETHEUS_PLUGIN:
            del annotation[key]
    if spoil == "unknown key":
        found["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
    else:
        found["schemaVersion"] = "42"
    assert _faults(_schema("dashboard", "Dashboard"), found)


@each_board
def test_every_panel_has_title_description_unit_and_words_for_each_line(path: Path) -> None:
    for panel in panels(path):
        assert panel["title"]
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


@each_board
def test_ids_and_reference_letters_are_unique_and_no_panel_lies_on_another(path: Path) -> None:
    found = board(path)["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + line)
            for column in range(place["w"])
            for line in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
    for panel in panels(path):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@each_board
def test_the_data_source_is_chosen_and_never_fixed(path: Path) -> None:
    assert set(re.findall(r'"uid": "([^"]+)"', json.dumps(board(path)))) == {
        "${datasource}",
        board(path)["uid"],
    }


@each_board
def test_titles_are_told_apart(path: Path) -> None:
    titles = [panel["title"] for panel in panels(path)]
    assert len(set(titles)) == len(titles)


@each_board
def test_a_curve_takes_its_window_from_grafana_and_one_number_from_the_boards_range(path: Path) -> None:
    for panel in panels(path):
        for target in panel["targets"]:
            windows = set(re.findall(r"\[([^\]]+)\]", target["expr"]))
            allowed = {"$__rate_interval"} if panel["type"] == "timeseries" else {"$__range"}
            assert windows <= allowed, (panel["title"], windows)


def test_boards_and_alerts_select_only_what_the_services_export_with_those_labels() -> None:
    wrong = [
        f"{where}: {known(selector)}"
        for where, expression in expressions()
        for selector in selectors(expression)
        if known(selector)
    ]
    assert wrong == []


def test_every_exported_series_is_shown_on_a_board_or_watched_by_an_alert() -> None:
    used = {base_name(one.name) for _, expression in expressions() for one in selectors(expression)}
    used |= {base_name(one.name) for alert in alerts() for one in selectors(alert["expr"])}
    families = {_family(name) for name in used}
    assert sorted({_family(name) for name in exported()} - families) == []


def test_every_business_measure_is_on_a_board() -> None:
    used = {
        _family(base_name(one.name))
        for where, expression in expressions()
        for one in selectors(expression)
        if not where.startswith("pipeline")
    }
    assert [measure.name for measure in MEASURES if measure.name not in used] == []


def _family(name: str) -> str:
    return re.sub(r"_(total|bucket|sum|count)$", "", name)

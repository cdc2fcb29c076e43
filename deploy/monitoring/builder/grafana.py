"""Dashboards as values, and their classic JSON (schemaVersion 42: Grafana 10 to 13; operations.md 4.1).

A board is rows of panels; places, ids and links follow. The same value gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
"""Columns of Grafana's grid."""
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "frontdesk"
SCHEMA_VERSION = 42

Json = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One expression and the words of its line; `{{label}}` stands for a label's value."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture. `unit` is Grafana's name of a unit ("s", "percentunit", "short" ...)."""

    title: str
    description: str
    unit: str
    targets: tuple[Target, ...]
    kind: str = "timeseries"
    """Or "stat", one number a line; or "bargauge", one bar a line. These two ask for one instant."""
    width: int = 8
    height: int = 8
    stacked: bool = False
    share: bool = False
    """A share of a whole: its axis goes from 0 to 1."""
    decimals: int | None = None
    bad_above: float | None = None
    """Red from here, in the panel's unit."""
    bad_below: float | None = None
    counted: str = ""
    """Expression of how many contacts stand behind the number, shown beside it as n."""


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a board: values of a label, all of them at first."""

    name: str
    title: str
    query: str


@dataclass(frozen=True)
class Board:
    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-24h"
    refresh: str = "30s"
    links: tuple[tuple[str, str], ...] = field(default=())
    """Titles and addresses beside the other boards, which are linked by their tag."""


def rendered(board: Board) -> str:
    """The committed text."""
    return json.dumps(_board(board), indent=2, ensure_ascii=False) + "\n"


def _board(board: Board) -> Json:
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": board.since, "to": "now"},
        "refresh": board.refresh,
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "templating": {"list": [_datasource(), *(_variable(one) for one in board.variables)]},
        "annotations": {"list": _annotations()},
        "links": [_boards_link(), *(_link(title, url) for title, url in board.links)],
        "panels": list(_panels(board.rows)),
    }


def _panels(rows: Sequence[Row]) -> Iterator[Json]:
    """Rows below each other; panels of a row from left to right, wrapped at the grid's width."""
    number, y = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        }
        y += 1
        x = height = 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, height = 0, y + height, 0
            number += 1
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_target(target, place, panel) for place, target in enumerate(_targets(panel))],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_N_AS_COUNT] if panel.counted else []},
        "options": _OPTIONS[panel.kind],
    }


_N = "n"
_N_AS_COUNT: Json = {
    "matcher": {"id": "byName", "options": _N},
    "properties": [
        {"id": "unit", "value": "short"},
        {"id": "decimals", "value": 0},
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "text"}},
    ],
}


def _targets(panel: Panel) -> tuple[Target, ...]:
    return (*panel.targets, Target(panel.counted, _N)) if panel.counted else panel.targets


def _target(target: Target, place: int, panel: Panel) -> Json:
    live = panel.kind == "timeseries"
    return {
        "refId": chr(ord("A") + place),
        "datasource": DATASOURCE,
        "expr": target.expr,
        "legendFormat": target.legend,
        "editorMode": "code",
        "range": live,
        "instant": not live,
    }


def _defaults(panel: Panel) -> Json:
    defaults: Json = {
        "unit": panel.unit,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        "noValue": "nothing yet",
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.share:
        defaults |= {"min": 0, "max": 1}
    elif panel.kind != "stat":
        defaults["min"] = 0
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "drawStyle": "line",
            "lineWidth": 2,
            "fillOpacity": 30 if panel.stacked else 0,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if _has_mark(panel) else "off"},
        }
    return defaults


def _has_mark(panel: Panel) -> bool:
    return panel.bad_above is not None or panel.bad_below is not None


def _steps(panel: Panel) -> list[Json]:
    """The first step has no value: it reaches down without end."""
    if panel.bad_above is not None:
        return [{"value": None, "color": "green"}, {"value": panel.bad_above, "color": "red"}]
    if panel.bad_below is not None:
        return [{"value": None, "color": "red"}, {"value": panel.bad_below, "color": "green"}]
    return [{"value": None, "color": "blue"}]


_REDUCED: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {
            "displayMode": "list",
            "placement": "bottom",
            "showLegend": True,
            "calcs": ["lastNotNull"],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": _REDUCED,
        "orientation": "auto",
        "textMode": "value_and_name",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "bargauge": {
        "reduceOptions": _REDUCED,
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "text",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    },
}


def _datasource() -> Json:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "hide": 0,
        "current": {"text": "default", "value": "default"},
        "options": [],
        "multi": False,
        "includeAll": False,
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def _variable(variable: Variable) -> Json:
    return {
        "type": "query",
        "name": variable.name,
        "label": variable.title,
        "datasource": DATASOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "hide": 0,
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "skipUrlSync": False,
    }


def _annotations() -> list[Json]:
    """Changes that were marked, and pages: what a curve is read beside."""
    return [
        _annotation(
            "Changes of the service",
            "max by (desk, change) (frontdesk_change_info) unless max by (desk, change) (frontdesk_change_info offset 2m)",
            "{{desk}}: {{change}}",
            "purple",
        ),
        _annotation(
            "Pages",
            'ALERTS{alertname=~"Frontdesk.+", alertstate="firing", severity="page"}',
            "{{alertname}} {{queue}}",
            "red",
        ),
    ]


def _annotation(name: str, expr: str, title: str, color: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "titleFormat": title,
        "step": "60s",
    }


def _boards_link() -> Json:
    return {
        "title": "Frontdesk",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "The other boards",
        "url": "",
    }


def _link(title: str, url: str) -> Json:
    return {
        **_boards_link(),
        "title": title,
        "type": "link",
        "tags": [],
        "asDropdown": False,
        "icon": "doc",
        "tooltip": title,
        "url": url,
    }

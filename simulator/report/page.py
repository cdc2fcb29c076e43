"""The report as one page of HTML that needs nothing else: goals, tables, and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from simulator import goals
from simulator.goals import ELSEWHERE, Verdict
from simulator.report import estimates, svg, tables
from simulator.report.days import FALL_AFTER_DAYS
from simulator.report.estimates import Runs
from simulator.report.measures import OCCUPANCY_BINS, Run
from simulator.report.plan import LOADS, at_load
from simulator.report.style import STYLE
from simulator.worlds import WORLDS, A

STYLES = {
    goals.PRODUCTION: "production",
    goals.CLAIRVOYANT: "clairvoyant",
    "as it was": "plain",
    "played again": "production",
    "reference policy": "reference",
    "longest-idle": "plain",
    "longest-idle + owner": "plain",
    "bullseye + owner": "bullseye",
    "skills + priority + owner": "skills",
}
"""Every other policy is drawn as a variant of production."""
ORDER = (
    goals.PRODUCTION,
    goals.CLAIRVOYANT,
    goals.FIRST_DAY,
    "no hold",
    "no prices",
    "reference policy",
    "bullseye + owner",
    "skills + priority + owner",
    "longest-idle + owner",
    "longest-idle",
)
OTHERS = ("reference policy", "longest-idle", *goals.STATIC)
DRAWN = (goals.PRODUCTION, "bullseye + owner", "longest-idle")
SAID_OF_WORLDS = {
    "A": "120 agents, 8 topics, load .80",
    "B": "the same at load .92",
    "C": "load .86, three contacts in ten are e-mail",
    "D": "40 agents, 6 topics, load .80",
    "E": "as A, but agents differ less",
    "L": "600 agents, 12 topics, load .90",
}


def html(runs: Runs, verdicts: Sequence[Verdict]) -> str:
    """The whole page."""
    worlds = [name for name in WORLDS if any(world == name for world, _ in runs)]
    counts = sorted({len(some) for (world, _), some in runs.items() if world in "ABC"}) or [0]
    body = [
        "<h1>Routing report</h1>",
        f"<p class='lead'>{escape(tables.summary(verdicts))} of the routing policy's goals, by at most {counts[-1]} paired "
        "replications: every policy met the same customers, the same agents and the same luck. Figures are means with "
        "the half-width of their 95&nbsp;% interval.</p>",
        *_goals(verdicts),
        "<h2>Resolved at first contact</h2>",
        _columns(_fcr(runs, world) for world in worlds if world in "ABC"),
        "<h2>Waiting</h2>",
        _columns(_waiting(runs, world) for world in worlds if world in "ABC"),
        "<h2>Learning, load, and fairness among agents</h2>",
        _columns(
            [_learning(runs), _correlation(runs), _load(runs), *(_occupancy(runs, world) for world in "AB")]
        ),
        *(part for world in worlds for part in _world(runs, world)),
        *_stress(runs),
        *_columns_said(),
    ]
    return shell("Routing report", body)


def shell(title: str, body: Iterable[str]) -> str:
    """A page that needs nothing else."""
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><main>" + "\n".join(body) + "</main></html>\n"
    )


def comparison(runs: Runs, world: str, policies: Sequence[str]) -> str:
    """One world's policies beside each other; the first is the one that is judged."""
    first, *others = policies
    count = max((len(_all(runs, world, policy)) for policy in policies), default=0)
    body = [
        f"<h1>World {escape(world)}</h1>",
        f"<p class='lead'>{escape(first)} beside {escape(', '.join(others) or 'nothing')}: {count} paired replications, "
        "means with the half-width of their 95&nbsp;% interval.</p>",
        "<h2>Policies</h2>",
        _table(tables.POLICY_HEADS, tables.policy_rows(runs, world, policies)),
        "<h2>Paired differences</h2>" if others else "",
        _table(tables.POLICY_HEADS, tables.difference_rows(runs, world, first, others)) if others else "",
        "<h2>Pictures</h2>",
        _columns(
            [
                _dots(runs, world, policies, "fcr", "FCR of offered, %", 100.0),
                _dots(runs, world, policies, "cost_cs", "Customer cost, cs", 1.0),
                _waiting(runs, world, policies),
                _occupancy(runs, world, policies),
            ]
        ),
        *_columns_said(),
    ]
    return shell(f"World {world}", body)


def past(
    runs: Runs,
    span: str,
    names: Sequence[str],
    told: str,
    columns: Sequence[tables.Column],
    limits: str,
) -> str:
    """A desk's own log beside its replays; the last of `names` is judged against the one before it."""
    heads = ("", *(column.title for column in columns))
    title, *points = [line.strip() for line in limits.strip().replace("\n  ", " ").splitlines()]
    judged = names[-1]
    body = [
        f"<h1>{escape(told)}</h1>",
        f"<p class='lead'>{escape(judged)}: {len(_all(runs, span, judged))} replays, means with the half-width of "
        "their 95&nbsp;% interval.</p>",
        "<h2>Figures</h2>",
        _table(heads, tables.policy_rows(runs, span, names, columns)),
        *(
            [
                "<h2>Paired difference</h2>",
                _table(heads, tables.difference_rows(runs, span, judged, names[1:2], columns)),
            ]
            if len(names) > 2
            else []
        ),
        "<h2>Pictures</h2>",
        _columns(
            [
                _waiting(runs, span, names),
                _dots(runs, span, names, "wait_seconds", "Wait of calls and messages, s", 1.0),
                _dots(runs, span, names, "fcr", "Expected FCR, %", 100.0),
            ]
        ),
        f"<h2>{escape(title)}</h2><ul>"
        + "".join(f"<li>{escape(point.lstrip('- '))}</li>" for point in points)
        + "</ul>",
        *_columns_said(columns),
    ]
    return shell(told, body)


def _goals(verdicts: Sequence[Verdict]) -> list[str]:
    parts = ["<h2>Goals</h2>", "<div class='wide'><table class='goals'>"]
    kind = ""
    for verdict, row in zip(verdicts, tables.goal_rows(verdicts), strict=True):
        if verdict.goal.kind != kind:
            kind = verdict.goal.kind
            heads = (kind, *tables.GOAL_HEADS[1:])
            parts.append("<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>")
        style = {True: "met", False: "missed", None: "unknown"}[verdict.met]
        cells = "".join(f"<td>{_typeset(cell)}</td>" for cell in row[:-1])
        parts.append(f"<tr class='{style}'>{cells}<td><span>{_typeset(row[-1])}</span></td></tr>")
    parts.append("</table></div>")
    parts += [f"<p class='note'>{escape(text)}: {escape(where)}.</p>" for text, where in ELSEWHERE]
    return parts


def _world(runs: Runs, world: str) -> list[str]:
    rows = tables.policy_rows(runs, world, ORDER)
    others = [other for other in OTHERS if runs.get((world, other))]
    differences = tables.difference_rows(runs, world, goals.PRODUCTION, others)
    return [
        f"<h2>World {world}</h2><p class='note'>{escape(SAID_OF_WORLDS.get(world, ''))}; "
        f"{max(len(some) for (name, _), some in runs.items() if name == world)} replications</p>",
        _table(tables.POLICY_HEADS, rows),
        _table(tables.POLICY_HEADS, differences) if differences else "",
    ]


def _stress(runs: Runs) -> list[str]:
    rows = tables.stress_rows(runs)
    if not rows:
        return []
    return [
        "<h2>Stress</h2><p class='note'>World D with something gone wrong (simulator/stress.py): production, and its paired "
        f"difference to {escape(tables.STRESS_OTHER)}. No goals.</p>",
        _table(("", *tables.POLICY_HEADS[1:]), rows),
    ]


def _columns_said(columns: Sequence[tables.Column] = tables.COLUMNS) -> list[str]:
    return [
        "<h2>The columns</h2><dl>",
        *(f"<dt>{_typeset(one.title)}</dt><dd>{escape(one.meaning)}</dd>" for one in columns),
        "</dl>",
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    parts = ["<div class='wide'><table><tr>", *(f"<th>{_typeset(head)}</th>" for head in heads), "</tr>"]
    for row in rows:
        style = STYLES.get(row[0], "")
        parts += [f"<tr class='{style}'>", *(f"<td>{_typeset(cell)}</td>" for cell in row), "</tr>"]
    return "".join([*parts, "</table></div>"])


def _typeset(text: str) -> str:
    found = escape(text).replace("&gt;=", "≥").replace("&lt;=", "≤")
    mean, sign, half = found.partition(" +- ")
    return f"{mean} <small>±&nbsp;{half}</small>" if sign else found


def _columns(pictures: Iterable[str]) -> str:
    return "<div class='pictures'>" + "".join(f"<figure>{one}</figure>" for one in pictures if one) + "</div>"


# The pictures.


def _fcr(runs: Runs, world: str) -> str:
    goal = next(one for one in goals.GOALS if one.goal_id == "fcr").bounds[world][0]
    mark = svg.Mark(100 * goal, "goal")
    return _dots(runs, world, ORDER, "fcr", f"World {world}: FCR of offered, %", 100.0, mark)


def _dots(
    runs: Runs,
    world: str,
    policies: Sequence[str],
    name: str,
    title: str,
    scale: float,
    mark: svg.Mark | None = None,
) -> str:
    found = {policy: estimates.level(runs, world, policy, name) for policy in policies}
    rows = [
        svg.Dot(policy, scale * one.mean, scale * one.half_width, STYLES.get(policy, "variant"))
        for policy, one in found.items()
        if one is not None
    ]
    return svg.dots(rows, title, mark=mark) if rows else ""


def _waiting(runs: Runs, world: str, policies: Sequence[str] = DRAWN) -> str:
    series = []
    for policy in policies:
        shares = _mean_curve(_all(runs, world, policy), "answered_within")
        series.append(
            svg.Line(
                policy,
                [(second, 100 * share) for second, share in enumerate(shares)],
                STYLES.get(policy, "variant"),
            )
        )
    return svg.lines(series, f"{_named(world)}: calls answered, % of offered", "seconds waited at most")


def _learning(runs: Runs) -> str:
    series = [
        svg.Line(
            label,
            [
                (day, 100 * fcr)
                for day, fcr in enumerate(_mean_curve(_all(runs, A.name, policy), "fcr"), start=1)
            ],
            style,
        )
        for policy, label, style in (
            (goals.KNOWING, "p known", "clairvoyant"),
            (goals.LEARNING, "p learned", "production"),
        )
    ]
    marks = [svg.Mark(FALL_AFTER_DAYS + 0.5, "one topic falls")]
    return svg.lines(series, "World A: FCR day by day, %", "day", marks=marks if _lasts(series) else ())


def _correlation(runs: Runs) -> str:
    curve = _mean_curve(_all(runs, A.name, goals.LEARNING), "correlation")
    series = [svg.Line("correlation", list(enumerate(curve, start=1)), "production")]
    marks = [svg.Mark(FALL_AFTER_DAYS + 0.5, "one topic falls")]
    return svg.lines(
        series,
        "World A: learned and true p, evening by evening",
        "day",
        marks=marks if _lasts(series) else (),
    )


def _lasts(series: Sequence[svg.Line]) -> bool:
    return any(len(one.points) > FALL_AFTER_DAYS for one in series)


def _load(runs: Runs) -> str:
    series = []
    for policy in DRAWN:
        found = [
            (load, estimates.level(runs, A.name if load == A.load else at_load(load).name, policy, "fcr"))
            for load in LOADS
        ]
        known = [(load, one) for load, one in found if one is not None]
        series.append(
            svg.Line(
                policy,
                [(100 * load, 100 * one.mean) for load, one in known],
                STYLES[policy],
                [100 * one.half_width for _, one in known],
            )
        )
    if max((len(one.points) for one in series), default=0) < 2:
        return ""
    return svg.lines(series, "As A at other loads: FCR, %", "load, %")


def _occupancy(runs: Runs, world: str, policies: Sequence[str] = DRAWN) -> str:
    series = []
    for policy in policies:
        shares = _mean_curve(_all(runs, world, policy), "occupancy")
        centres = ((number + 0.5) * 100 / OCCUPANCY_BINS for number in range(len(shares)))
        points = [(centre, 100 * share) for centre, share in zip(centres, shares, strict=True)]
        style = STYLES.get(policy, "variant")
        series.append(svg.Line(policy, [point for point in points if point[0] >= 30], style))
    return svg.lines(
        series, f"{_named(world)}: agents by their occupancy, %", "busy, % of the day", at_least=0.0
    )


def _named(world: str) -> str:
    return f"World {world}" if world[:1].isupper() else world.capitalize()


def _all(runs: Runs, world: str, policy: str) -> list[Run]:
    return list(runs.get((world, policy), {}).values())


def _mean_curve(runs: Iterable[Run], name: str) -> list[float]:
    curves = [run.curves[name] for run in runs if run.curves.get(name)]
    if not curves:
        return []
    shortest = min(map(len, curves))
    return [float(mean) for mean in np.mean([curve[:shortest] for curve in curves], axis=0)]

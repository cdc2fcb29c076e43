"""The table of a run, and its verdict."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tests.chaos.check import Findings
from tests.chaos.faults import Struck


@dataclass(frozen=True)
class Row:
    """All strikes of one kind."""

    kind: str
    times: int
    gap_seconds: float
    """The longest that any partition stood without an accepted record in the time from this fault to the next one."""
    take_over_seconds: float | None
    """The longest until another router decided a partition that its owner had lost; None where nobody lost one."""
    still_seconds: float
    """The longest of them that nobody decided: from the last record of the one to the first of the other."""
    rejected: int
    notes: tuple[str, ...]


def rows(found: Findings, struck: Sequence[Struck], ends_ms: int) -> list[Row]:
    """One a kind, in the order of their first strike."""
    kinds = list(dict.fromkeys(one.kind for one in struck))
    until = {id(one): later.began_ms for one, later in pairwise(struck)}
    return [
        _row(kind, [(one, until.get(id(one), ends_ms)) for one in struck if one.kind == kind], found)
        for kind in kinds
    ]


def _row(kind: str, strikes: list[tuple[Struck, int]], found: Findings) -> Row:
    taken = [
        take_over
        for one, until_ms in strikes
        for name, at_ms in one.taken
        for take_over in take_overs(found, name, at_ms, until_ms)
    ]
    return Row(
        kind,
        len(strikes),
        max(worst_gap(found, one.began_ms, until_ms) for one, until_ms in strikes),
        max((one.seconds for one in taken), default=None),
        max((one.still_seconds for one in taken), default=0.0),
        sum(one.began_ms <= at_ms < until_ms for one, until_ms in strikes for at_ms in found.rejected_at),
        tuple(dict.fromkeys(one.note for one, _ in strikes if one.note)),
    )


def worst_gap(found: Findings, from_ms: int, until_ms: int) -> float:
    """Seconds within this time; what a gap has before it or behind it belongs to the faults there."""
    worst = 0
    for times in found.times:
        ordered = sorted(times)
        begin = max(0, bisect_left(ordered, from_ms) - 1)
        end = min(len(ordered), bisect_right(ordered, until_ms) + 1)
        inside = ordered[begin:end]
        worst = max(
            [worst, *(min(after, until_ms) - max(before, from_ms) for before, after in pairwise(inside))]
        )
    return worst / 1000


class TakeOver(NamedTuple):
    """Of one partition."""

    seconds: float
    """From the moment in which its owner lost it, as a stop or a kill begins, until another one decided."""
    still_seconds: float
    """Without a record before that: an owner that leaves in order decides on."""


def take_overs(found: Findings, name: str, at_ms: int, until_ms: int) -> list[TakeOver]:
    """For each partition that `name` decided last before the moment."""
    taken = []
    for times, owners in zip(found.times, found.owners, strict=True):
        before = [place for place, time in enumerate(times) if time <= at_ms]
        if not before or owners[before[-1]] != name:
            continue
        for place in range(before[-1] + 1, len(times)):
            if owners[place] != name and times[place] >= at_ms:
                if times[place] <= until_ms:
                    still_ms = times[place] - times[place - 1]
                    taken.append(TakeOver((times[place] - at_ms) / 1000, still_ms / 1000))
                break
    return taken


def table(found: Findings, every: Sequence[Row]) -> list[str]:
    """Lines of Markdown."""
    lost = (
        found.broken_counts["every fact is decided"]
        + found.broken_counts["an acknowledged fact is in the log"]
    )
    doubled = sum(
        found.broken_counts[rule]
        for rule in (
            "a contact is opened once",
            "a fact has its effect once",
            "nobody is above capacity",
            "the history is one that may be (hops, epochs, one owner)",
        )
    )
    lines = [
        "| fault | times | worst gap in service | take-over | rejected records |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in every:
        taken = (
            "-"
            if row.take_over_seconds is None
            else f"{row.take_over_seconds:.1f} s, still {row.still_seconds:.1f} s"
        )
        note = f" ({'; '.join(row.notes)})" if row.notes else ""
        lines.append(
            f"| {row.kind}{note} | {row.times} | {row.gap_seconds:.1f} s | {taken} | {row.rejected} |"
        )
    lines += [
        "",
        f"lost {lost}, doubled {doubled}, "
        f"told and not in the log {found.broken_counts['what was told is in the log']}, "
        f"commands without an answer {found.broken_counts['every command has its answer']}",
    ]
    return lines

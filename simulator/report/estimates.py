"""Estimates over paired replications: levels, differences, and ratios of means by the jackknife."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from simulator.report.measures import Run
from simulator.statistics import Estimate, estimate

Runs = Mapping[tuple[str, str], Mapping[int, Run]]
"""By world and policy, then by replication."""


def values(runs: Runs, world: str, policies: Sequence[str], name: str) -> list[list[float]]:
    """One list per policy, of the replications that measured it in all of them, in order; empty lists if none."""
    found = [
        {
            number: run.figures[name]
            for number, run in runs.get((world, policy), {}).items()
            if name in run.figures
        }
        for policy in policies
    ]
    shared = sorted(set.intersection(*(set(some) for some in found)))
    return [[some[replication] for replication in shared] for some in found]


def level(runs: Runs, world: str, policy: str, name: str) -> Estimate | None:
    (found,) = values(runs, world, [policy], name)
    return estimate(found) if found else None


def difference(runs: Runs, world: str, policy: str, other: str, name: str) -> Estimate | None:
    """Of `policy` minus `other`, replication by replication."""
    one, two = values(runs, world, [policy, other], name)
    return estimate([mine - theirs for mine, theirs in zip(one, two, strict=True)]) if one else None


def of_means(samples: Sequence[Sequence[float]], of: Callable[..., float]) -> Estimate | None:
    """`of` the samples' means, with the jackknife's interval: leave one replication out, of every sample at once."""
    count = len(samples[0])
    if not count:
        return None
    whole = of(*(float(np.mean(some)) for some in samples))
    if count < 2:
        return Estimate(whole, float("nan"))
    sums = [float(np.sum(some)) for some in samples]
    without = [
        of(*((total - some[left_out]) / (count - 1) for total, some in zip(sums, samples, strict=True)))
        for left_out in range(count)
    ]
    pseudo = [count * whole - (count - 1) * one for one in without]
    return Estimate(whole, estimate(pseudo).half_width)


def share_below(runs: Runs, world: str, policy: str, other: str, name: str) -> Estimate | None:
    """By which share the mean of `policy` lies below that of `other`."""
    return of_means(values(runs, world, [policy, other], name), lambda mine, theirs: 1.0 - mine / theirs)


def gap_closed(
    runs: Runs, world: str, policy: str, low: str, high: str, name: str = "fcr"
) -> Estimate | None:
    """0 is as good as `low`, 1 as good as `high`."""
    return of_means(
        values(runs, world, [policy, low, high], name),
        lambda mine, least, most: (mine - least) / (most - least) if most != least else float("nan"),
    )


def best(runs: Runs, world: str, policies: Sequence[str], name: str, *, least: bool = False) -> str | None:
    """The policy of the highest mean (the lowest, if `least`); None if none was run."""
    means = {policy: found.mean for policy in policies if (found := level(runs, world, policy, name))}
    if not means:
        return None
    return (min if least else max)(means, key=lambda policy: means[policy])

"""The price program of routing.md 2.3, at the two sizes of its section 5, beside one greedy pass over the matrix.

The greedy pass gives each class, busiest first, its cheapest groups with time left; it is what a router without a
solver might do, touches every pair once, and knows no price.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.measure import Figure
from services.router.policy.prices import Program, load_solver, solve
from services.router.policy.settings import DEFAULTS

SIZES = ((200, 10, 4), (1_200, 40, 6))
"""(groups, topics, languages): 320 and 1,920 classes, for complaints and four signals multiply."""
SIGNALS, LOAD, CHANGE = 4, 0.85, 0.03
"""The rates of two programs that follow each other differ by up to this share."""


async def run(_bootstrap: str) -> list[Figure]:
    figures = []
    load_solver()  # a router has by then
    for groups, topics, languages in SIZES:
        program = desk_program(groups, topics, languages)
        rng = np.random.default_rng(1)
        moved = replace(program, rate=program.rate * rng.uniform(1 - CHANGE, 1 + CHANGE, program.rate.size))
        name = f"{groups:,} groups x {program.rate.size:,} classes"
        began = time.process_time()
        greedy(program)
        passed = time.process_time()
        solution = solve(program, DEFAULTS)
        solved = time.process_time()
        solve(moved, DEFAULTS, solution.price)
        again = time.process_time()
        figures += [
            Figure(f"{name}: first program", 1e3 * (solved - passed), "ms CPU"),
            Figure(f"{name}: the next one", 1e3 * (again - solved), "ms CPU"),
            Figure(f"{name}: the next one over a greedy pass", (again - solved) / (passed - began), "x"),
        ]
    return figures


def desk_program(groups: int, topics: int, languages: int, seed: int = 0, load: float = LOAD) -> Program:
    """A desk like the worlds of routing.md 6.1, cut into groups of four topics and two languages each."""
    rng = np.random.default_rng(seed)
    certified = np.zeros((groups, topics), bool)
    speaks = np.zeros((groups, languages), bool)
    for group in range(groups):
        certified[group, rng.choice(topics, 4, replace=False)] = True
        speaks[group, rng.choice(languages, 2, replace=False)] = True
    level = rng.choice(4, groups, p=[0.45, 0.30, 0.17, 0.08])
    agents = np.asarray(rng.poisson(8, groups) + 1, np.float64)
    resolves = np.clip(0.8 + 0.07 * rng.normal(size=(groups, topics)), 0.3, 0.98)
    speed = np.exp(0.1 * rng.normal(size=groups))
    handle = np.linspace(190.0, 360.0, topics)
    topic, complaint, signal, language = (
        part.ravel() for part in np.indices((topics, 2, SIGNALS, languages))
    )
    levels = np.full((SIGNALS, 4), 0.0667)
    np.fill_diagonal(levels, 0.8)
    covers = np.cumsum(levels, axis=1)[signal][:, level]
    rate = np.where(complaint, 0.12, 0.88) * np.array([0.603, 0.241, 0.108, 0.048])[signal] / (topic + 2.0)
    rate = rate * (load * agents.sum() / float((rate * handle[topic]).sum()))
    seconds = handle[topic][:, None] * speed[None, :]
    fails = 1.0 - resolves[:, topic].T * covers
    cost = seconds + fails * np.where(complaint, 1.3 * 1200.0, 1200.0)[:, None]
    classes, able = np.nonzero(certified[:, topic].T & speaks[:, language].T)
    return Program(
        np.asarray(rate, np.float64), agents, classes, able, seconds[classes, able], cost[classes, able]
    )


def greedy(program: Program) -> float:
    """Cost in cs per second of serving each class by its cheapest groups that have time left."""
    left = DEFAULTS.capacity_share * program.agents
    starts = np.searchsorted(program.edge_class, np.arange(program.rate.size + 1))
    cost = 0.0
    for index in np.argsort(-program.rate, kind="stable"):
        edges = slice(starts[index], starts[index + 1])
        order = np.argsort(program.edge_cost[edges], kind="stable") + starts[index]
        rest = float(program.rate[index])
        for edge in order:
            group = program.edge_group[edge]
            served = min(rest, float(left[group] / program.edge_seconds[edge]))
            left[group] -= served * program.edge_seconds[edge]
            cost += served * float(program.edge_cost[edge])
            rest -= served
            if rest <= 0.0:
                break
        cost += rest * DEFAULTS.left_out_cs
    return cost

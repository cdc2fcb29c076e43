"""The processes that play histories side by side, for each processor one."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields

from services.runtime.lifecycle import calm_collector
from tests.rivals.history import TURNS, Outcome, run

CHUNK = 50
"""Histories a worker plays before it reports."""
REPLAY_EVERY = 10
"""Of so many histories, one is folded again from its bytes."""
PRELOADED = ["tests.rivals.workers", "tests.rivals.script"]
"""What most of their time to start would go to; a module that is not there is left to whoever imports it."""


def workers(count: int | None = None) -> ProcessPoolExecutor:
    """They come from a process that is started for it, not from this one: a fork of gRPC's threads stands still."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return ProcessPoolExecutor(count or os.cpu_count(), mp_context=context, initializer=calm_collector)


def play_chunk(seeds: range, turns: int = TURNS) -> tuple[Counter[str], list[str]]:
    """What happened in these histories, and a line for each that broke a rule."""
    counts, failures = Counter[str](), list[str]()
    began = time.process_time()
    for seed in seeds:
        counts["histories"] += 1
        try:
            outcome = run(seed, turns=turns, replay=seed % REPLAY_EVERY == 0)
        except Exception as error:
            failures.append(f"seed {seed}: {type(error).__name__}: {str(error).splitlines()[:1]}")
        else:
            counts.update({part.name: getattr(outcome, part.name) for part in fields(Outcome)})
    counts["cpu_ms"] = round((time.process_time() - began) * 1000)
    return counts, failures

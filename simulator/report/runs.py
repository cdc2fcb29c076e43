"""Takes the runs of a plan on every core, keeps each as it ends, and says how long it will last."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import TextIO

from services.runtime.lifecycle import calm_collector
from simulator.progress import Progress
from simulator.report.cache import Finished
from simulator.report.measures import Run
from simulator.report.plan import expected_seconds
from simulator.report.plays import Case, play

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
LINE_EVERY_SECONDS = 60.0


def take(
    cases: Sequence[Case],
    finished: Finished,
    *,
    processes: int | None = None,
    within_seconds: float | None = None,
    label: str = "routing report",
    out: TextIO | None = None,
) -> dict[tuple[str, str], dict[int, Run]]:
    """By world and policy, the runs by replication; those found in `finished` are not played again.

    After `within_seconds` no more are begun, and what is there is answered.
    """
    found = {case: run for case in cases if (run := finished.get(case)) is not None}
    missing = [case for case in cases if case not in found]
    if missing:
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
        _play(
            missing,
            found,
            finished,
            processes or os.cpu_count() or 1,
            within_seconds,
            label,
            out or sys.stderr,
        )
    runs: dict[tuple[str, str], dict[int, Run]] = {}
    for case in cases:
        if case in found:
            runs.setdefault((case.world.name, case.play.name), {})[case.replication] = found[case]
    return runs


def _play(
    cases: Sequence[Case],
    found: dict[Case, Run],
    finished: Finished,
    processes: int,
    within_seconds: float | None,
    label: str,
    out: TextIO,
) -> None:
    if processes == 1 and len(cases) == 1:
        found[cases[0]] = play(cases[0])
        finished.put(cases[0], found[cases[0]])
        return
    started = said = time.monotonic()
    total = round(sum(map(expected_seconds, cases)))
    waiting, running = deque(cases), dict[Future[Run], Case]()
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=calm_collector)
    try:
        with Progress(f"{label}, core seconds as planned", total, out) as progress:
            while waiting or running:
                late = within_seconds is not None and time.monotonic() - started > within_seconds
                while waiting and not late and len(running) < processes:
                    case = waiting.popleft()
                    running[pool.submit(play, case)] = case
                if not running:
                    return
                for job in wait(running, return_when=FIRST_COMPLETED).done:
                    case = running.pop(job)
                    found[case] = job.result()
                    finished.put(case, found[case])
                    progress.step(round(expected_seconds(case)))
                now = time.monotonic()
                if not out.isatty() and now - said >= LINE_EVERY_SECONDS:
                    said = now
                    spent = now - started
                    left = spent / max(1, progress.done) * max(0, total - progress.done)
                    done = len(cases) - len(waiting) - len(running)
                    out.write(f"{label}: {done} of {len(cases)} runs, {spent:.0f} s, {left:.0f} s left\n")
                    out.flush()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

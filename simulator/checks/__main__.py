"""Prints the checks that need no day to be played: `python -m simulator.checks`."""

from __future__ import annotations

from simulator.checks.erlang import Queue, steady
from simulator.checks.two_agents import (
    Pair,
    best,
    best_from,
    faster_first,
    hold_from,
    mean_in_system,
    weaker_from,
)

QUEUES = {
    "Garnett et al. 2002, nobody leaves": Queue(0.8, 60.0, 50),
    "Garnett et al. 2002, patience 120 s": Queue(0.8, 60.0, 50, 120.0),
    "100 agents, 1,400 calls/h": Queue(1400 / 3600, 225.0, 100),
    "100 agents, 1,585 calls/h": Queue(1585 / 3600, 225.0, 100),
    "pooling floor, load .90": Queue(0.45, 240.0, 120, 56.0),
    "pooling floor, load 1.00": Queue(0.50, 240.0, 120, 56.0),
    "pooling floor, load 1.10": Queue(0.55, 240.0, 120, 56.0),
}
EVEN = ((1.0, 1.6), (0.9, 0.45))
SLOW = ((1.0, 0.15), (0.9, 0.6))
PAIRS = (
    Pair(0.6, *EVEN),
    Pair(0.9, *EVEN),
    Pair(1.2, *EVEN),
    Pair(0.5, (1.0, 1.0), (0.9, 0.3)),
    Pair(0.4, (0.8, 3.0), (0.95, 0.2)),
    Pair(0.4, *SLOW),
    Pair(0.6, *SLOW),
)


def main() -> None:
    print(f"{'queue':36s} P(wait)  E[wait] s  leaves  busy")
    for name, queue in QUEUES.items():
        found = steady(queue)
        print(
            f"{name:36s} {found.waits:7.4f}  {found.wait_seconds:9.2f}  {found.leaves:6.2%}  {found.occupancy:.1%}"
        )
    print("\ntwo agents: mean number in the system at best, and what rules cost over it")
    print("arrivals  mu          p            best (k)     hold rule (k)  never idling  fastest first")
    for pair in PAIRS:
        optimum, _ = mean_in_system(pair, best)
        rule = hold_from(pair)
        over = [
            100 * (mean_in_system(pair, decide)[0] / optimum - 1)
            for decide in (weaker_from(rule), weaker_from(1), faster_first(pair))
        ]
        print(
            f"{pair.arrivals:8.1f}  {pair.rate!s:10s}  {pair.resolves!s:11s}  {optimum:.4f} ({best_from(pair)})"
            f"   +{over[0]:3.1f} % ({rule})      +{over[1]:4.1f} %      +{over[2]:4.1f} %"
        )


if __name__ == "__main__":
    main()

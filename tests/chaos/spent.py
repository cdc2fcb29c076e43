"""What took the processors of a run: routers, brokers, agents, load, and the run itself."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

LOOK_SECONDS = 1.0
"""What a process does in its last second, if it is killed, is not counted."""
TICKS = os.sysconf("SC_CLK_TCK")


class Spent:
    """Looks at the processes of each group while they live; `run` until cancelled."""

    def __init__(self, groups: Callable[[], Mapping[str, list[int]]]) -> None:
        """`groups` names the process ids that there are now."""
        self._groups = groups
        self._known: dict[int, float] = {}
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """Of processor time, by group."""

    async def run(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Adds what was spent since the last look; a process that is gone adds nothing."""
        for group, pids in self._groups().items():
            for pid in pids:
                now = cpu_seconds(pid)
                if now is None:
                    continue
                self.seconds[group] += now - self._known.get(pid, 0.0)
                self._known[pid] = now

    def line(self, seconds: float) -> str:
        """For the report: the share of one processor that each group had, over so many seconds."""
        whole = sum(self.seconds.values())
        parts = ", ".join(
            f"{group} {100 * spent / seconds:.0f} %"
            for group, spent in sorted(self.seconds.items(), key=lambda one: -one[1])
        )
        return f"processors: {100 * whole / seconds:.0f} % of {100 * (os.cpu_count() or 1)} % used: {parts}"


def cpu_seconds(pid: int) -> float | None:
    """User and system time of a process so far (proc(5), fields 14 and 15); None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS

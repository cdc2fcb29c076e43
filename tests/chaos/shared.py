"""What the processes of a chaos run agree on: the plan in a file, and a few counters in shared memory."""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from services.contract.topics import partition_of

SENT, SETTLED, STOP_SENDING, STOP_WORKING, READY = range(5)
CAPACITY_UNITS = 100


@dataclass(frozen=True)
class Plan:
    """A run."""

    folder: str
    bootstrap: str
    routers: list[str]
    desks: list[str]
    agents_per_desk: int
    rate: float
    open_max: int
    """Contacts sent and not settled; whoever sends waits then."""
    partitions: int
    seed: int

    def write(self) -> Path:
        path = Path(self.folder) / "plan.json"
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def read(cls, path: str) -> Plan:
        return cls(**json.loads(Path(path).read_text()))

    def agents(self, desk_id: str) -> list[str]:
        return [f"{desk_id}-a{number}" for number in range(self.agents_per_desk)]


class Counters:
    """Whole numbers that one process writes and others read."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / "counters"
        if not path.exists():
            path.write_bytes(bytes(8 * 16))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8 * 16)

    def __getitem__(self, name: int) -> int:
        return int(struct.unpack_from("<q", self._memory, 8 * name)[0])

    def __setitem__(self, name: int, value: int) -> None:
        struct.pack_into("<q", self._memory, 8 * name, value)


def desks_for(partitions: int) -> list[str]:
    """One desk for each partition."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < partitions:
        found.setdefault(partition_of(f"desk{number}", partitions), f"desk{number}")
        number += 1
    return [found[partition] for partition in range(partitions)]


def desk_file(plan: Plan, desk_id: str) -> Path:
    """Short limits, so that deadlines fall due all the time; and little to remember."""
    lines = [
        f'desk_id = "{desk_id}"',
        'version = "chaos"',
        "[[topics]]",
        'id = "billing"',
        "resolution = 0.9",
        "handle_seconds = 60",
        "level_priors = [1.0]",
        "[[queues]]",
        'id = "all"',
        "[limits]",
        "offer_other = 20",
        "retention = 30",
        "repeat_window = 30",
        "target_social = 20",
        "customer_silent = 5",
        "customer_gone = 15",
        "missed_offers_max = 1000",
    ]
    for agent_id in plan.agents(desk_id):
        lines += ["[[agents]]", f'id = "{agent_id}"', 'topics = ["billing"]', 'languages = ["en"]']
        lines += [f"capacity = {CAPACITY_UNITS}"]
    path = Path(plan.folder) / f"{desk_id}.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def numbers(values: Mapping[str, float]) -> str:
    """For a line of the report."""
    return ", ".join(f"{name} {value:,.0f}" for name, value in values.items())

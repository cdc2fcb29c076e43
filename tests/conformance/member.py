"""A member of a group in a process of its own, so that a test can kill it.

    python -m tests.conformance.member KIND ADDRESS TOPIC GROUP SESSION_TIMEOUT_MS

Prints `assigned 0,1` and `revoked 0,1` as it is told, and `offset PARTITION OFFSET` for what it reads.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence

from tests.conformance.places import Place


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Aloud:
    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        say("assigned " + ",".join(map(str, partitions)))
        return dict.fromkeys(partitions, 0)

    def revoked(self, partitions: Sequence[int]) -> None:
        say("revoked " + ",".join(map(str, partitions)))


async def main(kind: str, address: str, topic: str, group: str, session_timeout_ms: str) -> None:
    async with Place(kind, address).log(session_timeout_ms=int(session_timeout_ms)) as log:
        member = await log.own(topic, group, Aloud())
        while True:
            for record in await member.read(wait_ms=100):
                say(f"offset {record.partition} {record.offset}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

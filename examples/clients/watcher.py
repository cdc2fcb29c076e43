"""Writes every decision of a desk to a file, a line of JSON each, and goes on after the last one when it is started again.

python examples/clients/watcher.py --router 127.0.0.1:50051 --desk acme decisions.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict

from frontdesk.client import RouterClient
from frontdesk.v1.router_pb2 import Position


def last_position(file: Path) -> Position | None:
    """Of the newest whole line; None for a file that is new. A line that a crash has cut is removed."""
    if not file.exists():
        return None
    whole, end, _ = file.read_bytes().rpartition(b"\n")
    file.write_bytes(whole + end)
    if not whole:
        return None
    return ParseDict(json.loads(whole.splitlines()[-1])["position"], Position())


async def write(router: str, desk_id: str, file: Path, count: int) -> None:
    """The file is the memory: what stands in it was dealt with, what does not is told again."""
    async with RouterClient(router) as client:
        after = last_position(file) or Position(offset=-1)
        if after.offset < 0:  # from the desk's first decision on; its partition is in every answer
            after.partition = (await client.list_waiting(desk_id, page_size=1)).position.partition
        with file.open("a", encoding="utf-8") as lines:
            async for watched in client.watch(desk_id, after=after):
                lines.write(json.dumps(MessageToDict(watched)) + "\n")
                lines.flush()
                count -= 1
                if count == 0:
                    return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--router", default="127.0.0.1:50051", help="one target, or several with commas")
    parser.add_argument("--desk", default="acme")
    parser.add_argument("--count", type=int, default=-1, help="end after so many; by default never")
    options = parser.parse_args()
    asyncio.run(write(options.router, options.desk, options.file, options.count))

"""Ids of records are 64 random bits that nobody else has."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from services.router.record_ids import BLOCK_BYTES, RandomIds, random_id

IDS_PER_BLOCK = BLOCK_BYTES // 8


def test_ids_are_those_of_the_block_and_none_is_0() -> None:
    drawn = [bytes(8) + b"\1" * 8 + bytes(BLOCK_BYTES - 16), b"\xff" * BLOCK_BYTES]
    new_id = RandomIds(lambda size: drawn.pop(0)[:size])
    assert [new_id() for _ in range(3)] == [0x0101010101010101, 2**64 - 1, 2**64 - 1]


def test_no_id_is_drawn_twice() -> None:
    new_id = RandomIds()
    count = 3 * IDS_PER_BLOCK + 1
    ids = {new_id() for _ in range(count)}
    assert len(ids) == count
    assert all(0 < one < 2**64 for one in ids)
    assert max(ids) > 2**62  # all 64 bits are drawn


def test_threads_share_no_id() -> None:
    new_id = RandomIds()
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: [new_id() for _ in range(5_000)], range(8)))
    assert len({one for some in drawn for one in some}) == 40_000


def test_a_child_of_a_fork_draws_ids_of_its_own() -> None:
    random_id()
    assert random_id._block
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_id().to_bytes(8, "big"))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        theirs = int.from_bytes(pipe.read(8), "big")
    os.waitpid(child, 0)
    assert theirs not in {random_id() for _ in range(len(random_id._block) + 1)}
    assert theirs > 0

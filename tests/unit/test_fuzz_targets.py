"""Each target of the fuzzer takes what the engine begins with: nothing, a byte, and its seeds."""

from __future__ import annotations

import pytest

from fuzz import targets

SEEDS_MAX = 5


@pytest.mark.parametrize("name", targets.names())
def test_target_takes_its_seeds(name: str) -> None:
    run, seeds = targets.target(name)
    for data in (b"", b"\x00", b"\xff" * 40, *seeds[:SEEDS_MAX]):
        run(data)

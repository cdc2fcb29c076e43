"""How long a router stands still for a digest of its state: a record's share of it, and all of it at once.

python -m benchmarks.digests                        1,000 agents, 10,000 contacts that wait
python -m benchmarks.digests 10000 100000           the largest desk
"""

from __future__ import annotations

import gc
import random
import sys
import time

from benchmarks.measure import percentile
from benchmarks.router_core import Bench
from services.router.log.canonical import digest_in_steps
from services.router.log.digests import Underway, digest_of, part_of
from services.router.model import PartitionState


def main(arguments: list[str]) -> int:
    agents, waiting = map(int, arguments or ("1000", "10000"))
    bench = Bench(agents, random.Random(1))
    bench.begin(waiting)
    state = bench.state
    gc.collect()
    gc.freeze()
    gc.disable()
    began = time.thread_time()
    found = digest_of(state)
    at_once_ms = (time.thread_time() - began) * 1e3
    shares_us, same = _shares_us(state)
    if same != found:
        sys.exit("digests: in steps it is another digest")
    sys.stdout.write(
        f"{agents:,} agents, {waiting:,} waiting, {state.objects():,} objects, part {part_of(state)}:\n"
        f"at once            {at_once_ms:8.1f} ms\n"
        f"in steps           {sum(shares_us) / 1e3:8.1f} ms, in {len(shares_us):,} records\n"
        f"a record's share   {percentile(shares_us, 0.5):8.1f} us p50, {percentile(shares_us, 0.99):,.1f} us p99, "
        f"{max(shares_us):,.1f} us at the most\n"
    )
    return 0


def _shares_us(state: PartitionState) -> tuple[list[float], bytes]:
    """What each record that follows takes for it."""
    under, taken = Underway(digest_in_steps(state, part_of(state))), []
    while not under.done:
        began = time.thread_time()
        under.go_on()
        taken.append((time.thread_time() - began) * 1e6)
    return taken, under.found()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m tests.chaos --minutes 20 --rate 500`: chaos on a real Kafka, then a check of everything that was written.

Prints a table: each fault, how often, the worst gap in service, how long until another router took over, rejected
records. 0 when every rule held.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from services.contract.topics import DECISIONS, FACTS
from services.router.build import topics
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogError
from tests.chaos.check import Check, Findings
from tests.chaos.cluster import Cluster
from tests.chaos.faults import ALL, Field, Struck, now_ms, refused, strike_until
from tests.chaos.ground import Disk, Network, say
from tests.chaos.report import rows, table
from tests.chaos.routers import Router
from tests.chaos.shared import (
    SENT,
    SETTLED,
    STOP_SENDING,
    STOP_WORKING,
    Counters,
    Plan,
    desk_file,
    desks_for,
    numbers,
)
from tests.chaos.spent import Spent

ROUTERS, PARTITIONS = 3, 4
WARM_SECONDS = 10.0
DRAIN_SECONDS_MAX = 180.0
END_SECONDS_MAX = 120.0
LAST_WORDS_CHARACTERS = 4_000


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-chaos-"))
    try:
        held = asyncio.run(Run(options, folder).play())
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


class Run:
    """One run, from nothing to its verdict."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._network = Network(ROUTERS)
        contacts = 60 * options.minutes * options.rate
        self._disk = Disk(folder / f"broker-{options.brokers}" / "data", contacts)
        self._cluster = Cluster(options.brokers, folder, self._network, self._disk)
        self._routers: list[Router] = []

    async def play(self) -> bool:
        """Whether every rule held."""
        options = self._options
        playing = asyncio.current_task()
        if playing is not None:  # so that whoever ends it early leaves nothing behind
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
        async with AsyncExitStack() as stack:
            self._network.make()
            stack.callback(self._network.remove)
            stack.callback(self._cluster.end)
            await self._cluster.start()
            impossible = refused(frozenset(options.only), self._network, self._disk)
            if impossible:
                say(f"chaos: ERROR, asked for and not possible here: {'; '.join(impossible)}")
                return False
            say(
                f"chaos: {options.brokers} broker(s), {ROUTERS} routers, {PARTITIONS} partitions, "
                f"{options.agents * PARTITIONS} agents, {options.rate:.0f} contacts/s wanted for "
                f"{options.minutes:g} minutes, seed {options.seed}; logs in {self._folder}"
            )
            log = await KafkaLog.connect(self._cluster.bootstrap)
            await self._create(log)
            plan = await self._prepare(stack)
            counters = Counters(plan.folder)
            load, agents = await self._people(plan, stack)
            spent = Spent(lambda: self._processes(load.pid, agents.pid))
            field = Field(
                self._routers,
                self._cluster,
                self._network,
                random.Random(options.seed),
                PARTITIONS,
                frozenset(options.only),
            )
            await self._until(lambda: counters[SETTLED] > 0, 60, "nothing is settled at all")
            began = time.monotonic()
            spent.look()
            spent.seconds.clear()
            spending = asyncio.create_task(spent.run())
            stack.callback(spending.cancel)
            await asyncio.sleep(WARM_SECONDS)
            await strike_until(field, began + 60 * options.minutes, options.quiet)
            left = began + 60 * options.minutes - time.monotonic()
            await asyncio.sleep(max(0.0, left))
            ends_ms, seconds = now_ms(), time.monotonic() - began
            spending.cancel()
            spent_line = spent.line(seconds)
            held_seconds = await self._finish(counters, load, agents)
            await self._decided(log)
            for router in self._routers:
                await router.end()
            await log.close()
            found = await asyncio.to_thread(Check(plan).run)
            held = self._tell(found, field.struck, ends_ms, seconds, held_seconds, spent_line)
            return held and agents.returncode == 0

    async def _create(self, log: KafkaLog) -> None:
        """Once every broker is known to the controller."""
        for attempt in range(30):
            try:
                await log.create_topics(topics(PARTITIONS))
            except LogError:
                if attempt == 29:
                    raise
                await asyncio.sleep(1.0)
            else:
                return

    async def _prepare(self, stack: AsyncExitStack) -> Plan:
        options = self._options
        addresses = []
        for number in range(ROUTERS):
            router = Router(number, self._network, self._cluster, [], self._folder, PARTITIONS)
            stack.push_async_callback(router.end)
            self._routers.append(router)
            addresses.append(router.address)
        plan = Plan(
            folder=str(self._folder),
            bootstrap=self._cluster.bootstrap,
            routers=addresses,
            desks=desks_for(PARTITIONS),
            agents_per_desk=options.agents,
            rate=options.rate,
            open_max=options.open_max,
            partitions=PARTITIONS,
            seed=options.seed,
        )
        plan.write()
        files = [desk_file(plan, desk_id) for desk_id in plan.desks]
        for router in self._routers:
            router.desks = files
        await asyncio.gather(*(router.start() for router in self._routers))
        return plan

    async def _people(
        self, plan: Plan, stack: AsyncExitStack
    ) -> tuple[asyncio.subprocess.Process, asyncio.subprocess.Process]:
        found = []
        for module in ("load", "agents"):
            errors = (self._folder / f"{module}.log").open("ab")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"tests.chaos.{module}", str(self._folder / "plan.json")),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
            errors.close()
            stack.callback(_end, process)
            found.append(process)
        return found[0], found[1]

    def _processes(self, load: int, agents: int) -> dict[str, list[int]]:
        return {
            "routers": [pid for router in self._routers if (pid := router.pid) is not None],
            "brokers": [pid for node in self._cluster.nodes if (pid := node.pid) is not None],
            "agents": [agents],
            "load": [load],
            "this": [os.getpid()],
        }

    async def _finish(
        self, counters: Counters, load: asyncio.subprocess.Process, agents: asyncio.subprocess.Process
    ) -> float:
        """No more contacts; those there are are settled; then the agents go. How long the load waited."""
        counters[STOP_SENDING] = 1
        said, _ = await asyncio.wait_for(load.communicate(), END_SECONDS_MAX)
        try:
            await self._until(lambda: counters[SETTLED] >= counters[SENT], DRAIN_SECONDS_MAX, "")
        except TimeoutError:
            say(f"chaos: {counters[SENT] - counters[SETTLED]} contacts were not settled in time")
        await asyncio.sleep(3)
        counters[STOP_WORKING] = 1
        try:
            told, _ = await asyncio.wait_for(agents.communicate(), END_SECONDS_MAX)
        finally:
            if agents.returncode != 0:  # without agents nothing is settled, whatever the routers do
                words = (self._folder / "agents.log").read_text(errors="replace")[-LAST_WORDS_CHARACTERS:]
                how = (
                    "stands still"
                    if agents.returncode is None
                    else f"ended by itself with {agents.returncode}"
                )
                say(f"chaos: ERROR, the agents' process {how}:\n{words}")
        reconnects, lost = [*told.decode().split(), "?", "?"][:2]
        say(f"chaos: {reconnects} reconnects of agents, {lost} sessions begun anew")
        return float(said.decode().split()[0]) if said.strip() else -1.0

    async def _decided(self, log: KafkaLog) -> None:
        """Returns when the routers have nothing left to decide; the check says what is missing otherwise."""
        for _ in range(100):
            before = [await log.end_offset(DECISIONS, p) for p in range(PARTITIONS)]
            facts = [await log.end_offset(FACTS, p) for p in range(PARTITIONS)]
            await asyncio.sleep(1.0)
            if before == [await log.end_offset(DECISIONS, p) for p in range(PARTITIONS)] and all(facts):
                return

    async def _until(self, condition: object, seconds_max: float, why: str) -> None:
        ends_at = time.monotonic() + seconds_max
        while not condition():  # type: ignore[operator] # a function
            if time.monotonic() > ends_at:
                raise TimeoutError(why)
            await asyncio.sleep(0.1)

    def _tell(
        self,
        found: Findings,
        struck: list[Struck],
        ends_ms: int,
        seconds: float,
        held_seconds: float,
        spent_line: str,
    ) -> bool:
        settled = sum(found.settled.values())
        say("")
        for line in table(found, rows(found, struck, ends_ms)):
            say(line)
        say(f"{len({one.kind for one in struck})} of {len(ALL)} kinds of faults had their turn")
        say(f"{numbers(found.counts)}")
        say(
            f"{settled} contacts resolved in {seconds:.0f} s of load: {settled / seconds:.0f}/s held of "
            f"{self._options.rate:.0f}/s wanted; the load waited for room {held_seconds:.0f} s; "
            f"routers ended by themselves {sum(router.exits for router in self._routers)} times"
        )
        say(spent_line)
        for rule, examples in found.broken.items():
            say(f"BROKEN {found.broken_counts[rule]} times: {rule}: {'; '.join(examples)}")
        say("every rule held" if not found.broken else "rules were broken")
        return not found.broken


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=500.0, help="contacts a second (default %(default)s)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument("--agents", type=int, default=40, help="for each of the desks (default %(default)s)")
    parser.add_argument(
        "--open-max", type=int, default=600, help="contacts open at once; the load waits then"
    )
    parser.add_argument("--quiet", type=float, default=12.0, help="seconds between faults")
    parser.add_argument(
        "--only",
        nargs="*",
        choices=[fault.__name__ for fault in ALL],
        default=[],
        help="these faults alone, to measure one of them (default: all)",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and records")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""frontdesk demo: the command."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.cli.demo.ids import contact_ids
from services.cli.demo.run import Result, desk_folder, play
from services.cli.demo.stories import DAY_STARTS, Morning, load
from services.cli.demo.system import NotReady, System
from services.router.desks.config import load_toml
from services.runtime import broker
from services.runtime.clock import ScaledClock

RATE = 60.0
"""The morning's clock runs this many times as fast as the wall clock."""
LATE_SHIFT = frozenset({"esha"})
KPI_NAMES = {
    "arrived": "contacts arrived",
    "answered": "answered by an agent",
    "abandoned": "callers who gave up",
    "handled": "handled and closed",
    "fcr_provisional_resolved": "settled at first contact",
    "fcr_provisional_closed": "... of first contacts closed",
    "escalated": "escalated to higher authority",
    "consults": "consults (the owner kept the customer)",
    "transfers": "transfers",
    "repeats": "came back",
    "mentions": "said about us in public",
    "mentions_addressed": "... and worth a person's time",
}


def main(argv: Sequence[str]) -> int:
    """0 when nothing was lost and every KPI agrees with what was played; else 1."""
    parser = argparse.ArgumentParser(
        prog="frontdesk demo",
        description="Plays a morning of recorded deliveries against simulated agents on the real services, "
        "sixty times as fast as it was, and checks the measures against what was played.",
        epilog="examples:\n  frontdesk demo\n  frontdesk demo --log kafka    three processes, a real broker",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--log", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument(
        "--stay", action="store_true", help="leave the services running at the end, until Ctrl-C"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the folder with the log and the services' output"
    )
    options = parser.parse_args(argv)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-demo-"))
    try:
        with _bootstrap(options.log, folder, console) as bootstrap:
            result = asyncio.run(_demo(folder, bootstrap, console, stay=options.stay))
    except (NotReady, broker.BrokerError) as error:
        console.print(f"[red]{error}[/red]")
        return 1
    finally:
        if options.keep:
            console.print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if result.good else 1


async def _demo(folder: Path, bootstrap: str | None, console: Console, *, stay: bool) -> Result:
    examples = desk_folder()
    morning = load(examples / "morning")
    desk = load_toml((examples / "desk.toml").read_text(encoding="utf-8"))
    began = time.monotonic()
    clock = morning_clock(morning)
    system = System.plan(environment(morning, clock), examples / "desk.toml", folder, bootstrap)
    where = "one process, embedded log" if bootstrap is None else f"three processes on Kafka at {bootstrap}"
    console.print(f"starting Frontdesk: {where} ...")
    try:
        await system.start()
        console.print(
            f"ready after {time.monotonic() - began:.1f} s. A morning at desk {desk.desk_id}, {RATE:.0f} times as fast:"
        )
        console.print(addresses(system))
        result = await play(system, morning, contact_ids(morning), desk, LATE_SHIFT, clock, console)
        show(result, console)
        console.print(addresses(system))
        if stay:
            console.print("still running; Ctrl-C ends it")
            await asyncio.Event().wait()
    finally:
        await system.stop()
    console.print(f"done after {time.monotonic() - began:.0f} s")
    return result


def morning_clock(morning: Morning) -> ScaledClock:
    """A clock that shows the morning's day, RATE times as fast, for this process and the services alike."""
    origin = datetime.fromisoformat(f"{morning.keys['day']}T{DAY_STARTS}+00:00")
    return ScaledClock(time.time_ns() // 1_000_000, int(origin.timestamp() * 1000), RATE)


def environment(morning: Morning, clock: ScaledClock) -> dict[str, str]:
    """Settings of the services: free ports, the morning's keys and clock."""
    keys = morning.keys
    return {
        "FRONTDESK_CLOCK": f"scaled:{clock.start_ms}:{clock.origin_ms}:{clock.rate}",
        "FRONTDESK_HTTP_PORT": "0",
        "FRONTDESK_GRPC_PORT": "0",
        "FRONTDESK_SMTP_PORT": "0",
        "FRONTDESK_METRICS_PORT": "0",
        "FRONTDESK_PARTITIONS": "4",
        "FRONTDESK_IDENTITY_KEY": "an identity key for the demonstration only",
        "FRONTDESK_TWILIO_AUTH_TOKENS": keys["twilio_auth_token"],
        "FRONTDESK_POSTMARK_BASIC_AUTH": keys["postmark_basic_auth"],
        "FRONTDESK_META_APP_SECRETS": keys["meta_app_secret"],
        "FRONTDESK_TRUSTPILOT_URL_KEYS": keys["trustpilot_url_key"],
        "FRONTDESK_META_VERIFY_TOKEN": "demo-verify",
        "FRONTDESK_PUBLIC_URL": keys["public_url"],
        "FRONTDESK_ACCOUNTS_FILE": str(desk_folder() / "accounts.toml"),
    }


@contextlib.contextmanager
def _bootstrap(log: str, folder: Path, console: Console) -> Iterator[str | None]:
    """The broker's address; the broker is this run's own, so that an earlier morning is not counted."""
    if log == "embedded":
        yield None
        return
    console.print("starting a real Kafka (the first time its files are fetched) ...")
    started = broker.start(folder / "kafka", port=0, say=lambda line: console.print(f"  {line}"))
    try:
        yield started.bootstrap
    finally:
        started.stop()


def addresses(system: System) -> str:
    """Where to look while it runs."""
    return (
        f"wallboard: {system.address('metrics', 'wallboard')}   metrics: {system.address('metrics', 'metrics')}   "
        f"gRPC: {system.address('router', 'grpc')}"
    )


def show(result: Result, console: Console) -> None:
    """The KPIs beside the played truth."""
    table = Table(title="The morning, as measured and as played", show_lines=False)
    for title in ("measure", "measured", "played", ""):
        table.add_column(title, justify="left" if title in {"measure", ""} else "right")
    for name, words in KPI_NAMES.items():
        measured, played = getattr(result.kpis, name), result.expected[name]
        table.add_row(words, str(measured), str(played), "" if measured == played else "[red]differs[/red]")
    console.print(table)
    kpis = result.kpis
    if kpis.HasField("fcr_provisional"):
        console.print(f"first-contact resolution (provisional): [bold]{kpis.fcr_provisional:.1%}[/bold]")
    if kpis.HasField("average_speed_of_answer_seconds"):
        console.print(f"average speed of answer: {kpis.average_speed_of_answer_seconds:.0f} s")
    for words, found in (("differs", result.differences), ("lost", result.lost), ("twice", result.doubles)):
        for one in found:
            console.print(f"[red]{words}: {one}[/red]")
    if result.good:
        console.print(
            "[green]no contact lost, none assigned twice, every KPI agrees with what was played[/green]"
        )
    sys.stdout.flush()

"""frontdesk desk: checks a desk's file, and puts it in force at a running router."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from frontdesk.client import ClientError, Endpoint, Refused, RouterClient
from services.cli.address import add_endpoint, endpoint_of, nobody
from services.contract.codec import to_message
from services.contract.desk import Desk
from services.intake.need.topics import TOPICS
from services.router.config_faults import Fault
from services.router.config_gaps import gaps
from services.router.desk_config import DeskFaults, as_written, load_toml

APPLY_SECONDS_MAX = 20.0
EXAMPLES = """examples:
  frontdesk desk check examples/desk.toml              faults, and whom it leaves without anybody; needs nothing that runs
  frontdesk desk apply examples/desk.toml              put it in force at the router of this machine
  frontdesk desk apply examples/desk.toml --address frontdesk-router:50051 --tls-ca ca.crt

docs/desk.md has all that the file may say. A process that was started with --desk puts its own file in force again
at its next start: change that file too."""


def main(argv: Sequence[str]) -> int:
    """0 when all files are sound, and in force; 1 for faults, a refusal or a router that is away."""
    parser = argparse.ArgumentParser(
        prog="frontdesk desk",
        description="Checks a desk's file, or puts it in force, whole or not at all.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("check", "apply"), help="apply checks first")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a desk's configuration (TOML)")
    add_endpoint(parser)
    options = parser.parse_args(argv)
    desks = [_read(path) for path in options.files]
    sound = [desk for desk in desks if desk is not None]
    if len(sound) < len(desks):
        return 1
    if options.action == "check":
        return 0
    endpoint = endpoint_of(options, os.environ)
    try:
        asyncio.run(_apply(endpoint, sound))
    except Refused as error:
        sys.stderr.write(f"frontdesk desk: not in force: {error.message}\n")
        return 1
    except (ClientError, OSError) as error:
        sys.stderr.write(f"frontdesk desk: {nobody(endpoint, error)}\n")
        return 1
    return 0


def _read(path: Path) -> Desk | None:
    """The desk of a file, with what there is to say about it; None when it cannot be put in force."""
    try:
        desk = load_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{path}: cannot be read ({type(error).__name__})\n")
        return None
    except DeskFaults as error:
        sys.stderr.writelines(f"{path}: {fault}\n" for fault in error.found)
        return None
    sys.stdout.write(f"{path}: {_summary(desk)}\n")
    for gap in [*_untold(desk), *gaps(desk)]:
        sys.stdout.write(f"  note: {Fault(as_written(gap.path), gap.text)}\n")
    return desk


def _summary(desk: Desk) -> str:
    counts = (("topic", desk.topics), ("queue", desk.queues), ("agent", desk.agents))
    said = ", ".join(f"{len(rows)} {name}{'' if len(rows) == 1 else 's'}" for name, rows in counts)
    languages = sorted({language for agent in desk.agents for language in agent.languages})
    version = f" version {desk.version}" if desk.version else ""
    return f"no faults; desk {desk.desk_id}{version}: {said}, languages {' '.join(languages) or 'none'}"


def _untold(desk: Desk) -> Iterator[Fault]:
    """Topics that no contact has unless its sender, or a model of the desk's own, says so."""
    names = [topic.topic_id for topic in desk.topics if topic.topic_id not in TOPICS]
    if names:
        yield Fault(
            "topics",
            f"intake does not tell {', '.join(names)} by itself: only senders who name them, or a model of "
            "your own (frontdesk train-topics)",
        )


async def _apply(endpoint: Endpoint, desks: Sequence[Desk]) -> None:
    async with RouterClient(endpoint, deadline_seconds=APPLY_SECONDS_MAX) as router:
        for desk in desks:
            written = await router.configure_desk(to_message(desk))
            at = written.position
            sys.stdout.write(f"desk {desk.desk_id} is in force, by decision {at.partition}/{at.offset}\n")
            sys.stdout.flush()

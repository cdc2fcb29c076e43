"""frontdesk desk: checks a desk's file, puts it in force at a running router, shows what is in force and who is at work."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path

from frontdesk.client import ClientError, Endpoint, Refused, RouterClient
from frontdesk.v1 import facts_pb2, router_pb2
from services.cli.address import add_endpoint, endpoint_of, nobody
from services.contract.codec import from_message, to_message
from services.contract.desk import Desk
from services.intake.need.topics import TOPICS
from services.router.desks.config import DeskFaults, as_written, load_toml
from services.router.desks.faults import Fault
from services.router.desks.file import to_toml
from services.router.desks.gaps import gaps

APPLY_SECONDS_MAX = 20.0
PAGE_SIZE = 1_000
EXAMPLES = """examples:
  frontdesk desk check examples/desk.toml              faults, and whom it leaves without anybody; needs nothing that runs
  frontdesk desk apply examples/desk.toml              put it in force at the router of this machine
  frontdesk desk show acme > desk.toml                 what is in force there, as a file that apply takes
  frontdesk desk agents acme                           who is at work, with what in hand
  frontdesk desk apply examples/desk.toml --address frontdesk-router:50051 --tls-ca ca.crt

docs/desk.md has all that the file may say. A process that was started with --desk puts its own file in force again
at its next start: change that file too."""


def main(argv: Sequence[str]) -> int:
    """0 when all files are sound, and in force; 1 for faults, a refusal or a router that is away."""
    parser = argparse.ArgumentParser(
        prog="frontdesk desk",
        description="Checks a desk's file, puts it in force (whole or not at all), shows what is, and who is at work.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("check", "apply", "show", "agents"), help="apply checks first")
    parser.add_argument(
        "names",
        nargs="+",
        metavar="FILE",
        help="a desk's configuration (TOML); of show and agents, a desk's id",
    )
    add_endpoint(parser)
    options = parser.parse_args(argv)
    if options.action == "show" and len(options.names) > 1:
        parser.error("show prints the file of one desk")
    endpoint = endpoint_of(options, os.environ)
    if options.action in ("show", "agents"):
        telling = _show if options.action == "show" else _agents
        return _asked(endpoint, telling(endpoint, *options.names))
    desks = [_read(Path(name)) for name in options.names]
    sound = [desk for desk in desks if desk is not None]
    if len(sound) < len(desks):
        return 1
    return 0 if options.action == "check" else _asked(endpoint, _apply(endpoint, sound))


def _asked(endpoint: Endpoint, asking: Coroutine[None, None, None]) -> int:
    """Asks the router; 1 with what to do when it refuses or is away."""
    try:
        asyncio.run(asking)
    except Refused as error:
        sys.stderr.write(f"frontdesk desk: {error.message}\n")
        return 1
    except BrokenPipeError:
        raise  # of our own output: services/__main__.py
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
    """Where the desk's topics and those that intake tells differ; either may be meant."""
    names = [topic.topic_id for topic in desk.topics]
    own = [name for name in names if name not in TOPICS]
    if own:
        yield Fault(
            "topics",
            f"intake does not tell {', '.join(own)} by itself: only senders who name them, or a model of "
            "your own (frontdesk train-topics)",
        )
    left_out = [name for name in TOPICS if name not in names]
    if left_out:
        yield Fault("topics", f"what intake tells as {', '.join(left_out)} comes as of any topic")


async def _apply(endpoint: Endpoint, desks: Sequence[Desk]) -> None:
    async with RouterClient(endpoint, deadline_seconds=APPLY_SECONDS_MAX) as router:
        for desk in desks:
            written = await router.configure_desk(to_message(desk))
            at = written.position
            sys.stdout.write(f"desk {desk.desk_id} is in force, by decision {at.partition}/{at.offset}\n")
            sys.stdout.flush()


async def _show(endpoint: Endpoint, desk_id: str) -> None:
    async with RouterClient(endpoint, deadline_seconds=APPLY_SECONDS_MAX) as router:
        answer = await router.get_desk(desk_id)
    sys.stdout.write(to_toml(from_message(answer.desk, Desk)))


async def _agents(endpoint: Endpoint, *desk_ids: str) -> None:
    async with RouterClient(endpoint, deadline_seconds=APPLY_SECONDS_MAX) as router:
        for desk_id in desk_ids:
            token, told = "", 0
            while True:
                page = await router.list_agents(desk_id, at_work=True, page_size=PAGE_SIZE, page_token=token)
                sys.stdout.writelines(f"{_line(one)}\n" for one in page.agents)
                told, token = told + len(page.agents), page.next_page_token
                if not token:
                    break
            if not told:
                sys.stderr.write(f"frontdesk desk: nobody is at work at {desk_id}\n")


def _line(one: router_pb2.AgentAtWork) -> str:
    presence = facts_pb2.Presence.Name(one.presence).removeprefix("PRESENCE_").lower().replace("_", " ")
    parts = [f"{one.agent_id:<20} {presence:<10} {one.used_units:>4} of {one.capacity_units} units"]
    for words, ids in (
        ("has", one.contact_ids),
        ("is offered", one.offered_contact_ids),
        ("helps with", one.helped_contact_ids),
    ):
        parts += [f"{words} {', '.join(ids)}"] if ids else []
    if one.HasField("idle_since"):
        parts.append(f"idle since {one.idle_since.ToJsonString()}")
    if one.missed_offers:
        parts.append(f"missed {one.missed_offers} offers in a row")
    if one.HasField("shift_ends_at"):
        parts.append(f"until {one.shift_ends_at.ToJsonString()}")
    return "; ".join(parts)

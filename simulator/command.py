"""frontdesk simulate: a synthetic day under production's router, beside other settings and the usual policies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simulator.baselines import BASELINES
from simulator.report import page, tables
from simulator.report.cache import Finished
from simulator.report.plan import CLAIRVOYANT, FIRST_DAY, PRODUCTION
from simulator.report.plays import BASELINE, Case, Play
from simulator.report.runs import take
from simulator.settings import setting
from simulator.worlds import WORLDS, World

EXAMPLES = """examples:
  frontdesk simulate A                                    production beside longest-idle
  frontdesk simulate B --replications 20 --baseline "bullseye + owner"
  frontdesk simulate A --set hold_phone_ms=0              what it costs never to hold
  frontdesk simulate A --set idle_cs=1.0 --set hold_phone_ms=10000 --html fair.html
  frontdesk simulate A --policy "first day"               nobody's chances to resolve are known
  frontdesk simulate D --load 0.9 --agents 50             a desk of one's own size
  frontdesk simulate what-if --help                       a desk's own log under another policy
  frontdesk simulate calls --help                         a call centre's log, first come first served
  frontdesk simulate report --help                        every goal of the routing policy

Worlds: A moderate load, B high load, C with e-mail, D small, E agents who differ little, L large (docs/routing.md).
Settings of --set are those of a desk's [policy], as docs/desk.md lists them, in milliseconds where a name ends in _ms.
"""
OWNER = " + owner"
REPLICATIONS = 4
PRODUCTIONS = {play.name: play for play in (PRODUCTION, CLAIRVOYANT, FIRST_DAY)}
POLICIES = (*PRODUCTIONS, *BASELINES, *(name + OWNER for name in BASELINES))


def main(argv: Sequence[str]) -> int:
    """0 when it was played; wrong calls exit with 2."""
    if argv and argv[0] == "what-if":
        from simulator.what_if.command import main as what_if

        return what_if(argv[1:])
    if argv and argv[0] == "calls":
        from simulator.calls.command import main as calls

        return calls(argv[1:])
    if argv and argv[0] == "report":
        from simulator.report.__main__ import main as report

        return report(argv[1:])
    parser = _parser()
    options = parser.parse_args(argv)
    plays = _plays(options, parser)
    world = _world(options, parser)
    cases = [Case(world, play, number) for number in range(options.replications) for play in plays]
    runs = take(cases, Finished(), processes=options.processes, label=f"world {world.name}")
    names = [play.name for play in plays]
    first, others = names[0], names[1:]
    print(
        f"World {world.name}: {world.agents} agents, {world.topics} topics, load {world.load:.2f}; {options.replications} replications"
    )
    print(tables.text(tables.POLICY_HEADS, tables.policy_rows(runs, world.name, names)))
    differences = tables.difference_rows(runs, world.name, first, others)
    if differences:
        print("\nPaired differences, with the half-widths of their 95 % intervals:")
        print(tables.text(tables.POLICY_HEADS, differences))
    if options.replications < 2:
        print("One replication has no intervals; --replications 4 or more has.")
    if options.html is not None:
        options.html.write_text(page.comparison(runs, world.name, names), encoding="utf-8")
        print(f"page: {options.html.resolve()}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frontdesk simulate",
        description="Plays synthetic days through production's router and through the usual policies: the same customers, "
        "agents and luck for each, so that their differences are the policies' own.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("world", metavar="WORLD", choices=sorted(WORLDS), help=f"one of {', '.join(WORLDS)}")
    parser.add_argument(
        "--policy",
        default=PRODUCTION.name,
        choices=POLICIES,
        metavar="POLICY",
        help="production (default), clairvoyant, first day, or a baseline",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a setting of the desk's policy; may be given several times. The defaults are then played beside it",
    )
    parser.add_argument(
        "--baseline",
        action="append",
        metavar="POLICY",
        choices=POLICIES,
        help="compare with it; may be given several times (default: longest-idle). One of: "
        + ", ".join(POLICIES),
    )
    parser.add_argument(
        "--replications",
        type=int,
        default=REPLICATIONS,
        help="pools and days (default: 4; the report takes 20)",
    )
    parser.add_argument("--agents", type=int, help="other than the world's")
    parser.add_argument("--load", type=float, help="other than the world's, for example 0.9")
    parser.add_argument("--processes", type=int, help="at once (default: one per core)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with tables and pictures")
    return parser


def _plays(options: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Play]:
    """What is judged stands first."""
    settings = tuple(setting(text, parser) for text in options.settings)
    if settings and options.policy not in PRODUCTIONS:
        parser.error(f"--set: {options.policy} has no settings")
    if options.replications < 1:
        parser.error("--replications: at least 1")
    judged = _play(options.policy)
    others = [_play(name) for name in options.baseline or ["longest-idle"]]
    if settings:
        said = ", ".join(f"{name}={value:g}" for name, value in settings)
        others.insert(0, judged)
        judged = replace(judged, name=f"{judged.name}, {said}", settings=settings)
    return list(dict.fromkeys([judged, *others]))


def _play(name: str) -> Play:
    return PRODUCTIONS.get(name) or Play(name, BASELINE)


def _world(options: argparse.Namespace, parser: argparse.ArgumentParser) -> World:
    world = WORLDS[options.world]
    if options.agents is not None:
        if not 2 <= options.agents <= 2_000:
            parser.error("--agents: between 2 and 2,000")
        world = replace(world, agents=options.agents)
    if options.load is not None:
        if not 0 < options.load <= 2:
            parser.error("--load: over 0, at most 2")
        world = replace(world, load=options.load)
    if world != WORLDS[options.world]:
        world = replace(world, name=f"{world.name} with {world.agents} agents at load {world.load:.2f}")
    return world


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

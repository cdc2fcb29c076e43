"""Start and stop a real Kafka from a terminal.

Exit codes: 0 done, 1 the broker failed (its last lines are shown) or none is running (status),
2 wrong arguments, 3 nothing on this machine to run it with.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from services.runtime import broker
from services.runtime.broker.settings import DEFAULT_STATE, kafka_version

EXAMPLES = """examples:
  python -m services.runtime.broker up                     a broker for development, kept until `down`
  python -m services.runtime.broker up --port 29092        the same on a port of one's own
  python -m services.runtime.broker run --state /tmp/k     in the foreground, Ctrl-C ends it
  KAFKA_HEAP=1g python -m services.runtime.broker up       with a benchmark's memory and compiler
  cat .state/kafka/bootstrap                               the address, for scripts
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.do(options)
    except broker.NothingToRunItWith as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except broker.BrokerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.runtime.broker",
        description=f"A real Apache Kafka {kafka_version()} on loopback (Docker, else Java and Maven).",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="up|down|status|run")
    for name, do, text in (
        ("up", _up, "start it, or say where it is"),
        ("down", _down, "stop it; its data stays"),
        ("status", _status, "say whether it runs, and where"),
        ("run", _run, "start it and stay until Ctrl-C"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--state", type=Path, default=DEFAULT_STATE, help="folder for data and logs")
        if name in ("up", "run"):
            command.add_argument(
                "--port", type=int, help="client port; 0 takes any free one (default: 9092 if free, else any)"
            )
        command.set_defaults(do=do)
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _up(options: argparse.Namespace) -> int:
    known = broker.running(options.state)
    started = broker.start(options.state, port=options.port, say=_say)
    if known is not None:
        _say(f"Kafka is already up at {started.bootstrap}")
    else:
        _say(
            f"Kafka {kafka_version()} is up at {started.bootstrap} "
            f"({started.kind}, ready in {started.seconds_to_ready:.1f} s)"
        )
    return 0


def _down(options: argparse.Namespace) -> int:
    known = broker.running(options.state)
    if known is None:
        _say("no broker is running")
        return 0
    known.stop()
    _say(f"Kafka at {known.bootstrap} is stopped; its data stays in {known.state}")
    return 0


def _status(options: argparse.Namespace) -> int:
    known = broker.running(options.state)
    if known is None:
        _say("no broker is running")
        return 1
    _say(f"Kafka runs at {known.bootstrap} ({known.kind}, process {known.pid}, state in {known.state})")
    return 0


def _run(options: argparse.Namespace) -> int:
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    started = broker.start(options.state, port=options.port, say=_say)
    _say(f"Kafka is up at {started.bootstrap}; Ctrl-C stops it")
    while not done.wait(timeout=1.0):
        if started.pid == 0:
            _say(f"the broker ended by itself; see {started.state / 'broker.log'}")
            return 1
    started.stop()
    _say("stopped")
    return 0

"""frontdesk train-topics: a topic model from the desk's own labels, with honest figures."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from services.cli.plan import default_data
from services.intake.need.labels import Joined, LabelsError, facts_of, read_labels, write_labels
from services.intake.need.report import lines, rules_on
from services.intake.need.trained import save
from services.intake.need.training import Label, TooFewLabels, train
from services.runtime.generation_log import generation_from, generation_of
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log, LogError
from services.runtime.sqlite_log import SqliteLog

EPILOG = """examples:
  frontdesk train-topics --out topics.npz                             agents' corrections in the embedded log
  frontdesk train-topics --bootstrap 127.0.0.1:9092 --collect labels.tsv --out topics.npz
  frontdesk train-topics --labels labels.tsv --no-log --out topics.npz

Intake uses the model when FRONTDESK_TOPIC_MODEL names its file. Labels are personal data."""


def main(argv: Sequence[str]) -> int:
    """Prints the figures and writes the model; 1 when there are too few labels or they cannot be read."""
    options = _options(argv)
    if not options.out.parent.is_dir():
        return _fail(f"there is no folder {options.out.parent} for --out")
    if not options.no_log and options.bootstrap is None and not options.data.exists():
        if not options.labels:
            return _fail(f"there is no log at {options.data}; --data names another, --labels a file")
        options.no_log = True
    try:
        labels = [] if options.no_log else asyncio.run(_of_log(options))
        if options.collect:
            write_labels(options.collect, labels)
            _tell(f"{len(labels)} labels of the log added to {options.collect}")
            labels = []
        for path in dict.fromkeys([*options.labels, *([options.collect] if options.collect else [])]):
            labels += read_labels(path)
        model, figures = train(labels, _tell)
    except (TooFewLabels, LabelsError, LogError, OSError) as error:
        return _fail(str(error))
    figures.rules = rules_on(labels)
    version = save(model, options.out)
    sys.stdout.write("\n".join(lines(figures)) + f"\nwritten: {options.out}, {version}\n")
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="frontdesk train-topics",
        description="Trains a topic model on the desk's own labels and prints cross-validated figures.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("topics.npz"), help="file of the model")
    parser.add_argument(
        "--data", type=Path, default=default_data(os.environ), help="the embedded log's file (%(default)s)"
    )
    parser.add_argument("--bootstrap", help="Kafka's address; without it the embedded log is read")
    parser.add_argument("--no-log", action="store_true", help="labels of files only")
    parser.add_argument(
        "--labels", type=Path, action="append", default=[], help="TSV with text, topic and perhaps language"
    )
    parser.add_argument(
        "--collect", type=Path, help="add the log's labels to this file and train on all of it"
    )
    parser.add_argument(
        "--confirmed",
        action="store_true",
        help="also topics that an agent who resolved the contact let stand",
    )
    return parser.parse_args(argv)


async def _of_log(options: argparse.Namespace) -> list[Label]:
    async with AsyncExitStack() as stack:
        log: Log = await (
            SqliteLog.open(options.data, reads_only=True)
            if options.bootstrap is None
            else KafkaLog.connect(KafkaAccess.from_env(os.environ, options.bootstrap), reads_only=True)
        )
        stack.push_async_callback(log.close)
        joined = Joined(confirmed=options.confirmed)
        async for fact in facts_of(generation_of(log, generation_from(os.environ))):
            joined.add(fact)
        return joined.labels()


def _tell(text: str) -> None:
    sys.stderr.write(f"train-topics: {text}\n")
    sys.stderr.flush()


def _fail(text: str) -> int:
    sys.stderr.write(f"frontdesk train-topics: {text}\n")
    return 1

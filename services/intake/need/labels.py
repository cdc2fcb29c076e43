"""Labels to train on: agents' corrections, from the facts of a log, and files of the desk's own.

A contact's text stands in ContactArrived, its true topic in ContactResolved, when it was another than intake thought.
Facts expire, so that a desk collects its labels in a file (`--collect`). They are personal data.
"""

from __future__ import annotations

import csv
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from services.contract.codec import decode_fact
from services.contract.facts import ContactArrived, ContactResolved, Fact, MentionSeen
from services.contract.topics import FACTS
from services.intake.need.training import Label
from services.runtime.log import Log, UnknownTopic

CONTACTS_MAX = 500_000
"""Contacts whose text is held until they are resolved; then the oldest is let go."""
TEXT_CHARS_MAX = 4_000
LABELS_MAX = 500_000


class LabelsError(Exception):
    """A file of labels cannot be read; the message says which and why."""


class Joined:
    """Puts together what a contact said and what an agent says it was about. `confirmed` takes the topic that intake
    told as true where the agent who resolved the contact let it stand."""

    def __init__(self, *, confirmed: bool) -> None:
        self._confirmed = confirmed
        self._said: OrderedDict[str, Label] = OrderedDict()
        self._labels: dict[str, Label] = {}

    def add(self, fact: Fact) -> None:
        """Takes one fact, in the order of the log."""
        body = fact.body.contact if isinstance(fact.body, MentionSeen) else fact.body
        if isinstance(body, ContactArrived):
            text = f"{body.subject}\n{body.text}".strip()[:TEXT_CHARS_MAX]
            if text:
                topic = body.topics[0].topic_id if body.topics else ""
                language = body.language.code if body.language else ""
                self._said[body.contact_id] = Label(text, topic, language)
                if len(self._said) > CONTACTS_MAX:
                    self._said.popitem(last=False)
        elif isinstance(body, ContactResolved) and body.contact_id in self._said:
            said = self._said[body.contact_id]
            topic = body.topic_id or (said.topic_id if self._confirmed else "")
            if topic and len(self._labels) < LABELS_MAX:
                self._labels[body.contact_id] = Label(said.text, topic, said.language)

    def labels(self) -> list[Label]:
        """A label for each contact that has one; the newest word counts."""
        return list(self._labels.values())


async def facts_of(log: Log) -> AsyncIterator[Fact]:
    """Every fact that the log holds now, each partition in order; none when the topic was never made."""
    try:
        partitions = await log.partitions(FACTS)
    except UnknownTopic:
        return
    for partition in range(partitions):
        at, end = await log.start_offset(FACTS, partition), await log.end_offset(FACTS, partition)
        if at == end:
            continue
        tail = await log.tail(FACTS, {partition: at})
        try:
            while at < end:
                for record in await tail.read():
                    at = record.offset + 1
                    yield decode_fact(record.value)
        finally:
            await tail.close()


def read_labels(path: Path) -> Iterator[Label]:
    """Labels of a file with tabs between and a line of names: text and topic, language if there is one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not {"text", "topic"} <= set(rows.fieldnames or ()):
                raise LabelsError(f"{path} needs the columns text and topic")
            for row in rows:
                if row["text"] and row["topic"] is not None:
                    yield Label(row["text"][:TEXT_CHARS_MAX], row["topic"], row.get("language") or "")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{path} cannot be read: {type(error).__name__}") from error


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Adds labels to a file that `read_labels` reads; line breaks and tabs become blanks."""
    fresh = not path.exists() or path.stat().st_size == 0
    with path.open("a", encoding="utf-8") as file:
        if fresh:
            file.write("text\ttopic\tlanguage\n")
        for label in labels:
            file.write(f"{' '.join(label.text.split())}\t{label.topic_id}\t{label.language}\n")

"""What a fold sees beside the event: the desk's labels, what stood there before it, the other events of the record.

What the labels are is said by the configuration in force: which queues and topics have names, which channels they
take, and how long a case is watched for repeats.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.contract.decisions import (
    ContactQueued,
    Decision,
    DeskApplied,
    Offered,
    Transferred,
)
from services.contract.desk import Desk
from services.metrics.live import LiveContact, LiveDesk
from services.metrics.measure import CHANNELS, OTHER, QUEUES_PER_DESK_MAX, TOPICS_PER_DESK_MAX

_DAY_MS = 86_400_000
_WINDOW_LABELS = {0: "7d", 1 * _DAY_MS: "1d", 7 * _DAY_MS: "7d", 14 * _DAY_MS: "14d", 30 * _DAY_MS: "30d"}


@dataclass(frozen=True, slots=True)
class DeskView:
    """The labels of one desk. `queues` only grows, up to its bound: a name once used stays a label."""

    desk_id: str = ""
    queues: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    """(channel, queue) of the configuration in force: what gets zeros from the start."""
    window: str = "7d"
    """Label of the repeat window; 0 in a configuration means the documented seven days."""
    topics: tuple[str, ...] = ()
    """Grows only, like `queues`."""

    def applied(self, desk: Desk) -> DeskView:
        """The view once this configuration is in force."""
        new = [queue.queue_id for queue in desk.queues if queue.queue_id not in self.queues]
        queues = (*self.queues, *dict.fromkeys(name for name in new if name))[:QUEUES_PER_DESK_MAX]
        pairs = {
            (channel, queue.queue_id): None
            for queue in desk.queues
            if queue.queue_id in queues
            for channel in CHANNELS[:3]
            if not queue.channels or channel in queue.channels
        }
        window_ms = desk.limits.repeat_window_ms if desk.limits else 0
        named = (*self.topics, *(topic.topic_id for topic in desk.topics if topic.topic_id))
        topics = tuple(dict.fromkeys(named))[:TOPICS_PER_DESK_MAX]
        return DeskView(desk.desk_id, queues, tuple(pairs), _WINDOW_LABELS.get(window_ms, OTHER), topics)

    def queue(self, queue_id: str) -> str:
        """The queue's label: its name if the desk has (or had) it, else "other"."""
        return queue_id if queue_id in self.queues else OTHER

    def topic(self, topic_id: str) -> str:
        """The topic's label: its name if the desk has (or had) it, else "other"."""
        return topic_id if topic_id in self.topics else OTHER


@dataclass(frozen=True, slots=True)
class Scene:
    """One record as its folds see it."""

    desk: DeskView
    record: Decision
    live: LiveDesk = field(default_factory=LiveDesk)
    """What stood at the desk before the event being folded."""
    at_ms: int = 0
    """When the record was decided."""

    def contact(self, contact_id: str) -> LiveContact | None:
        """The open contact as it stood before the event; None for one that is not followed."""
        return self.live.contacts.get(contact_id)

    def place_of(self, contact_id: str) -> tuple[str, str]:
        """Labels of channel and queue where the contact stands; "other" for one that is not followed."""
        contact = self.contact(contact_id)
        return (OTHER, OTHER) if contact is None else (contact.channel, contact.queue or OTHER)

    def queue_of(self, contact_id: str) -> str:
        """Label of the queue that this record puts the contact into or offers it from; "other" when it says none."""
        for event in self.record.events:
            if isinstance(event, ContactQueued | Offered) and event.contact_id == contact_id:
                return self.desk.queue(event.queue_id)
        return OTHER

    def handed_over(self, contact_id: str) -> bool:
        """True when this record's assignment of the contact is a hand-over's acceptance, not an answer from a queue."""
        return any(
            isinstance(event, Transferred) and event.contact_id == contact_id for event in self.record.events
        )


def desk_applied(record: Decision) -> Desk | None:
    """The newest configuration that the record puts in force."""
    for event in reversed(record.events):
        if isinstance(event, DeskApplied) and event.desk is not None:
            return event.desk
    return None

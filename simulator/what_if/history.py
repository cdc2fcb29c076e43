"""What a log tells of each contact: how long its customer waited, the work that it was, what it really needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.contract import decisions as d
from services.contract import facts as f
from simulator.what_if.log import PastLog

HANDLE_MS_DEFAULT = 300_000
"""Where the log has not one finished talk."""
ACCEPT_MS_DEFAULT = 2_000
CONSULT_MS_DEFAULT = 75_000


@dataclass(slots=True)
class Past:
    """One contact as it was."""

    left_after_ms: int | None = None
    """The customer hung up in the queue after so long; None if not."""
    waited_ms: int = 0
    """So long the customer waited without leaving: to the first agent, or to the end of what is known."""
    talks_ms: dict[str, int] = field(default_factory=dict)
    """By agent, from taking it to its end or its hand-over, wrap-up included, consults left out."""
    ended_by: str = ""
    resolved: bool = False
    topic_id: str = ""
    """As it turned out, else as intake read it; empty when neither knows."""
    decision: f.DecisionWanted | None = None
    """What was really granted or asked for."""


@dataclass(frozen=True, slots=True)
class History:
    contacts: dict[str, Past]
    talks_ms: dict[str, tuple[int, ...]]
    """By topic, every talk that came to an end, sorted; under "" those of all topics."""
    accepts_ms: tuple[int, ...]
    """From offers to their acceptance, sorted; never empty."""
    consults_ms: tuple[int, ...]
    """Of consults from joining to the answer, sorted; never empty."""


def history_of(log: PastLog) -> History:
    teller = _Teller()
    for record in log.decisions:
        for event in record.events:
            teller.tell(event, record.decided_at_ms)
    for fact in log.facts:
        teller.learn(fact.body)
    return teller.history(log.until_ms)


class _Teller:
    def __init__(self) -> None:
        self._contacts: dict[str, Past] = {}
        self._arrived: dict[str, int] = {}
        self._answered: set[str] = set()
        self._offered: dict[str, int] = {}
        self._holds: dict[str, tuple[str, int]] = {}
        """By contact: who has it, since when."""
        self._consulting: dict[str, int] = {}
        self._accepts: list[int] = []
        self._consults: list[int] = []

    def tell(self, event: object, at_ms: int) -> None:
        match event:
            case d.ContactOpened():
                past = self._contacts.setdefault(event.contact_id, Past())
                self._arrived[event.contact_id] = event.arrived_at_ms
                if event.need is not None and event.need.topics:
                    past.topic_id = event.need.topics[0].topic_id
            case d.Offered():
                self._offered[event.offer_id] = at_ms
            case d.Assigned():
                if event.offer_id in self._offered:
                    self._accepts.append(at_ms - self._offered.pop(event.offer_id))
                if event.first and event.contact_id in self._contacts:
                    self._contacts[event.contact_id].waited_ms = event.wait_since_arrival_ms
                    self._answered.add(event.contact_id)
                self._lets_go(event.contact_id, at_ms)
                self._holds[event.contact_id] = (event.agent_id, at_ms)
            case d.ConsultStarted():
                self._consulting[event.help_id] = at_ms
            case d.ConsultEnded():
                if event.help_id in self._consulting:
                    length = at_ms - self._consulting.pop(event.help_id)
                    self._consults.append(length)
                    if event.contact_id in self._holds:
                        agent_id, since = self._holds[event.contact_id]
                        self._holds[event.contact_id] = (agent_id, since + length)
            case d.HandoverStarted() | d.CallbackPromised():
                self._lets_go(event.contact_id, at_ms)
            case d.Abandoned():
                past = self._contacts.setdefault(event.contact_id, Past())
                past.left_after_ms = at_ms - self._arrived.get(event.contact_id, at_ms)
            case d.Resolved() | d.Closed():
                self._ends(event.contact_id, at_ms, resolved=isinstance(event, d.Resolved))

    def learn(self, body: object) -> None:
        """What agents said of a contact's topic and need."""
        if not isinstance(body, f.ContactResolved | f.TransferAsked | f.HelpAsked | f.AuthorityUsed):
            return
        past = self._contacts.get(body.contact_id)
        if past is None:
            return
        wanted = (
            body.decision if isinstance(body, f.AuthorityUsed) else getattr(body, "decision_wanted", None)
        )
        if wanted is not None and wanted.decision_type:
            past.decision = wanted
        if isinstance(body, f.ContactResolved | f.TransferAsked) and body.topic_id:
            past.topic_id = body.topic_id

    def history(self, until_ms: int) -> History:
        for contact_id, past in self._contacts.items():
            if contact_id not in self._answered and past.left_after_ms is None:
                past.waited_ms = max(0, until_ms - self._arrived.get(contact_id, until_ms))
        return History(
            self._contacts,
            _by_topic(self._contacts.values()),
            accepts_ms=tuple(sorted(self._accepts)) or (ACCEPT_MS_DEFAULT,),
            consults_ms=tuple(sorted(self._consults)) or (CONSULT_MS_DEFAULT,),
        )

    def _lets_go(self, contact_id: str, at_ms: int) -> str:
        agent_id, since = self._holds.pop(contact_id, ("", at_ms))
        past = self._contacts.get(contact_id)
        if agent_id and past is not None:
            past.talks_ms[agent_id] = past.talks_ms.get(agent_id, 0) + max(0, at_ms - since)
        return agent_id

    def _ends(self, contact_id: str, at_ms: int, *, resolved: bool) -> None:
        agent_id = self._lets_go(contact_id, at_ms)
        past = self._contacts.get(contact_id)
        if agent_id and past is not None:
            past.ended_by, past.resolved = agent_id, resolved


def _by_topic(contacts: Iterable[Past]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for past in contacts:
        if past.ended_by:
            for topic in {past.topic_id, ""}:
                found.setdefault(topic, []).append(past.talks_ms[past.ended_by])
    return {topic: tuple(sorted(talks)) for topic, talks in found.items()}

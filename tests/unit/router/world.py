"""A partition in memory for the router's tests: facts in, records out, time by hand.

Every record passes through the codec, as it would on a real log, and is folded; so a test sees what a reader sees.
"""

from __future__ import annotations

from typing import Any

from services.contract import facts as f
from services.contract.codec import decode_decision, encode_decision
from services.contract.decisions import Decision, Reply
from services.contract.desk import Agent, AuthorityRule, Desk, DeskLimits, Grant, Queue, Skill, Topic
from services.contract.facts import Channel, CustomerRef, DecisionWanted, LanguageGuess, TopicWeight
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis, decide_timer
from services.router.log.fold import fold
from services.router.model import Contact, DeskState, PartitionState
from services.router.timers import TimerIndex

DESK = "acme"
START_MS = 1_775_548_800_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def agent(
    agent_id: str,
    topics: str = "billing delivery refund",
    languages: str = "en",
    refund: int | None = None,
    *,
    unlimited: bool = False,
    capacity: int = 100,
    speed: float = 1.0,
    **skills: float,
) -> Agent:
    """An agent; `refund` is the limit of its grant in EUR."""
    grants = []
    if unlimited:
        grants.append(Grant(decision_type="refund", unlimited=True))
    elif refund is not None:
        grants.append(Grant(decision_type="refund", limit_minor=refund * 100, currency="EUR"))
    return Agent(
        agent_id=agent_id,
        topic_ids=tuple(topics.split()),
        languages=tuple(languages.split()),
        grants=tuple(grants),
        capacity_units=capacity,
        speed_factor=speed,
        skills=tuple(Skill(topic_id=name, resolution=value) for name, value in sorted(skills.items())),
    )


def desk(*agents: Agent, limits: DeskLimits | None = None, desk_id: str = DESK) -> Desk:
    """A desk with three topics; a refund's levels 0-3 end at 0, 50, 150 and 500 EUR (routing.md 1.2)."""
    return Desk(
        desk_id=desk_id,
        version="test",
        topics=(
            Topic(topic_id="billing", resolution_prior=0.8, handle_seconds=200, level_priors=(1.0,)),
            Topic(topic_id="delivery", resolution_prior=0.7, handle_seconds=240, level_priors=(1.0,)),
            Topic(
                topic_id="refund",
                resolution_prior=0.75,
                handle_seconds=300,
                level_priors=(0.4, 0.3, 0.2, 0.1),
                decision_type="refund",
            ),
        ),
        queues=(Queue(queue_id="calls", channels=("phone",)), Queue(queue_id="rest")),
        authority=(
            AuthorityRule(decision_type="refund", currency="EUR", limits_minor=(0, 5_000, 15_000, 50_000)),
        ),
        agents=agents,
        limits=limits,
    )


def refund(amount: int) -> DecisionWanted:
    """A stated refund in EUR."""
    return DecisionWanted(decision_type="refund", amount_minor=amount * 100, currency="EUR", stated=True)


def call(contact_id: str, topic: str = "billing", **changes: Any) -> f.ContactArrived:
    return arrived(contact_id, Channel.PHONE, "voice", topic, **changes)


def email(contact_id: str, topic: str = "billing", **changes: Any) -> f.ContactArrived:
    return arrived(contact_id, Channel.EMAIL, "email", topic, **changes)


def chat(contact_id: str, topic: str = "billing", **changes: Any) -> f.ContactArrived:
    return arrived(contact_id, Channel.SOCIAL, "messenger", topic, **changes)


def arrived(
    contact_id: str,
    channel: Channel,
    medium: str,
    topic: str = "billing",
    *,
    customer: str | None = None,
    tier: str = "",
    thread: str = "",
    language: str = "en",
    wanted: DecisionWanted | None = None,
    topics: tuple[TopicWeight, ...] | None = None,
    **changes: Any,
) -> f.ContactArrived:
    """A contact; its customer is a new one unless named, "" for a withheld identity."""
    key = f"key-{contact_id}" if customer is None else customer
    if topics is None:
        topics = (TopicWeight(topic_id=topic, weight=1.0),) if topic else ()
    return f.ContactArrived(
        contact_id=contact_id,
        channel=channel,
        medium=medium,
        customer=CustomerRef(type="phone", value="+100", name="Marker Person", key=key, tier=tier)
        if key
        else None,
        thread_key=thread,
        language=LanguageGuess(code=language) if language else None,
        topics=topics,
        decision_wanted=wanted,
        text="Marker words",
        subject="Marker subject",
        **changes,
    )


class World:
    """One partition and its clock."""

    def __init__(self, *configured: Desk) -> None:
        self.state = PartitionState.empty()
        self.now_ms = START_MS
        self.offset = -1
        self.records: list[Decision] = []
        self.timers = TimerIndex()
        self._ids = 0
        self.append(
            decide_genesis(
                generation=1,
                partitions=1,
                partition_hash=PARTITION_HASH,
                first_fact_offset=0,
                now_ms=self.now_ms,
                decision_id=self.new_id(),
                owner="test",
            )
        )
        for one in configured:
            self.tell(f.DeskConfigured(desk=one), desk_id=one.desk_id)

    # --- doing -----------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def tell(
        self,
        body: Any,
        *,
        fact_id: str | None = None,
        desk_id: str = DESK,
        received_ms: int = 0,
        occurred_ms: int = 0,
    ) -> Decision:
        """Decides one fact and folds its record."""
        self.offset += 1
        fact = f.Fact(
            fact_id=f"fact-{self.offset}" if fact_id is None else fact_id,
            desk_id=desk_id,
            received_at_ms=received_ms or self.now_ms,
            occurred_at_ms=occurred_ms,
            body=body,
        )
        return self.append(
            decide_fact(
                self.state,
                fact,
                offset=self.offset,
                now_ms=self.now_ms,
                decision_id=self.new_id(),
                owner="test",
            )
        )

    def append(self, record: Decision) -> Decision:
        """Folds a record as read back from a log."""
        record = decode_decision(encode_decision(record))
        folded = fold(self.state, record)
        assert folded.accepted, folded.reason
        self.state = folded.state
        self.records.append(record)
        self.timers.note(self.state, record)
        return record

    def fire(self) -> Decision | None:
        """Fires the timer that is due longest; None when none is due."""
        timer = self.timers.due(self.state, self.now_ms)
        if timer is None:
            return None
        return self.append(
            decide_timer(self.state, timer, now_ms=self.now_ms, decision_id=self.new_id(), owner="test")
        )

    def wait(self, milliseconds: int) -> list[Any]:
        """Lets time pass, firing timers at their own time; answers the events."""
        until_ms = self.now_ms + milliseconds
        events: list[Any] = []
        while (at_ms := self.timers.next_at_ms(self.state)) is not None and at_ms <= until_ms:
            self.now_ms = max(self.now_ms, at_ms)
            record = self.fire()
            assert record is not None
            events += record.events
        self.now_ms = until_ms
        return events

    def sign_in(self, *agent_ids: str) -> None:
        for agent_id in agent_ids:
            self.tell(f.AgentSignedIn(agent_id=agent_id))

    def accept(self, contact_id: str) -> Decision:
        """The offered agent takes the contact."""
        return self.answer(contact_id, f.OfferAnswer.ACCEPT)

    def decline(self, contact_id: str, reason: str = "busy_elsewhere") -> Decision:
        return self.answer(contact_id, f.OfferAnswer.DECLINE, reason)

    def answer(self, contact_id: str, answer: f.OfferAnswer, reason: str = "") -> Decision:
        contact = self.contact(contact_id)
        return self.tell(
            f.OfferAnswered(
                offer_id=contact.offer_id, agent_id=contact.offered_to_id, answer=answer, reason=reason
            )
        )

    def give(self, body: f.ContactArrived) -> Contact:
        """A contact arrives and is taken at once by whoever it is offered to."""
        self.tell(body)
        self.accept(body.contact_id)
        return self.contact(body.contact_id)

    def by_owner(self, body: Any, contact_id: str, **parts: Any) -> Decision:
        """A command of the contact's owner, with the right epoch."""
        contact = self.contact(contact_id)
        return self.tell(body(contact_id=contact_id, agent_id=contact.owner_id, epoch=contact.epoch, **parts))

    def resolve(self, contact_id: str, outcome: f.Outcome = f.Outcome.RESOLVED, **parts: Any) -> Decision:
        return self.by_owner(f.ContactResolved, contact_id, outcome=outcome, **parts)

    # --- looking ---------------------------------------------------------------------------------------------

    @property
    def desk(self) -> DeskState:
        return self.state.desks[DESK]

    def contact(self, contact_id: str) -> Contact:
        return self.desk.contacts[contact_id]


def names(record: Decision | list[Any]) -> list[str]:
    """Kinds of the events, in order."""
    events = record.events if isinstance(record, Decision) else record
    return [type(event).__name__ for event in events]


def only(record: Decision | list[Any], kind: type[Any]) -> Any:
    """The one event of a kind."""
    events = record.events if isinstance(record, Decision) else record
    found = [event for event in events if isinstance(event, kind)]
    assert len(found) == 1, names(record)
    return found[0]


def reply(record: Decision) -> Reply:
    assert record.reply is not None
    return record.reply


def refusal(record: Decision) -> str:
    """The reason of a refusal; the record must hold nothing else."""
    assert names(record) == ["Refused"], names(record)
    assert not reply(record).accepted
    return reply(record).reason

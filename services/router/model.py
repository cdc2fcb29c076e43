"""The router's state, as values: what a partition knows after the records folded so far (routing.md 1).

Nothing here is changed in place; `immutables.Map` makes a copy that differs in one entry cheap, so a state can be
kept, speculated upon and dropped. A Map's iteration order depends on the process, so nothing may depend on it:
what has an order is a tuple, or is sorted by a written key.

    PartitionState -> DeskState -> AgentState, Contact, Case, Offer, Help
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

import immutables

from services.contract import kernels
from services.contract.chain import Chain
from services.contract.decisions import ContactOpened, Need, WaitingReason
from services.contract.desk import Desk, DeskLimits
from services.contract.facts import (
    Channel,
    DecisionWanted,
    ForecastRow,
    HelpKind,
    Outcome,
    Presence,
    PricesSource,
    TransferReason,
)
from services.contract.record import COPIERS, quick_record
from services.router.cases import Case as Case
from services.router.cases import Cases, Customers, Threads
from services.router.crew import Crew
from services.router.groups import Groups
from services.router.identity import Links
from services.router.learned import Learned
from services.router.log.canonical import canonical as canonical
from services.router.log.digests import DIGEST_EVERY_MIN as DIGEST_EVERY_MIN
from services.router.log.digests import Underway
from services.router.log.seen import Seen
from services.router.policy.forecast import Arrivals
from services.router.roster import Roster
from services.router.waiting import NO_TRACE, Front, Lane, Slope, Trace, Work, entries
from services.router.workforce import Workforce

T = TypeVar("T")
Map = immutables.Map
DAY_MS = 86_400_000


class ContactState(IntEnum):
    """Where a contact stands; the numbers are those of router.proto."""

    RECEIVED = 0
    """Between two places, inside one record only."""
    QUEUED = 1
    OFFERED = 2
    ASSIGNED = 3
    CONSULTING = 4
    AWAITING_APPROVAL = 5
    HANDING_OVER = 6
    PROMISED = 7
    WRAPPING = 8
    CLOSED = 9
    AWAITING_CUSTOMER = 10


HELD_STATES = frozenset(
    {
        ContactState.ASSIGNED,
        ContactState.CONSULTING,
        ContactState.AWAITING_APPROVAL,
        ContactState.HANDING_OVER,
        ContactState.WRAPPING,
        ContactState.AWAITING_CUSTOMER,
    }
)
"""States in which an owner's units are reserved for the contact, if `held` says so."""
REFUSED = "refused"
"""Among what a contact's customer was told: that he will not be told anything."""
HOPS_MAX = 2
"""Hops of a contact: one, and one for a wrong topic (routing.md 2.8)."""
HELP_STATES = frozenset({ContactState.CONSULTING, ContactState.AWAITING_APPROVAL})
MAY_HAVE_HELP = HELP_STATES | {ContactState.PROMISED}
"""An approval that nobody could give is looked for until the call-back (routing.md 2.8, rules 3 and 4)."""


def changed(record: T, /, **values: object) -> T:
    """The record with some fields replaced.

    What there is much of (agents, contacts, cases) has slots, a third of the size; the states of a desk and of a
    partition are copied by their dictionaries, for they have many fields of which few change.
    """
    kind = type(record)
    if not kind.__dictoffset__:
        copied: T = COPIERS[kind](record, values)
        return copied
    copy: T = object.__new__(kind)
    cells = record.__dict__.copy()
    for name in values:
        cells[name] = values[name]
    object.__setattr__(copy, "__dict__", cells)
    return copy


changed_by_python = changed
if kernels.COMPILED:
    changed = kernels.records.changing(changed_by_python)


@quick_record
@dataclass(frozen=True, slots=True)
class AgentState:
    """One agent at work. `used_units` is the sum over contacts held, offers open and consults joined.

    Capacity (routing.md 1.2): what is not interruptible fits together, and so does what is no call; a call may come
    on top of interruptible work, which stands still meanwhile. So the units in use never exceed the capacity.
    """

    agent_id: str
    presence: Presence = Presence.OFFLINE
    used_units: int = 0
    idle_since_ms: int = 0
    """Since when nothing is held; it counts while used_units is 0."""
    missed_offers: int = 0
    """Offers left unanswered in a row; coming and going does not undo them."""
    deadline_at_ms: int = 0
    """When an agent who is not ready is asked; 0 for all others."""
    contact_ids: tuple[str, ...] = ()
    """Contacts that it owns and whose units it holds."""
    offer_ids: tuple[str, ...] = ()
    help_ids: tuple[str, ...] = ()
    """Consults that it joined as the adviser."""
    shift_ends_at_ms: int = 0
    """0 when not known."""
    kept_ids: tuple[str, ...] = ()
    """Contacts of its own that are due and that nobody else may have: next for it, oldest first."""
    soft_units: int = 0
    """Those of the used units that a call may interrupt: of e-mail."""


@quick_record
@dataclass(frozen=True, slots=True)
class Offer:
    """One attempt to give one contact to one agent; it expires by its contact's deadline."""

    offer_id: str
    contact_id: str
    agent_id: str
    units: int
    expires_at_ms: int


@quick_record
@dataclass(frozen=True, slots=True)
class Help:
    """A request for advice or approval; it expires by its contact's deadline."""

    help_id: str
    contact_id: str
    owner_id: str
    kind: HelpKind
    level: int
    topic_id: str
    decision_wanted: DecisionWanted | None
    adviser_id: str = ""
    units: int = 0
    left_ids: tuple[str, ...] = ()
    """Advisers who left it unanswered, in order; not asked again."""
    ahead: bool = False
    """At the head of the line: its contact has no hop left (routing.md 2.8, rule 3)."""


@quick_record
@dataclass(frozen=True, slots=True)
class Handover:
    """A hop that was decided and not accepted yet."""

    reason: TransferReason
    deadline_at_ms: int
    units_freed: bool = False
    """The owner has his units back and may have got other work; always so but in logs of the first version."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision that somebody whose grants cover it has approved; used up by one AuthorityUsed."""

    decision: DecisionWanted
    approver_id: str


@quick_record
@dataclass(frozen=True, slots=True)
class Awaited:
    """The customer was asked something; the clock stands still until he answers."""

    since_ms: int
    units: int
    """That the contact takes of its owner meanwhile."""
    late: bool = False
    """He is silent for so long that less is kept for him, or that he was reminded."""
    held: bool = True
    """False once the owner has gone: he is the owner still, and keeps nothing."""


@quick_record
@dataclass(frozen=True, slots=True)
class Contact:
    """One arrival on one channel; `opened` never changes, the rest is where it stands."""

    opened: ContactOpened
    state: ContactState
    need: Need
    deadline_at_ms: int
    """Its one timer: of the offer, the lease, the help, the promise, the retention ..."""
    queued_at_ms: int
    """When this queue entry began; an offer that fails keeps it."""
    waited_before_ms: int = 0
    """In earlier queue entries, up to each assignment."""
    queue_id: str = ""
    first_queue_id: str = ""
    waiting_reason: WaitingReason = WaitingReason.UNSPECIFIED
    lane: Work | None = None
    """The lane it waits in; None unless queued."""
    ahead: bool = False
    owner_id: str = ""
    last_owner_id: str = ""
    """Who had it before it was queued again; may have it back."""
    owner_kept: bool = False
    """He was at work when it was queued, so that somebody else takes it from him by a hop."""
    epoch: int = 0
    offer_id: str = ""
    offered_to_id: str = ""
    help_id: str = ""
    handover: Handover | None = None
    prior_agent_ids: tuple[str, ...] = ()
    """Agents who had it and passed it on, in order; it never returns to them."""
    decliner_ids: tuple[str, ...] = ()
    hops: int = 0
    topic_hops: int = 0
    """Those of the hops that were for a wrong topic."""
    escalated: bool = False
    consults: int = 0
    approvals: tuple[Approval, ...] = ()
    refused: tuple[DecisionWanted, ...] = ()
    """Decisions that an approver refused; asked again only under other terms."""
    answered: tuple[str, ...] = ()
    """Kinds of answer that went out."""
    missed: tuple[str, ...] = ()
    """Promises of time that were missed: "target", "due"."""
    told: tuple[str, ...] = ()
    """Kinds of message that were due to its customer, each once; `REFUSED` when he refuses any."""
    promised_at_ms: int = 0
    """By when the customer is called back; 0 when nothing is promised."""
    released: bool = False
    """A call-back was promised, so the end of the first call ends nothing."""
    assigned_at_ms: int = 0
    """When its owner got it."""
    advised: bool = False
    """An expert has helped its owner, whose own result that ends."""
    level_used: int = 0
    """Highest level of authority that was used or asked for."""
    outcome: Outcome = Outcome.UNSPECIFIED
    fact_offset: int = 0
    """Offset of the fact with its newest words."""
    first_said_at_ms: int = 0
    """When its oldest words were said, by the source's clock: an own answer after that answers it."""
    last_said_at_ms: int = 0
    """When its newest words were said."""
    awaited: Awaited | None = None
    """What it waits for while it is AWAITING_CUSTOMER."""

    @property
    def contact_id(self) -> str:
        return self.opened.contact_id

    @property
    def case_id(self) -> str:
        return self.opened.case_id

    @property
    def channel(self) -> Channel:
        return self.opened.channel

    @property
    def medium(self) -> str:
        return self.opened.medium

    @property
    def language(self) -> str:
        return self.opened.language

    @property
    def complaint(self) -> bool:
        return self.opened.complaint

    @property
    def repeat(self) -> bool:
        return self.opened.repeat

    @property
    def tier(self) -> str:
        return self.opened.tier

    @property
    def units(self) -> int:
        return self.opened.units

    @property
    def arrived_at_ms(self) -> int:
        return self.opened.arrived_at_ms

    @property
    def held(self) -> bool:
        """True while its owner's units are reserved for it; not in a hand-over that freed them."""
        if self.state not in HELD_STATES or (self.handover is not None and self.handover.units_freed):
            return False
        return self.awaited is None or self.awaited.held

    @property
    def held_units(self) -> int:
        """Units that it takes of its owner while it is held."""
        return self.units if self.awaited is None else self.awaited.units


@dataclass(frozen=True, slots=True)
class KeptMention:
    """A mention that no rule made a contact."""

    contact_id: str
    """That it would be."""
    kind: str
    channel: Channel
    thread_key: str
    said_at_ms: int
    answered: bool = False
    """A person of ours answered it."""


@dataclass(frozen=True, slots=True)
class EarlyAnswer:
    """An own answer that came before the message that it answers."""

    kind: str
    sent_at_ms: int
    """By the source's clock."""


@dataclass(frozen=True)
class PricesInForce:
    """The newest tariff; epoch 0 before the first: every agent's time is free."""

    epoch: int = 0
    of_group: tuple[tuple[str, float], ...] = ()
    """(group, price in cs per agent-second), sorted; what is not named is free."""
    source: PricesSource = PricesSource.UNSPECIFIED
    computed_at_ms: int = 0
    applied_at_ms: int = 0


@dataclass(frozen=True)
class DeskState:
    """A desk as folded. Fields marked derived follow from the others and are no part of the digest."""

    desk: Desk
    limits: DeskLimits
    """The desk's limits with the defaults filled in."""
    agents: Workforce = field(default_factory=Workforce)
    contacts: Map[str, Contact] = field(default_factory=Map)
    cases: Cases = field(default_factory=Cases)
    offers: Map[str, Offer] = field(default_factory=Map)
    helps: Map[str, Help] = field(default_factory=Map)
    pending_help_ids: tuple[str, ...] = ()
    """Requests that nobody joined yet, oldest first."""
    handover_ids: tuple[str, ...] = ()
    """Contacts being handed over, oldest first."""
    waiting: Map[Work, Lane] = field(default_factory=Map)
    fronts: Map[Slope, Front] = field(default_factory=Map)
    """The heads of the lanes, by how their waiting grows dear."""
    live_waiting: Map[tuple[str, str], int] = field(default_factory=Map, metadata={"derived": True})
    """How many contacts wait that are not deferrable, by likeliest topic and language."""
    trace: Trace = field(default=NO_TRACE, metadata={"derived": True})
    """Which lanes changed lately."""
    waiting_count: int = field(default=0, metadata={"derived": True})
    """Contacts that wait."""
    waiting_late: int = field(default=0, metadata={"derived": True})
    """Those of them that missed their target."""
    overload_since_ms: int = 0
    """Since when the desk has more work than time; 0 while it has not (routing.md 2.9)."""
    live_at_ms: int = 0
    """When the last contact was opened that is not deferrable; without any, nothing is kept in reserve."""
    threads: Threads = field(default_factory=Threads)
    """Keyed hash of a conversation to the case it belongs to."""
    customers: Customers = field(default_factory=Customers)
    """Keyed hash of a customer to his newest cases, oldest first."""
    ended_early_ids: tuple[str, ...] = ()
    """Calls that ended before they arrived, oldest first; bounded."""
    kept_mentions: tuple[KeptMention, ...] = ()
    """Mentions that no rule made a contact, oldest first; bounded. One that is edited is known by it."""
    early_answers: Map[str, tuple[EarlyAnswer, ...]] = field(default_factory=Map)
    """Own answers whose message is not here, by the keyed hash of the conversation; in the order they came."""
    early_threads: tuple[str, ...] = ()
    """Conversations of these, the one unheard of for longest first; bounded."""
    links: Links = field(default_factory=Links)
    """Which customers are one."""
    learned: Learned = field(default_factory=Learned)
    """What results have taught of people, topics and needs."""
    arrivals: Arrivals = field(default_factory=Arrivals)
    """What came, as far as the forecast needs it."""
    forecast: tuple[ForecastRow, ...] = ()
    """What others say will come."""
    prices: PricesInForce = field(default_factory=PricesInForce)
    groups: Groups = field(default_factory=lambda: Groups(Roster(Desk())), metadata={"derived": True})
    """Agents who are alike to the price program."""
    crew: Crew = field(default_factory=Crew, metadata={"derived": True})
    """Who is signed in, and what each may take."""

    def waiting_contacts(self) -> Iterator[Contact]:
        """Contacts that wait, in no particular order."""
        for lane in self.waiting.values():
            for entry in entries(lane):
                yield self.contacts[entry[-1]]


@dataclass(frozen=True)
class PartitionState:
    """Everything that the accepted records of one partition say."""

    head: int = 0
    last_fact: int = -1
    count: int = 0
    """Accepted records."""
    decided_at_ms: int = 0
    closed: bool = False
    generation: int = 0
    partitions: int = 0
    partition_hash: str = ""
    desks: Map[str, DeskState] = field(default_factory=Map)
    seen: Seen = field(default_factory=Seen)
    """Facts that were decided."""
    next_digest_at: int = DIGEST_EVERY_MIN
    """The record at this count carries a digest."""
    digesting: Underway | None = field(default=None, compare=False, repr=False, metadata={"derived": True})
    """The digest that it carries, of the state before the digest record before it; None where that is not known."""

    @classmethod
    def empty(cls) -> PartitionState:
        """Before the genesis record."""
        return cls()

    @property
    def chain(self) -> Chain:
        """What the accept rule needs."""
        return Chain(self.head, self.last_fact, self.closed, self.count > 0)

    def was_seen(self, fact_id: str) -> bool:
        """True for a fact that was decided within the bounds of memory; an empty id is never seen."""
        return fact_id in self.seen

    def objects(self) -> int:
        """Size of the state, for spacing digests so that their cost stays even."""
        return sum(len(desk.contacts) + len(desk.cases) + len(desk.agents) for desk in self.desks.values())

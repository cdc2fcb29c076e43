"""What must hold after every record (design.md, rules 1 to 6; engine.md 1.9; routing.md 1), checked from scratch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.contract import decisions as d
from services.contract.facts import HelpKind, Presence
from services.router.evolve.work import kind_of, waiting_key
from services.router.log.fold import fold
from services.router.model import (
    HELD_STATES,
    HELP_STATES,
    HOPS_MAX,
    MAY_HAVE_HELP,
    AgentState,
    Contact,
    ContactState,
    DeskState,
    PartitionState,
    canonical,
)
from services.router.timers import TimerIndex, timers_of
from services.router.waiting import CHUNK_MAX, Kind, entries
from services.router.workforce import AWAY, Workforce


def check_state(state: PartitionState) -> None:
    """Every object is in exactly one place, with a timer, and no agent holds more than it can."""
    for desk in state.desks.values():
        for contact in desk.contacts.values():
            _check_contact(desk, contact)
        _check_agents(desk)
        _check_kept(desk)
        _check_waiting(desk)
        _check_indexes(desk)


def check_timers(state: PartitionState, timers: TimerIndex) -> None:
    """The index knows the very next deadline, and one timer per object that is not final."""
    every = [timer for desk_id, desk in state.desks.items() for timer in timers_of(desk_id, desk)]
    assert len({timer.timer_id for timer in every}) == len(every)
    assert timers.next_at_ms(state) == min((timer.deadline_at_ms for timer in every), default=None)


def check_history(records: Sequence[d.Decision]) -> None:
    """Over the whole log: one owner at a time, rising epochs, nobody gets back what he had."""
    owner: dict[str, str] = {}
    epoch: Counter[str] = Counter()
    hops: Counter[str] = Counter()
    had: dict[str, list[str]] = {}
    named: dict[str, str] = {}
    lost: Counter[str] = Counter()
    chain = Chain()
    for record in records:
        for event in record.events:
            chain.note(event)
            match event:
                case d.ContactOpened():
                    assert event.contact_id not in had or event.contact_id not in owner
                    named[event.contact_id] = event.preferred_agent_id
                    had[event.contact_id] = []
                    epoch[event.contact_id] = hops[event.contact_id] = lost[event.contact_id] = 0
                case d.Transferred():
                    hops[event.contact_id] += 1
                    assert hops[event.contact_id] == event.hop <= HOPS_MAX
                    assert owner.pop(event.contact_id) == event.from_agent_id
                case d.Assigned():
                    assert event.contact_id not in owner, "assigned twice"
                    epoch[event.contact_id] += 1
                    assert event.epoch == epoch[event.contact_id]
                    before = had[event.contact_id]
                    wanted = (named[event.contact_id], before[-1] if before else "")
                    assert event.agent_id not in before or event.agent_id in wanted, "came back"
                    owner[event.contact_id] = event.agent_id
                    if event.hop:
                        hops[event.contact_id] += 1
                        assert hops[event.contact_id] == event.hop <= HOPS_MAX
                    if before and event.agent_id != before[-1] and not chain.told(event):
                        assert not chain.is_kept(event.contact_id, before[-1]), "taken from its owner"
                        lost[event.contact_id] += 1
                    before.append(event.agent_id)
                    assert len(set(before)) <= 1 + hops[event.contact_id] + lost[event.contact_id]
                case d.ContactQueued() | d.CallbackPromised():
                    owner.pop(event.contact_id, None)
                case d.Resolved() | d.Closed() | d.Abandoned():
                    owner.pop(event.contact_id, None)


class Chain:
    """Which contacts that wait have an owner still who could have them back, as the log tells it."""

    def __init__(self) -> None:
        self._kept: set[str] = set()
        self._refused: set[tuple[str, str]] = set()
        self._away: dict[str, bool] = {}
        self._handed: set[str] = set()

    def note(self, event: d.Event) -> None:
        match event:
            case d.AgentPresenceChanged():
                self._away[event.agent_id] = event.presence is Presence.OFFLINE
            case d.ContactQueued(owner_kept=True):
                self._kept.add(event.contact_id)
            case d.OfferEnded() if (
                event.result is not d.OfferResult.RESCINDED or event.reason == "agent_gone"
            ):
                self._refused.add((event.contact_id, event.agent_id))
            case d.Transferred():
                self._handed.add(event.contact_id)
            case d.CustomerReturned() | d.CallbackPromised() | d.Forgotten():
                self._kept.discard(event.contact_id)
            case _:
                pass

    def told(self, event: d.Assigned) -> bool:
        """True for an assignment that is a hop, by its own word or by the transfer before it."""
        handed = event.contact_id in self._handed
        self._handed.discard(event.contact_id)
        return handed or bool(event.hop)

    def is_kept(self, contact_id: str, owner_id: str) -> bool:
        """True when the one who had it is at work, has not refused it, and it was queued for him first."""
        kept = contact_id in self._kept
        self._kept.discard(contact_id)
        return kept and not self._away.get(owner_id, True) and (contact_id, owner_id) not in self._refused


def check_time(records: Sequence[d.Decision]) -> None:
    """decided_at never falls."""
    times = [record.decided_at_ms for record in records]
    assert times == sorted(times)


def check_replay(records: Sequence[d.Decision], live: PartitionState) -> None:
    """A replay of the log gives the live state, byte for byte."""
    state = PartitionState.empty()
    for record in records:
        folded = fold(state, record)
        assert folded.accepted, folded.reason
        state = folded.state
    assert canonical(state) == canonical(live)


def _check_contact(desk: DeskState, contact: Contact) -> None:
    name, state = contact.contact_id, contact.state
    assert state is not ContactState.RECEIVED, f"{name} is nowhere"
    assert contact.deadline_at_ms > 0, f"{name} has no timer"
    assert contact.hops <= HOPS_MAX and contact.topic_hops <= 1
    assert len(set(contact.prior_agent_ids)) == len(contact.prior_agent_ids)
    lanes = sum(entry[2] == name for lane in desk.waiting.values() for entry in entries(lane))
    assert lanes == (state is ContactState.QUEUED), f"{name} stands in {lanes} lanes"
    holders = [a.agent_id for a in desk.agents.values() if name in a.contact_ids]
    handed = contact.handover is not None and contact.handover.units_freed
    left = contact.awaited is not None and not contact.awaited.held
    assert holders == ([contact.owner_id] if state in HELD_STATES and not handed and not left else []), (
        f"{name}: {holders}"
    )
    assert (contact.awaited is not None) == (state is ContactState.AWAITING_CUSTOMER)
    if contact.awaited is not None and kind_of(contact.channel, contact.medium) is Kind.MESSAGE:
        assert bool(contact.awaited.units) == contact.awaited.held, f"nothing is kept for {name}"
    has_owner = state in HELD_STATES or state is ContactState.PROMISED
    assert bool(contact.owner_id) == has_owner
    may_be_offered = state is ContactState.OFFERED or state is ContactState.HANDING_OVER
    assert may_be_offered if contact.offer_id else state is not ContactState.OFFERED
    assert not contact.help_id or state in MAY_HAVE_HELP
    assert contact.help_id or state not in HELP_STATES
    if contact.help_id and state is ContactState.PROMISED:
        assert desk.helps[contact.help_id].kind is HelpKind.APPROVAL
        assert name not in desk.agents[contact.owner_id].kept_ids if contact.owner_id in desk.agents else True
    assert (name in desk.handover_ids) == (state is ContactState.HANDING_OVER) == bool(contact.handover)
    is_open = state is not ContactState.CLOSED
    case = desk.cases.get(contact.case_id)
    assert not is_open or (case is not None and case.open_contact_ids.count(name) == 1)


def _check_kept(desk: DeskState) -> None:
    """What is next for an agent is promised and his; nobody has it twice."""
    for agent in desk.agents.values():
        assert len(set(agent.kept_ids)) == len(agent.kept_ids)
        for contact_id in agent.kept_ids:
            contact = desk.contacts[contact_id]
            assert (contact.state, contact.owner_id) == (ContactState.PROMISED, agent.agent_id)


def _check_agents(desk: DeskState) -> None:
    available = []
    for agent_id in sorted(desk.agents):
        agent = desk.agents[agent_id]
        contacts = [desk.contacts[contact_id] for contact_id in agent.contact_ids]
        offers = [desk.offers[offer_id] for offer_id in agent.offer_ids]
        helps = [desk.helps[help_id] for help_id in agent.help_ids]
        assert all(offer.agent_id == agent_id for offer in offers)
        assert all(request.adviser_id == agent_id for request in helps)
        taken = [(one.held_units, kind_of(one.channel, one.medium)) for one in contacts]
        offered = [(one.units, desk.contacts[one.contact_id]) for one in offers]
        taken += [(units, kind_of(one.channel, one.medium)) for units, one in offered]
        held = sum(units for units, _ in taken) + sum(one.units for one in helps)
        calls = sum(units for units, kind in taken if kind is Kind.CALL)
        soft = sum(units for units, kind in taken if kind is Kind.EMAIL)
        assert (agent.used_units, agent.soft_units) == (held, soft), f"{agent_id}: {held}, {soft}"
        capacity = desk.crew.roster.agents[agent_id].capacity_units
        assert held - soft <= capacity, f"{agent_id} is over capacity while a call stops its e-mail"
        assert held - calls <= capacity, f"{agent_id} is over capacity once its calls are over"
        _check_columns(desk, agent)
        if agent.presence is Presence.OFFLINE:
            assert held == 0, f"{agent_id} is gone and holds something"
        if agent.presence is Presence.AVAILABLE:
            available.append(agent_id)
    assert desk.crew.available == tuple(available)


def _check_columns(desk: DeskState, agent: AgentState) -> None:
    """The columns say what the map says."""
    at, away = desk.agents.seats.index[agent.agent_id], agent.presence is not Presence.AVAILABLE
    assert desk.crew.roster.agent_ids[at] == agent.agent_id
    assert desk.agents.units[at] == agent.used_units + away * AWAY
    assert desk.agents.firm[at] == agent.used_units - agent.soft_units + away * AWAY
    assert desk.agents.idle_since[at] == agent.idle_since_ms
    there = [one for one in desk.agents.values() if one.presence is Presence.AVAILABLE and not one.used_units]
    assert desk.agents.idle == len(there)
    fresh = Workforce.of(desk.agents.seats, dict(desk.agents.items()))
    assert (fresh.idle_counts == desk.agents.idle_counts).all()


def _check_waiting(desk: DeskState) -> None:
    counts = Counter(
        waiting_key(c) for c in desk.waiting_contacts() if c.lane and not c.lane.slope.deferrable
    )
    assert dict(desk.live_waiting.items()) == counts
    waits = [one for one in desk.contacts.values() if one.state is ContactState.QUEUED]
    assert desk.waiting_count == len(waits)
    assert desk.waiting_late == sum("target" in one.missed for one in waits)


def _check_indexes(desk: DeskState) -> None:
    for offer in desk.offers.values():
        contact = desk.contacts[offer.contact_id]
        assert (contact.offer_id, contact.offered_to_id) == (offer.offer_id, offer.agent_id)
        assert offer.offer_id in desk.agents[offer.agent_id].offer_ids
    for request in desk.helps.values():
        assert desk.contacts[request.contact_id].help_id == request.help_id
        assert (request.help_id in desk.pending_help_ids) == (not request.adviser_id)
    for work, lane in desk.waiting.items():
        assert lane and all(0 < len(chunk) <= CHUNK_MAX for chunk in lane)
        assert list(entries(lane)) == sorted(entries(lane))
        assert all(desk.contacts[entry[2]].lane == work for entry in entries(lane))
    heads = sorted((*lane[0][0], work) for work, lane in desk.waiting.items())
    assert heads == sorted(head for front in desk.fronts.values() for head in front)
    assert all(list(front) == sorted(front) for front in desk.fronts.values())
    assert all(head[3].slope == slope for slope, front in desk.fronts.items() for head in front)
    for case in desk.cases.values():
        assert bool(case.open_contact_ids) == (case.deadline_at_ms == 0), f"{case.case_id} has no timer"
    assert all(case_id in desk.cases for ids in desk.customers.values() for case_id in ids)
    assert all(case_id in desk.cases for case_id in desk.threads.values())

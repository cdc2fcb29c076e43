"""Who may receive a hand-over: never somebody who had it, and only with strictly more to give (routing.md 2.8).

Every hop strictly raises the authority, or the expected resolution over what the owner could still reach: his own q, of
which a stuck owner keeps what advice settles (docs/decisions/0073). So q alone may fall at the hop of who is stuck. There
are no cycles, for those who had it are left out; and at most two hops, one of them not for a wrong topic.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.contract.decisions import Need
from services.contract.facts import Presence, TopicWeight, TransferReason
from services.router.advisers import advisers, agent_at, believed, believed_at, price_of, prices_at
from services.router.crew import Crew
from services.router.eligibility import AVAILABLE, Index, Mask
from services.router.evolve.work import kind_of, work_of
from services.router.model import HOPS_MAX, Contact, ContactState, DeskState, Help
from services.router.need import certificates, weights
from services.router.policy import chain
from services.router.policy.cost import Floats
from services.router.score import customer_weight
from services.router.waiting import Fit, Work

DIGITS = 6
NOBODY: Index = np.zeros(0, np.int64)
_BY_AUTHORITY = (TransferReason.LACKS_AUTHORITY, TransferReason.CUSTOMER_WANTS_MANAGER)


def is_escalation(reason: TransferReason) -> bool:
    """True when the hop goes to higher authority."""
    return reason in _BY_AUTHORITY


def hop_left(contact: Contact, reason: TransferReason) -> bool:
    """True while the contact may hop for this reason."""
    if contact.hops >= HOPS_MAX:
        return False
    if reason is TransferReason.WRONG_TOPIC:
        return contact.topic_hops == 0
    return contact.hops - contact.topic_hops == 0


def takes_from_owner(desk: DeskState, contact: Contact, agent_id: str) -> bool:
    """True when the agent who accepts it from the queue takes it from an owner who is at work: that is a hop too.

    Not from one who was lost, has gone since, or would not have it back.
    """
    owner_id = contact.last_owner_id
    if not contact.owner_kept or not owner_id or owner_id == agent_id:
        return False
    return at_work(desk, owner_id) and owner_id not in contact.decliner_ids


def is_kept(desk: DeskState, contact: Contact) -> bool:
    """True for a contact that its owner has not lost: whoever else takes it must have more to give (`raisers`)."""
    owner_id = contact.last_owner_id
    if not contact.owner_kept or not owner_id or owner_id in contact.decliner_ids:
        return False
    owner = desk.agents.get(owner_id)
    return owner is not None and owner.presence is Presence.AVAILABLE


def raisers(desk: DeskState, contact: Contact, at: Index, owner_id: str = "") -> Mask:
    """Who of these places in the roster may take it from the queue though its owner is at work.

    The owner himself, and who has more authority where the contact needs some, or a strictly higher expected
    resolution (design.md, rule 3): a call-back or an answer that finds its owner busy is no reason for a hop that
    gains nothing. An owner on a break resolves nothing meanwhile, so that anybody raises; see `is_kept`.
    """
    owner_id = owner_id or contact.last_owner_id
    roster, need = desk.crew.roster, contact.need
    owner = roster.seats.index[owner_id]
    found: Mask = expected_at(desk, need, at) > expected(desk, need, owner_id)
    if need.decision_type or need.least_level > 0:
        levels = roster.level_column(need.decision_type, need.currency)
        found |= levels[at] > levels[owner]
    found |= at == owner
    return found


def raises(desk: DeskState, contact: Contact, agent_id: str) -> bool:
    """As `raisers`, of one agent."""
    return bool(raisers(desk, contact, np.array([desk.crew.roster.seats.index[agent_id]]))[0])


def anybody_raises(desk: DeskState, contact: Contact) -> bool:
    """True when a colleague, free or busy, could take it from its available owner by a hop that gains something."""
    owner = desk.agents.get(contact.owner_id)
    if owner is None or owner.presence is not Presence.AVAILABLE:
        return True
    crew = desk.crew
    at = crew.pool(work_of(contact, crew.settings)).at
    others = at[at != crew.roster.seats.index[contact.owner_id]]
    return bool(raisers(desk, contact, others, contact.owner_id).any())


def at_work(desk: DeskState, agent_id: str) -> bool:
    """True for an agent of the desk who is signed in, if on a break."""
    agent = desk.agents.get(agent_id)
    return agent is not None and agent.presence is not Presence.OFFLINE


def receivers(desk: DeskState, contact: Contact, reason: TransferReason | None = None) -> Index:
    """Places in the roster of the available agents, free or busy, who may receive the contact from its owner; rising.

    The reason is the running hand-over's where none is given. Rights count only where the contact needs some.
    """
    return _Receivers(desk, contact, reason).all()


def may_receive(desk: DeskState, contact: Contact, agent_id: str) -> bool:
    """True for one of the `receivers` of a running hand-over; costs nothing of the desk's size."""
    test = _Receivers(desk, contact, None)
    return test.has(agent_id) and test.rises(agent_id)


class _Receivers:
    """The rule of a hop for one contact: authority >= max(own, need), and q higher than what is left to the owner.

    By the desk's hop_gain where the owner is stuck (`left_to_owner`). A wrong topic takes any rise over his q, for its owner
    is the wrong one for certain; with more authority the coverage of the level rises already.
    """

    def __init__(self, desk: DeskState, contact: Contact, reason: TransferReason | None) -> None:
        if reason is None:
            reason = contact.handover.reason if contact.handover is not None else TransferReason.UNSPECIFIED
        self.desk, self.need, self.escalation = desk, contact.need, is_escalation(reason)
        roster, need = desk.crew.roster, contact.need
        levels = roster.levels(need.decision_type, need.currency)
        in_play = bool(need.decision_type) or need.least_level > 0
        self.levels = levels
        self.own = levels.get(contact.owner_id, 0) if in_play else 0
        self.left_out = {contact.owner_id, *contact.prior_agent_ids, *contact.decliner_ids}
        fit = Fit(
            contact.language,
            () if self.escalation else certificates(need, desk.crew.settings.topic_weight_min),
            need.decision_type,
            need.currency,
            max(self.own, need.least_level),
            contact.units,
        )
        pool = desk.crew.pool(Work(kind_of(contact.channel, contact.medium), fit, 1.0, urgent=False))
        self.pool = None if pool.relaxations else pool
        gain = 0.0 if reason is TransferReason.WRONG_TOPIC else desk.crew.settings.hop_gain
        self.least_q = round(left_to_owner(desk, contact, reason) + gain, DIGITS)
        self.strictly = gain <= 0.0

    def has(self, agent_id: str) -> bool:
        """Available, and right for the work; all but the rise."""
        crew = self.desk.crew
        at = crew.roster.seats.index.get(agent_id, -1)
        return (
            self.pool is not None and at >= 0 and crew.presences[at] == AVAILABLE and self.pool.there.has(at)
        )

    def all(self) -> Index:
        """Everybody whom `has` and `rises` let pass."""
        if self.pool is None:
            return NOBODY
        at = self.pool.at
        q = expected_at(self.desk, self.need, at)
        passes: Mask = q > self.least_q if self.strictly else q >= self.least_q
        roster = self.desk.crew.roster
        if self.escalation:
            levels = roster.level_column(self.need.decision_type, self.need.currency)[at]
            passes |= levels > self.own
        for agent_id in self.left_out:
            passes &= at != roster.seats.index.get(agent_id, -1)
        found: Index = at[passes]
        return found

    def rises(self, agent_id: str) -> bool:
        if agent_id in self.left_out:
            return False
        if self.escalation and self.levels[agent_id] > self.own:
            return True
        q = expected(self.desk, self.need, agent_id)
        return q > self.least_q if self.strictly else q >= self.least_q


def left_to_owner(desk: DeskState, contact: Contact, reason: TransferReason) -> float:
    """Expected resolution while the owner who asks keeps it (docs/decisions/0073): his q, unless he is stuck.

    Then he settles nothing alone: advised_share of his q, as if his adviser were as good as he; 0 once advice was in vain.
    """
    own = expected(desk, contact.need, contact.owner_id)
    if reason is not TransferReason.STUCK:
        return own
    return 0.0 if contact.advised else round(desk.crew.settings.advised_share * own, DIGITS)


def expected(desk: DeskState, need: Need, agent_id: str) -> float:
    """q of routing.md 2.2: the chance that the agent resolves it, with an approver's help where a right is missing.

    0 for who is no longer of the desk.
    """
    crew = desk.crew
    if agent_id not in crew.roster.agents:
        return 0.0
    reached = crew.roster.levels(need.decision_type, need.currency)[agent_id]
    covers = sum(part.weight for part in need.levels if part.level <= reached) if need.levels else 1.0
    skill = sum(weight * believed(crew, agent_id, topic) for topic, weight in weights(crew.roster, need))
    return round(skill * (covers + (1.0 - covers) * crew.beliefs.approver_free), DIGITS)


def expected_at(desk: DeskState, need: Need, at: Index) -> Floats:
    """q of many agents of the desk, by their places in the roster."""
    crew = desk.crew
    covers: float | Floats = 1.0
    if need.levels:
        levels = crew.roster.level_column(need.decision_type, need.currency)[at]
        by_level = [
            sum([part.weight for part in need.levels if part.level <= level])
            for level in range(crew.roster.levels_max + 1)
        ]
        covers = np.array(by_level, dtype=np.float64)[levels]
    skill: float | Floats = 0.0
    for topic, weight in weights(crew.roster, need):
        skill = skill + weight * believed_at(crew, at, topic)
    found: Floats = np.round(skill * (covers + (1.0 - covers) * crew.beliefs.approver_free), DIGITS)
    return found


def after_failure(crew: Crew, need: Need, agent_id: str) -> Need:
    """The topics once the agent could not resolve it: each as likely as before times its chance to fail there.

    A failure updates the type (Shah, Gulikers, Massoulie & Vojnovic 2020); one certain topic stays certain.
    """
    if len(need.topics) < 2:
        return need
    left = [(t.topic_id, t.weight * (1.0 - believed(crew, agent_id, t.topic_id))) for t in need.topics]
    total = sum(weight for _, weight in left)
    if total <= 0.0:
        return need
    ranked = sorted(left, key=lambda part: (-part[1], part[0]))
    topics = [TopicWeight(topic_id=name, weight=round(weight / total, DIGITS)) for name, weight in ranked]
    return replace(need, topics=tuple([topic for topic in topics if topic.weight > 0.0]))


def hop_pays(desk: DeskState, contact: Contact, reason: TransferReason, request: Help, found: Index) -> bool:
    """True when passing it on costs less than waiting for help (2.8, rule 2): to the best receiver who is free, else to
    whichever frees first, for nobody chooses then; and who frees answers requests for help before he takes a hand-over.

    `contact` has the need as the ask has changed it; `request` is the help that would be asked for otherwise. A wrong
    topic always hops, and so does a customer who wants a manager: nothing that the owner waits for would do.
    """
    if not len(found):
        return False
    if reason in (TransferReason.WRONG_TOPIC, TransferReason.CUSTOMER_WANTS_MANAGER):
        return True
    crew, weight = desk.crew, customer_weight(contact, desk.crew.settings)
    settings, failure_cs = crew.settings, crew.settings.not_resolved_cs * weight
    talk_seconds = _talk_seconds(crew, contact.need)
    helpers = advisers(desk, contact, request)
    asked = [desk.helps[one] for one in desk.pending_help_ids]
    live = [one for one in asked if desk.contacts[one.contact_id].state is not ContactState.PROMISED]
    line = sum(one.kind is request.kind for one in live)
    free = desk.agents.units[found] + contact.units <= crew.roster.capacity[found]
    before = len(desk.handover_ids) + len(live)
    wait = 0.0 if free.any() else chain.wait_seconds(1 + before, _rates(crew, found))
    hops = chain.hop_cs(
        talk_seconds=talk_seconds * crew.beliefs.speed[found],
        price=prices_at(crew, found),
        weight=weight,
        resolves=expected_at(desk, contact.need, found),
        failure_cs=failure_cs,
        wait=wait,
    )
    stuck = reason is TransferReason.STUCK
    rest = chain.REST_OF_TALK_STUCK if stuck else chain.REST_OF_TALK_AUTHORITY
    kept = _advised(crew, contact.need, helpers) if stuck else _skill(crew, contact.need, contact.owner_id)
    keep = chain.keep_cs(
        rest_seconds=rest * talk_seconds * _speed(crew, contact.owner_id),
        price=price_of(crew, contact.owner_id),
        consult_seconds=settings.consult_seconds,
        adviser_price=float(prices_at(crew, helpers).min()) if len(helpers) else 0.0,
        weight=weight,
        resolves=kept,
        failure_cs=failure_cs,
        wait=chain.wait_seconds(1 + line, _rates(crew, helpers)),
    )
    hop = float(hops[free].min() if free.any() else hops.mean())
    return round(hop, DIGITS) < round(keep, DIGITS)


def _skill(crew: Crew, need: Need, agent_id: str) -> float:
    """p of the agent, mixed over the topics."""
    return sum(share * believed(crew, agent_id, topic) for topic, share in weights(crew.roster, need))


def _advised(crew: Crew, need: Need, helpers: Index) -> float:
    """Chance that the owner settles it with the advice of whichever of them frees first; 0 without any."""
    if not len(helpers):
        return 0.0
    skill = np.zeros(len(helpers))
    for topic, share in weights(crew.roster, need):
        skill = skill + share * believed_at(crew, helpers, topic)
    return crew.settings.advised_share * round(float(skill.mean()), DIGITS)


def _talk_seconds(crew: Crew, need: Need) -> float:
    """Mean talk of the need's topics, at speed 1."""
    seconds = 0.0
    for topic, share in weights(crew.roster, need):
        at = crew.roster.topic_rows.get(topic)
        known = crew.roster.handle_seconds(topic) if at is None else float(crew.beliefs.handle_seconds[at])
        seconds += share * known
    return seconds


def _speed(crew: Crew, agent_id: str) -> float:
    return float(crew.beliefs.speed[agent_at(crew, agent_id)])


def _rates(crew: Crew, at: Index) -> Floats:
    """Per agent, talks ended per second: 1 / (v x mean handle time)."""
    seconds = crew.beliefs.handle_seconds
    mean = float(seconds.mean()) if len(seconds) else 300.0
    found: Floats = 1.0 / (crew.beliefs.speed[at] * mean)
    return found

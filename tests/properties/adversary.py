"""An adversary that sends whatever may come: right and wrong commands, repeats, lost agents, late clocks.

An action is a function of the world and two small numbers that choose among what is there, so that hypothesis can
shrink a sequence, and a seeded run can go on for long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from services.contract import facts as f
from services.contract.desk import AuthorityRule, Desk, DeskLimits, MentionRule
from services.router.model import Contact, ContactState
from services.router.need import top_topic
from tests.unit.router.world import DAY, DESK, HOUR, MINUTE, SECOND, World, agent, arrived, desk, refund

MARKER = "Zq Marker"
"""Stands wherever a fact has room for personal data or free text; never in a decision."""
Action = Callable[[World, int, int], None]
AGENTS = ("A", "B", "C", "D", "E")
AGENT_PRESENCES = tuple(f.Presence)
ANSWERS = tuple(f.OfferAnswer)


def big_desk(version: int = 0) -> Desk:
    """Five agents of different capacities, languages and rights; another version drops one, adds a right, or has other levels."""
    people = [
        agent("A", refund=50, capacity=100),
        agent("B", "billing refund", "en de", refund=150, capacity=150),
        agent("C", "delivery", "en", capacity=100, delivery=0.9),
        agent("D", "billing delivery refund", "en de te", refund=500, capacity=100, speed=0.8),
        agent("E", "refund", "de", unlimited=True, capacity=200),
    ]
    if version % 3 == 1:
        people = people[:-1]
    if version % 3 == 2:
        people[2] = agent("C", "delivery billing", "en te", refund=50, capacity=100)
    configured = desk(
        *people,
        limits=DeskLimits(
            callback_ms=10 * MINUTE,
            retention_ms=HOUR,
            repeat_window_ms=2 * DAY,
            customer_reminder_ms=6 * HOUR,
            customer_gone_email_ms=DAY,
        ),
    )
    if version % 4 == 3:
        limits_minor = tuple(limit * 100 for limit in (0, 20, 50, 100, 150, 400))
        finer = AuthorityRule(decision_type="refund", currency="EUR", limits_minor=limits_minor)
        configured = replace(configured, authority=(finer,))
    return replace(
        configured, mention_rules=(MentionRule(complaint=True), MentionRule(stars_at_most=1 + version % 4))
    )


def arrive(world: World, a: int, b: int) -> None:
    channel, medium = (
        (f.Channel.PHONE, "voice"),
        (f.Channel.EMAIL, "email"),
        (f.Channel.SOCIAL, "messenger"),
        (f.Channel.PHONE, "sms"),
        (f.Channel.PHONE, "voice"),
        (f.Channel.UNSPECIFIED, MARKER),
        (f.Channel.SOCIAL, "whatsapp"),
        (f.Channel.PHONE, "voice"),
    )[a]
    contact_id = f"c{len(world.records)}" if (a + b) % 8 else f"c{b}"
    world.tell(
        arrived(
            contact_id,
            channel,
            medium,
            ("billing", "refund", "delivery", "", "refund", "unheard of", "refund", "billing")[b],
            customer=("k1", "k2", "", "k3")[a % 4],
            thread=("t1", "", "t2", "")[b % 4],
            language=("en", "de", "", "te", MARKER, "en", "en", "fi")[(a * 3 + b) % 8],
            wanted=(None, refund(20), refund(120), refund(9_000), None)[b % 5],
            complaint=a == 1,
            urgent=b == 2,
            preferred_agent_id=("", "A", "", MARKER)[(a + b) % 4],
        ),
        received_ms=world.now_ms - (a == 7) * HOUR,
    )


def speak_of_us(world: World, a: int, b: int) -> None:
    """A mention or review, new or edited; a rule takes those that complain or have few stars."""
    contact = arrived(
        f"m{b}",
        f.Channel.SOCIAL,
        ("facebook", MARKER)[a % 2],
        ("billing", MARKER)[b % 2],
        customer=("k1", "", "k3")[a % 3],
        thread=f"t{b % 3}",
        complaint=a == 2,
        rating=f.Rating(value=a, scale=(5, 0)[b % 2]),
    )
    world.tell(f.MentionSeen(kind=("review", "mention", MARKER)[b % 3], contact=contact, positive=a > 4))


def link(world: World, a: int, b: int) -> None:
    """Says or takes back that two identities are one customer's; some are verified, some withheld."""
    keys = ("k1", "k2", "k3", "k4", "")
    ends = [
        f.CustomerRef(type=("phone", "email", MARKER)[i % 3], value=MARKER, key=keys[i % 5], verified=i > 3)
        for i in (a, b)
    ]
    link_id = f"l{a}{b % 4}"
    if (a + b) % 3 == 0:
        world.tell(f.IdentityUnlinked(link_id=link_id, agent_id=("", "A", MARKER)[b % 3]))
        return
    strength = tuple(f.LinkStrength)[b % 3]
    world.tell(
        f.IdentityLinked(
            link_id=link_id, one=ends[0], other=ends[1], strength=strength, statement=("agent", MARKER)[a % 2]
        )
    )


def hang_up(world: World, a: int, b: int) -> None:
    contact_id = f"c{b}" if a == 0 else _some_contact(world, a, b)
    world.tell(f.CallerHungUp(contact_id=contact_id, status=MARKER))


def ask_callback(world: World, a: int, b: int) -> None:
    world.tell(f.CallbackAsked(contact_id=_some_contact(world, a, b)))


def sign_in(world: World, a: int, b: int) -> None:
    world.tell(f.AgentSignedIn(agent_id=AGENTS[a % 5] if b else "nobody"))


def sign_in_all(world: World, a: int, b: int) -> None:
    world.sign_in(*AGENTS[: 2 + (a + b) % 4])


def set_presence(world: World, a: int, b: int) -> None:
    presence = AGENT_PRESENCES[b % len(AGENT_PRESENCES)]
    world.tell(f.AgentStateChanged(agent_id=AGENTS[a % 5], presence=presence, reason=MARKER))


def answer_offer(world: World, a: int, b: int) -> None:
    """Mostly a real offer to the right agent, mostly accepted."""
    offers = sorted(world.desk.offers) if DESK in world.state.desks else []
    if not offers:
        world.tell(f.OfferAnswered(offer_id=f"c{a}-o1.1", agent_id="A", answer=ANSWERS[1]))
        return
    offer = world.desk.offers[offers[a % len(offers)]]
    agent_id = offer.agent_id if b else AGENTS[a % 5]
    answer = f.OfferAnswer.ACCEPT if b > 2 else ANSWERS[b]
    world.tell(f.OfferAnswered(offer_id=offer.offer_id, agent_id=agent_id, answer=answer, reason=MARKER))


def ask_help(world: World, a: int, b: int) -> None:
    kind = (f.HelpKind.APPROVAL, f.HelpKind.EXPERT, f.HelpKind.APPROVAL, f.HelpKind.UNSPECIFIED)[b % 4]
    wanted = (refund(100), None, refund(400), refund(5_000), _foul(), refund(100))[b % 6]
    topic = ("", "delivery", MARKER, "")[a % 4]
    _by_owner(world, a, b, f.HelpAsked, kind=kind, decision_wanted=wanted, topic_id=topic)


def answer_help(world: World, a: int, b: int) -> None:
    helps = sorted(world.desk.helps)
    if helps:
        request = world.desk.helps[helps[a % len(helps)]]
        agent_id = (request.adviser_id or request.owner_id) if b else AGENTS[a % 5]
        result = (f.HelpResult.GRANTED, f.HelpResult.ADVICE, f.HelpResult.CANCELLED, f.HelpResult.REFUSED)[
            b % 4
        ]
        world.tell(f.HelpAnswered(help_id=request.help_id, agent_id=agent_id, result=result))


def ask_transfer(world: World, a: int, b: int) -> None:
    reason = tuple(f.TransferReason)[b % 5]
    wanted = (refund(100), None, refund(9_000), _foul())[a % 4]
    topic = ("delivery", "billing", "refund", MARKER)[a % 4]
    _by_owner(world, a, b, f.TransferAsked, reason=reason, topic_id=topic, decision_wanted=wanted)


def use_authority(world: World, a: int, b: int) -> None:
    wanted = (refund(10), refund(90), refund(300), refund(20_000), _foul(), None)[b % 6]
    _by_owner(world, a, b, f.AuthorityUsed, decision=wanted)


def end_talk(world: World, a: int, b: int) -> None:
    _by_owner(world, a, b, f.ConversationEnded)


def resolve(world: World, a: int, b: int) -> None:
    outcome = f.Outcome.RESOLVED if b % 2 else tuple(f.Outcome)[a % 8]
    _by_owner(world, a, b, f.ContactResolved, outcome=outcome, topic_id=("", "refund", MARKER)[a % 3])


def message(world: World, a: int, b: int) -> None:
    kind = ("human", "ack", MARKER)[a % 3]
    contact_id = _some_contact(world, a, b) if b % 2 else ""
    world.tell(
        f.MessageSent(contact_id=contact_id, thread_key=("t1", "t2")[a % 2], kind=kind, account=MARKER)
    )


def ask_customer(world: World, a: int, b: int) -> None:
    _by_owner(world, a, b, f.CustomerAsked)


def wait_for_customer(world: World, a: int, b: int) -> None:
    """Owners of what is no call wait for their customers."""
    for contact in sorted(world.desk.contacts.values(), key=lambda one: one.contact_id):
        if contact.state is ContactState.ASSIGNED and (a + len(contact.contact_id)) % 4:
            world.by_owner(f.CustomerAsked, contact.contact_id)


def customer_writes(world: World, a: int, b: int) -> None:
    """Somebody whom we asked, or anybody else with something open, writes again; now, or long after."""
    asked = sorted(c.contact_id for c in world.desk.contacts.values() if c.awaited is not None)
    contact_id = asked[a % len(asked)] if asked and b else _some_contact(world, a, b)
    world.wait((0, 0, MINUTE, 10 * MINUTE, 0, HOUR, SECOND, 5 * MINUTE)[b])
    medium = ("messenger", "email")[a % 2]
    channel = (f.Channel.SOCIAL, f.Channel.EMAIL)[a % 2]
    world.tell(arrived(contact_id, channel, medium, thread=("t1", "")[a % 2]))


def noise(world: World, a: int, b: int) -> None:
    bodies = (
        f.NonContactSeen(kind=MARKER, account=MARKER, call_state=MARKER, wait_ms=-5),
        None,
        f.ContactArrived(contact_id="", text=MARKER),
        f.ContactArrived(contact_id="x" * 300),
    )
    world.tell(bodies[a % 4], desk_id=DESK if b else "unconfigured")


def repeat_fact(world: World, a: int, b: int) -> None:
    """A fact id of lately again, under another body: the first reply, and nothing else changes."""
    told = [record for record in world.records if record.fact_id][-1 - 3 * b :]
    first = told[0]
    if not world.state.was_seen(first.fact_id):
        return
    before = world.state
    again = world.tell(
        f.AgentStateChanged(agent_id=AGENTS[a % 5], presence=f.Presence.OFFLINE), fact_id=first.fact_id
    )
    assert [type(event).__name__ for event in again.events] == ["DuplicateIgnored"]
    assert again.reply is not None
    assert again.reply == first.reply or (first.reply is None and again.reply.reason == "duplicate")
    assert world.state.desks is before.desks


def configure(world: World, a: int, b: int) -> None:
    world.tell(f.DeskConfigured(desk=big_desk(a) if b else desk(agent("A", "nonsense"))))


def price(world: World, a: int, b: int) -> None:
    """Prices and forecasts, new and stale ones, of groups that there are and of others, out of bounds."""
    keys = (*world.desk.groups.keys, MARKER)
    prices = tuple(
        f.GroupPrice(group=key, price=(0.0, 0.7, 5.0, 1 / 3, 9.0)[(a + at) % (4 + (b == 7))])
        for at, key in enumerate(keys)
    )
    epoch = world.desk.prices.epoch + (1, 1, 0, 1, -1, 2)[b % 6]
    world.tell(f.PricesSet(epoch=epoch, prices=prices, source=f.PricesSource(a % 4), status=MARKER))
    row = f.ForecastRow(
        topic_id=("billing", MARKER)[b == 5],
        from_at_ms=world.now_ms - HOUR,
        until_at_ms=world.now_ms + (a - 1) * HOUR,
        contacts_per_hour=a,
    )
    world.tell(f.ForecastSet(rows=(row,)))


def pass_time(world: World, a: int, b: int) -> None:
    world.wait((SECOND, 10 * SECOND, 20 * SECOND, MINUTE, 5 * MINUTE, HOUR, 5 * HOUR, DAY)[a] * (1 + b))


def late_timers(world: World, a: int, b: int) -> None:
    """Time passed while nobody owned the partition: overdue timers fire together, or facts come first."""
    world.now_ms += (SECOND, MINUTE, 3 * MINUTE, HOUR, DAY, MINUTE, HOUR, SECOND)[a]
    for _ in range(b):
        world.fire()


def clock_back(world: World, a: int, b: int) -> None:
    world.now_ms -= (a + b) * SECOND


def take_offer(world: World, a: int, b: int) -> None:
    """The offered agent takes it."""
    offers = sorted(world.desk.offers)
    if offers:
        world.accept(world.desk.offers[offers[a % len(offers)]].contact_id)


def transfer_well(world: World, a: int, b: int) -> None:
    """An owner asks rightly: for another topic, for more authority, for a manager."""
    contact = _held(world, a)
    if contact is None:
        return
    topic = next(t for t in ("refund", "delivery", "billing") if t != top_topic(contact.need))
    reason = (3, 2, 1, 4, 2, 1, 4, 2)[b]
    world.by_owner(
        f.TransferAsked,
        contact.contact_id,
        reason=f.TransferReason(reason),
        topic_id=topic,
        decision_wanted=refund(100 + 200 * (a % 4)) if reason == 1 else None,
    )


def approve(world: World, a: int, b: int) -> None:
    """Asks for an approval, or gives the one asked for and uses it."""
    contact = _held(world, a)
    asked = [world.desk.helps[one] for one in sorted(world.desk.helps) if world.desk.helps[one].adviser_id]
    if asked:
        request = asked[b % len(asked)]
        granted = f.HelpResult.GRANTED if request.kind is f.HelpKind.APPROVAL else f.HelpResult.ADVICE
        world.tell(f.HelpAnswered(help_id=request.help_id, agent_id=request.adviser_id, result=granted))
        world.by_owner(f.AuthorityUsed, request.contact_id, decision=refund(100 + 50 * b))
    elif contact is not None:
        wanted = refund(100 + 50 * b)
        world.by_owner(f.HelpAsked, contact.contact_id, kind=f.HelpKind.APPROVAL, decision_wanted=wanted)


def settle(world: World, a: int, b: int) -> None:
    contact = _held(world, a)
    if contact is not None:
        world.resolve(contact.contact_id)


def seconds_pass(world: World, a: int, b: int) -> None:
    world.wait((1 + a * 3) * SECOND)


def refuse_everything(world: World, a: int, b: int) -> None:
    """Every open offer is declined, and those that follow, for a while."""
    for _ in range(1 + a):
        for offer_id in sorted(world.desk.offers):
            offer = world.desk.offers.get(offer_id)
            if offer is not None:
                answer = f.OfferAnswer.DECLINE
                world.tell(f.OfferAnswered(offer_id=offer_id, agent_id=offer.agent_id, answer=answer))


def come_and_go(world: World, a: int, b: int) -> None:
    """An agent signs in and out faster than offers expire."""
    agent_id = AGENTS[a % 5]
    for at in range(1 + b):
        presence = (f.Presence.OFFLINE, f.Presence.AVAILABLE, f.Presence.BREAK)[at % 3]
        world.tell(f.AgentStateChanged(agent_id=agent_id, presence=presence))
        world.wait(SECOND)


def vanish(world: World, a: int, b: int) -> None:
    """Who holds most is gone, with offers, contacts and consults."""
    held = sorted((-one.used_units, one.agent_id) for one in world.desk.agents.values() if one.used_units)
    if held:
        agent_id = held[a % len(held)][1]
        world.tell(f.AgentStateChanged(agent_id=agent_id, presence=f.Presence.OFFLINE))
        if b % 2:
            world.tell(f.AgentSignedIn(agent_id=agent_id, shift_ends_at_ms=world.now_ms + b * MINUTE))


def change_terms(world: World, a: int, b: int) -> None:
    """Asks for an approval under ever other terms, while one is asked for already."""
    for at in range(1 + a % 4):
        _by_owner(
            world, a, b, f.HelpAsked, kind=f.HelpKind.APPROVAL, decision_wanted=refund(60 + 100 * (at + b))
        )


def leave_help(world: World, a: int, b: int) -> None:
    """Advisers leave their requests one after the other."""
    for help_id in sorted(world.desk.helps):
        request = world.desk.helps.get(help_id)
        if request is not None and request.adviser_id:
            result = f.HelpResult.CANCELLED if b % 3 else f.HelpResult.REFUSED
            world.tell(f.HelpAnswered(help_id=help_id, agent_id=request.adviser_id, result=result))


def fill_up(world: World, a: int, b: int) -> None:
    """All but few are put to work; then a call comes that somebody busy would do better, and waits on purpose."""
    world.sign_in(*AGENTS)
    for at in range(1 + a % 5):
        _comes(world, f"f{len(world.records)}", ("delivery", "billing", "refund")[(a + at) % 3])
    _comes(world, f"h{len(world.records)}", ("delivery", "billing", "refund")[b % 3], taken=False)
    world.wait((0, 3, 9, 10, 11, 19, 21, 40)[b] * SECOND)


def spare_the_live(world: World, a: int, b: int) -> None:
    """A call, then many e-mails and chats at once: the last idle people are kept for who cannot wait."""
    world.sign_in(*AGENTS[: 3 + a % 3])
    _comes(world, f"l{len(world.records)}", "billing")
    for at in range(1 + b):
        channel, medium = ((f.Channel.EMAIL, "email"), (f.Channel.SOCIAL, "messenger"))[(a + at) % 2]
        world.tell(arrived(f"d{len(world.records)}", channel, medium, ("billing", "refund")[at % 2]))
        if (a + at) % 3 == 0:
            world.wait(SECOND)


def free_somebody(world: World, a: int, b: int) -> None:
    """Who is busy ends his talk, at the very second that a hold ends or between."""
    contact = _held(world, a)
    if contact is not None:
        world.wait((0, 1, 5, 10, 0, 30, 0, 2)[b] * SECOND)
        if world.contact(contact.contact_id).state is ContactState.ASSIGNED:
            world.resolve(contact.contact_id)


def _comes(world: World, contact_id: str, topic: str, *, taken: bool = True) -> None:
    world.tell(arrived(contact_id, f.Channel.PHONE, "voice", topic))
    contact = world.desk.contacts.get(contact_id)
    if taken and contact is not None and contact.offer_id:
        world.accept(contact_id)


ACTIONS: tuple[Action, ...] = (
    *(arrive, answer_offer, answer_offer) * 3,
    *(resolve, pass_time, late_timers, ask_transfer, sign_in_all) * 2,
    hang_up,
    ask_customer,
    customer_writes,
    ask_callback,
    speak_of_us,
    link,
    sign_in,
    set_presence,
    ask_help,
    answer_help,
    use_authority,
    end_talk,
    message,
    noise,
    repeat_fact,
    configure,
    price,
    clock_back,
)
BUSY: tuple[Action, ...] = (
    *(arrive, take_offer, take_offer, take_offer, transfer_well, seconds_pass) * 6,
    *(approve, approve, settle, sign_in_all) * 3,
    *(wait_for_customer, customer_writes) * 2,
    *(late_timers, set_presence, hang_up, end_talk, ask_help, answer_offer),
)
"""A desk where most things go right, so that contacts get far."""


HARDLY_HELPFUL: tuple[Action, ...] = (refuse_everything, come_and_go, vanish, change_terms, leave_help)
"""Agents who refuse, flap, vanish with what they hold, and change their minds."""
WAITING_ON_PURPOSE: tuple[Action, ...] = (
    *(fill_up, spare_the_live, free_somebody) * 4,
    *(take_offer, hang_up, seconds_pass, late_timers, price),
    *HARDLY_HELPFUL,
)
"""Contacts that are held for a better agent, and people who are kept for who cannot wait."""


def run(world: World, actions: Sequence[tuple[Action, int, int]], after_each: Callable[[], None]) -> None:
    """Does the actions, calling `after_each` after every one."""
    for action, a, b in actions:
        action(world, a, b)
        after_each()


def _foul() -> f.DecisionWanted:
    return f.DecisionWanted(decision_type=MARKER, amount_minor=-5, currency=MARKER, stated=True)


def _held(world: World, a: int) -> Contact | None:
    """A contact that somebody is talking about, if there is one."""
    held = sorted(c.contact_id for c in world.desk.contacts.values() if c.state is ContactState.ASSIGNED)
    return world.contact(held[a % len(held)]) if held else None


def _some_contact(world: World, a: int, b: int) -> str:
    contacts = sorted(world.desk.contacts)
    return contacts[(a * 8 + b) % len(contacts)] if contacts else "none"


def _by_owner(world: World, a: int, b: int, body: Any, **parts: Any) -> None:
    """A command about a contact that somebody holds, mostly by its owner with the right epoch."""
    held = sorted(c.contact_id for c in world.desk.contacts.values() if c.owner_id)
    contact_id = held[a % len(held)] if held and b != 7 else _some_contact(world, a, b)
    contact = world.desk.contacts.get(contact_id)
    agent_id = contact.owner_id if contact is not None and contact.owner_id and a != 6 else AGENTS[b % 5]
    epoch = contact.epoch if contact is not None and (a, b) != (3, 3) else 99
    world.tell(body(contact_id=contact_id, agent_id=agent_id, epoch=epoch, **parts))

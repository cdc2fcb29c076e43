# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A whole search: from a contact to whom it goes, or why it waits, in one call.

The compiled way of `seeking.search` and `seeking.compare`, rule by rule in their order; seeking.py says what each means.
Where a rule seldom has anything to say (an own reserve, newcomers, a wait for a preferred agent) it is asked in Python.
A contact that comes back to an owner, and exploration, are left to seeking.py altogether.
"""

cdef extern from *:
    """
    #ifndef FRONTDESK_SOURCES
    #define FRONTDESK_SOURCES ""
    #endif
    """
    const char* FRONTDESK_SOURCES

SOURCES = FRONTDESK_SOURCES.decode()
"""Digest of what this was built from (services/contract/kernels/sources.py)."""


from cython cimport freelist
from libc.math cimport rint
from libc.stdint cimport int64_t

from services.contract.decisions import WaitingReason
from services.contract.facts import Channel
from services.router.evolve.work import TEXT_MEDIA, work_of
from services.router.found import Search
from services.router.holding import WaitedFor, kept_for_preferred
from services.router.model import ContactState
from services.router.policy.hazard import PATIENT
from services.router.policy.hold import Hold
from services.router.preferred import preferred_agents
from services.router.score import MISSED_CALLBACK, weight_of
from services.router.spare import LIVE_LATELY_MS, resting_places, spared
from services.router.urgency import DEFERRABLE_AGAIN_MS, OVERLOAD_EMAIL_FACTOR, Urgency

from services.router.kernels.arrival cimport Choice, Hands, Members, Places, best_of, places_of, row_of, with_room
from services.router.kernels.holding cimport Held, Waiting, hold_test
from services.router.kernels.leaving cimport Leaving
from services.router.kernels.terms cimport rounded
from services.router.kernels.weigher cimport Asked, Weigher

cdef enum:
    CALL = 0
    MESSAGE = 1
    EMAIL = 2

cdef object PHONE = Channel.PHONE, MAIL = Channel.EMAIL, QUEUED = ContactState.QUEUED
cdef object UNSPECIFIED = WaitingReason.UNSPECIFIED, SHIFT_ENDING = WaitingReason.SHIFT_ENDING
cdef object HELD_FOR_BETTER = WaitingReason.HELD_FOR_BETTER, KEPT_IN_RESERVE = WaitingReason.KEPT_IN_RESERVE
cdef object SHIFT_END_RELAXED = ("shift_end",)
cdef int64_t LIVE_LATELY = LIVE_LATELY_MS, EMAIL_FACTOR = OVERLOAD_EMAIL_FACTOR, DEFERRABLE_AGAIN = DEFERRABLE_AGAIN_MS


@freelist(4)
cdef class Seen:
    """A contact of one desk, now: its class of work, who may take it, how its waiting stands."""

    cdef object desk, contact, opened, need, crew, pool, there, loads, patience
    cdef Members members
    cdef Hands hands
    cdef Asked asked
    cdef int kind
    cdef double weight
    cdef bint urgent, stops, loyal, by_kind, deferrable
    cdef int64_t units, now_ms, waited, target, hold_ms


cdef struct Counts:
    Py_ssize_t ending
    Py_ssize_t kept
    Py_ssize_t resting


cdef class Seeker:
    """Searches under one configuration, publication of beliefs and epoch of prices."""

    cdef Weigher weigher
    cdef object settings, loyal_tiers, limits, index, roster
    cdef dict works
    cdef bint exploration, interrupt_email
    cdef double weights[8]
    cdef double topic_weight_min, urgent_share, continuity_share, deferrable_cs, late_cs, shift_end_factor
    cdef int64_t hold_phone_ms, hold_message_ms, hold_again_ms
    cdef int64_t targets[3]

    def __init__(self, Weigher weigher, roster):
        settings = roster.settings
        self.weigher, self.settings, self.index = weigher, settings, roster.seats.index
        self.loyal_tiers, self.limits = settings.loyal_tiers, None
        self.roster, self.works = roster, roster.works
        self.exploration, self.interrupt_email = bool(settings.exploration), bool(settings.interrupt_email)
        for at in range(8):
            self.weights[<int> at] = weight_of(
                settings, loyal=bool(at & 4), complaint=bool(at & 2), repeat=bool(at & 1)
            )
        self.topic_weight_min, self.urgent_share = settings.topic_weight_min, settings.urgent_share
        self.continuity_share, self.shift_end_factor = settings.continuity_share, settings.shift_end_factor
        self.deferrable_cs, self.late_cs = settings.deferrable_cs, settings.deferrable_late_cs
        self.hold_phone_ms, self.hold_message_ms = settings.hold_phone_ms, settings.hold_message_ms
        self.hold_again_ms = settings.hold_again_ms

    def search(self, desk, contact, int64_t now_ms, but, number):
        """`seeking.search`; None where it is left to that."""
        if contact.last_owner_id or (number and self.exploration):
            return None
        cdef Seen seen = self.see(desk, contact, now_ms)
        cdef Py_ssize_t asked = self.index.get(but, -1) if but else -1
        cdef Counts counts
        counts.ending = counts.kept = counts.resting = 0
        cdef Places places = with_room(
            self.weigher, seen.there, seen.members, seen.hands, seen.units, seen.stops, asked
        )
        if not places.count:
            return Search(seen.pool, None, None, None, None, seen.pool.reason)
        seen.asked = self.weigher.asked_for(seen.need, seen.weight)
        relaxed = self.lasting(seen, places, &counts)
        if not places.count:
            reason = SHIFT_ENDING if counts.ending else seen.pool.reason
            return Search(seen.pool, None, None, None, None, reason, 0, (), True, counts.ending)
        if desk.learned.held_ids:
            _but_newcomers(places, resting_places(desk, contact), &counts)
        self.wait(seen)
        if seen.deferrable and self.needs_reserve(seen):
            places = _spare(desk, places, &counts)
            if not places.count:
                again_at_ms = now_ms + seen.hold_ms - seen.waited + 1
                return Search(
                    seen.pool, None, None, None, None, KEPT_IN_RESERVE, again_at_ms, (), True,
                    counts.ending, counts.kept, counts.resting,
                )
        return self.chosen(seen, places, self.urgency(seen), asked, -1, relaxed, True, &counts)

    def compare(self, desk, contact, Py_ssize_t here, int64_t now_ms, bint may_hold):
        """`seeking.compare` of the agent at a place."""
        cdef Seen seen = self.see(desk, contact, now_ms)
        cdef Places places = Places.__new__(Places, 1)
        cdef Counts counts
        counts.ending = counts.kept = counts.resting = 0
        places.at[0], places.count = here, 1
        seen.asked = self.weigher.asked_for(seen.need, seen.weight)
        urgency = None
        if may_hold:
            self.wait(seen)
            urgency = self.urgency(seen)
        return self.chosen(seen, places, urgency, -1, here, (), False, &counts)

    cdef Seen see(self, desk, contact, int64_t now_ms):
        """The contact's class of work (`work_of`), and its pool."""
        cdef Seen seen = Seen.__new__(Seen)
        seen.desk, seen.contact, seen.now_ms = desk, contact, now_ms
        seen.crew, seen.opened, seen.need = desk.crew, contact.opened, contact.need
        opened = seen.opened
        seen.loyal = opened.tier in self.loyal_tiers
        work = contact.lane
        if work is None:
            seen.kind = _kind_of(opened)
            seen.urgent, seen.units = opened.urgent, opened.units
            again = opened.repeat or MISSED_CALLBACK in contact.missed
            seen.weight = self.weights[4 * seen.loyal + 2 * <bint> opened.complaint + <bint> again]
            fit = self.fit(contact, opened, seen.need)
        else:
            fit = work.fit
            seen.kind, seen.urgent, seen.units, seen.weight = work.kind, work.urgent, fit.units, work.weight
        pool = (<dict> seen.crew.pools).get(fit)
        if pool is None:
            pool = seen.crew.pool(work or work_of(contact, self.settings))
        seen.pool, seen.there = pool, pool.there
        seen.members = seen.there.columns
        seen.loads = desk.agents.version.loads()
        seen.hands = seen.loads.hands
        seen.hands.follow(seen.loads)
        seen.stops = seen.kind == CALL and self.interrupt_email
        return seen

    def lane(self, contact):
        """`work_of`, the one that all of its class share (`Roster.shared`)."""
        opened = contact.opened
        again = opened.repeat or MISSED_CALLBACK in contact.missed
        loyal = opened.tier in self.loyal_tiers
        key = (
            _kind_of(opened),
            self.fit(contact, opened, contact.need),
            self.weights[4 * <bint> loyal + 2 * <bint> opened.complaint + <bint> again],
            opened.urgent,
            contact.last_owner_id or opened.preferred_agent_id,
        )
        known = self.works.get(key)
        return self.roster.shared(work_of(contact, self.settings)) if known is None else known

    cdef tuple fit(self, contact, opened, need):
        """Equal to a `Fit`, as which pools are known."""
        had, declined = contact.prior_agent_ids, contact.decliner_ids
        if had:
            wanted = (opened.preferred_agent_id, contact.last_owner_id)
            had = tuple(sorted([one for one in had if one not in wanted]))
        if declined:
            declined = tuple(sorted(declined))
        return (
            opened.language,
            self.certificates(need.topics),
            need.decision_type,
            need.currency,
            need.least_level,
            opened.units,
            had,
            declined,
        )

    cdef tuple certificates(self, tuple topics):
        """`need.certificates`."""
        if not topics:
            return ()
        cdef list likely = []
        for topic in topics:
            if <double> topic.weight >= self.topic_weight_min:
                likely.append(topic.topic_id)
        if not likely:
            return (topics[0].topic_id,)
        if len(likely) > 1:
            likely.sort()
        return tuple(likely)

    cdef int wait(self, Seen seen) except -1:
        """`urgency_of`, in numbers."""
        limits = seen.desk.limits
        if limits is not self.limits:
            self.targets[CALL], self.targets[MESSAGE] = limits.target_phone_ms, limits.target_social_ms
            self.targets[EMAIL], self.limits = limits.target_email_ms, limits
        cdef int64_t queued_at_ms = seen.contact.queued_at_ms, waited_before_ms = seen.contact.waited_before_ms
        seen.target = self.targets[seen.kind]
        if seen.kind == EMAIL and seen.desk.overload_since_ms:
            seen.target *= EMAIL_FACTOR
        seen.waited = waited_before_ms + max(0, seen.now_ms - queued_at_ms)
        seen.by_kind = seen.kind != CALL and not seen.urgent
        if seen.by_kind:
            seen.hold_ms = <int64_t> rint(self.urgent_share * <double> seen.target)
            seen.deferrable, seen.patience = seen.waited <= seen.hold_ms, None
        elif seen.kind == CALL:
            seen.hold_ms, seen.deferrable = self.hold_phone_ms, False
            seen.patience = seen.crew.patience[<Py_ssize_t> seen.loyal]
        else:
            seen.hold_ms, seen.deferrable, seen.patience = self.hold_message_ms, False, PATIENT
        return 0

    cdef urgency(self, Seen seen):
        return Urgency(
            self.settings, seen.weight, seen.waited, seen.target, seen.deferrable, seen.patience, seen.hold_ms
        )

    cdef object lasting(self, Seen seen, Places places, Counts* counts):
        """Leaves those whose shift lasts long enough, everybody where it does not matter; what is relaxed."""
        if not seen.hands.ends_known or not self.shift_end_factor:
            return ()
        cdef Py_ssize_t row, count = 0
        for row in range(places.count):
            count += self.lasts(seen, places.at[row])
        if not count:
            seen.members.follow(seen.there)
            for row in range(seen.members.at.shape[0]):
                if self.lasts(seen, seen.members.at[row]):
                    break
            else:
                return SHIFT_END_RELAXED
        counts.ending, count = places.count - count, 0
        for row in range(places.count):
            if self.lasts(seen, places.at[row]):
                places.at[count] = places.at[row]
                count += 1
        places.count = count
        return ()

    cdef inline bint lasts(self, Seen seen, Py_ssize_t at) noexcept:
        cdef double needed = self.shift_end_factor * 1000 * (self.weigher.speed[at] * seen.asked.seconds)
        return <double> (seen.hands.shift_ends[at] - seen.now_ms) > needed

    cdef bint needs_reserve(self, Seen seen) except -1:
        if seen.kind == EMAIL and self.interrupt_email:
            return False
        cdef int64_t live_at_ms = seen.desk.live_at_ms
        return live_at_ms != 0 and seen.now_ms - live_at_ms <= LIVE_LATELY

    cdef chosen(
        self,
        Seen seen,
        Places places,
        urgency,
        Py_ssize_t but,
        Py_ssize_t here,
        relaxed,
        bint all_weighed,
        Counts* counts,
    ):
        """The best of the places, who are some, unless waiting is better; without urgency nobody is held."""
        contact, opened = seen.contact, seen.opened
        cdef bint wanted = bool(
            contact.last_owner_id or opened.preferred_agent_id or opened.familiar_agent_id
        )
        cdef tuple liked = ()
        if wanted:
            liked = tuple([self.index[one] for one in preferred_agents(contact) if one in self.index])
        cdef double gain = self.continuity_share * self.weigher.not_resolved_cs * seen.weight * 1000000
        cdef Choice choice = best_of(
            self.weigher, places, seen.hands, seen.asked, seen.now_ms, <int64_t> rint(gain), liked
        )
        hold = busy = None
        if urgency is not None and seen.waited < seen.hold_ms:
            if wanted:
                work = contact.lane or work_of(contact, self.settings)
                waited_for = WaitedFor(but, here, None)
                hold, busy = kept_for_preferred(
                    seen.desk, contact, seen.pool, urgency, waited_for, work, choice.best[0].terms.total
                ) or (None, None)
            if hold is None:
                hold, busy = self.tested(seen, but, here, choice.best[0].terms.total)
        reason, again_at_ms = UNSPECIFIED, 0
        if hold is not None and hold.held:
            reason = HELD_FOR_BETTER
            again_at_ms = seen.now_ms + self.again_ms(seen, hold.expected_seconds)
        return Search(
            seen.pool, choice, urgency, hold, busy, reason, again_at_ms, relaxed, all_weighed,
            counts.ending, counts.kept, counts.resting,
        )

    cdef int64_t again_ms(self, Seen seen, double expected_seconds) except -1:
        cdef int64_t latest = DEFERRABLE_AGAIN if seen.by_kind else self.hold_again_ms
        return max(1, min(<int64_t> rint(expected_seconds * 1000), latest))

    cdef tuple tested(self, Seen seen, Py_ssize_t but, Py_ssize_t here, int64_t best_cost):
        """`holding.tested` against the busy agents: the comparison and the cheapest, or None and None."""
        cdef Waiting waiting
        cdef Held found
        cdef Leaving leaving = None
        cdef double late_hours
        waiting.best_cost, waiting.nano = best_cost, (1 + self.others_waiting(seen)) * 1000000000
        waiting.waited_seconds, waiting.before = <double> seen.waited / 1000, 0.0
        waiting.left_seconds = <double> (seen.hold_ms - seen.waited) / 1000
        if seen.by_kind:
            late_hours = max(0.0, waiting.waited_seconds - 3600.0) / 3600.0
            waiting.second_cs = seen.weight * (self.deferrable_cs + self.late_cs * late_hours)
        else:
            waiting.second_cs = seen.weight * (1.0 + <double> seen.waited / <double> seen.target)
            if seen.kind == CALL:
                leaving = seen.crew.leavings[<Py_ssize_t> seen.loyal]
                waiting.before = leaving.at_once(waiting.waited_seconds)
        if not hold_test(
            self.weigher, seen.there, seen.members, seen.hands, seen.asked, seen.units, seen.stops,
            but, here, None, leaving, &waiting, &found,
        ):
            return None, None
        hold = Hold(
            found.held, best_cost, found.hold_cost, found.waiting_cost, rounded(found.seconds), found.agents, 0
        )
        return hold, row_of(&found.first)

    cdef int64_t others_waiting(self, Seen seen) except -1:
        """`holding.others_waiting`."""
        cdef tuple topics = seen.need.topics
        key = (topics[0].topic_id if topics else "", seen.opened.language)
        cdef int64_t count = seen.desk.live_waiting.get(key, 0)
        if not seen.by_kind and seen.contact.lane is not None and seen.contact.state is QUEUED:
            count -= 1
        return max(0, count)


cdef int _kind_of(opened) except -1:
    """`work.kind_of`."""
    channel = opened.channel
    if channel is PHONE and opened.medium not in TEXT_MEDIA:
        return CALL
    return EMAIL if channel is MAIL else MESSAGE


cdef int _but_newcomers(Places places, list held, Counts* counts) except -1:
    """Leaves out the places `held`, where others are left."""
    cdef Py_ssize_t row, count = 0
    for row in range(places.count):
        count += places.at[row] not in held
    if not count or count == places.count:
        return 0
    counts.resting, count = places.count - count, 0
    for row in range(places.count):
        if places.at[row] not in held:
            places.at[count] = places.at[row]
            count += 1
    places.count = count
    return 0


cdef Places _spare(desk, Places places, Counts* counts):
    """Leaves those who can be spared."""
    cdef Places left = Places.__new__(Places, 0)
    if not desk.overload_since_ms:
        left = places_of(spared(desk, places.column()))
    counts.kept = places.count - left.count
    return left

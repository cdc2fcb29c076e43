# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""An arrival: who of a pool has room, what it costs at each of them, and the best of them.

The compiled way of `seeking.with_room` and `score.ranking_of`: the same operations in the same order, so the same bits,
without an array for each step. What must be told of a choice is kept for the three best only.
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
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove

import numpy as np

from services.contract.decisions import Candidate, ScoreTerm

from services.router.kernels.terms cimport Terms, rounded
from services.router.kernels.weigher cimport Asked, Levels, Weigher, cost_at

_INT64 = np.dtype(np.int64)
SIDES_REMEMBERED_MAX = 8
cdef int64_t EXACT_MAX = 1 << 53


cdef class Row:
    """What a contact costs at one agent, as it is told; costs in micro-cs."""

    @property
    def position(self):
        """Place in the roster."""
        return self.best.position

    @property
    def at(self):
        """As of a slate with one row."""
        return (self.best.position,)

    @property
    def score(self):
        return self.best.score

    @property
    def idle(self):
        return self.best.idle

    @property
    def bonus(self):
        return self.best.bonus

    @property
    def terms(self):
        """In the order of `policy.cost.TERMS`."""
        cdef Terms* it = &self.best.terms
        return (it.talk, it.price, it.authority_missing, it.not_resolved)

    @property
    def total(self):
        return self.best.terms.total

    @property
    def talk_seconds(self):
        return self.best.terms.talk_seconds

    @property
    def covers(self):
        return self.best.terms.covers

    @property
    def skill(self):
        return self.best.terms.skill

    @property
    def resolves(self):
        return self.best.terms.resolves

    def waited_for(self, Weigher weigher, tuple agent_ids, double seconds):
        """As a busy agent is told, who is free in so many seconds."""
        self.best.score = self.best.terms.total
        return _told(weigher, agent_ids, &self.best, True, seconds)


cdef _told(Weigher weigher, tuple agent_ids, Best* best, bint busy, double seconds):
    """`score._told`."""
    cdef Terms* it = &best.terms
    cdef list terms = []
    if it.talk:
        terms.append(ScoreTerm(name="talk", value=_cs(it.talk)))
    if it.price:
        terms.append(ScoreTerm(name="price", value=_cs(it.price)))
    if it.authority_missing:
        terms.append(ScoreTerm(name="authority_missing", value=_cs(it.authority_missing)))
    if it.not_resolved:
        terms.append(ScoreTerm(name="not_resolved", value=_cs(it.not_resolved)))
    if best.idle:
        terms.append(ScoreTerm(name="idle", value=_cs(-best.idle)))
    if best.bonus:
        terms.append(ScoreTerm(name="continuity", value=_cs(-best.bonus)))
    return Candidate(
        agent_id=agent_ids[best.position],
        score=_cs(best.score),
        terms=tuple(terms),
        resolves=rounded(it.resolves),
        authority_covers=rounded(it.covers),
        talk_seconds=rounded(it.talk_seconds),
        price=rounded(weigher.price[best.position]),
        busy=busy,
        free_in_seconds=rounded(seconds),
        skill=rounded(it.skill),
    )


cdef object _cs(int64_t micro):
    """Customer-seconds; Python divides what has more digits than a double."""
    if -EXACT_MAX <= micro <= EXACT_MAX:
        return <double> micro / 1e6
    return (<object> micro) / 1000000


cdef Row row_of(Best* best):
    cdef Row row = Row.__new__(Row)
    row.best = best[0]
    return row


@freelist(4)
cdef class Places:
    """Some places in the roster, rising."""

    def __cinit__(self, Py_ssize_t most):
        self.count = 0
        self.at = <int64_t*> malloc(max(most, 1) * sizeof(int64_t))
        if not self.at:
            raise MemoryError

    def __dealloc__(self):
        free(self.at)

    def column(self):
        """As an array."""
        found = np.empty(self.count, _INT64)
        cdef int64_t[::1] copied
        if self.count:
            copied = found
            memcpy(&copied[0], self.at, self.count * sizeof(int64_t))
        return found


cdef Places places_of(column):
    cdef const int64_t[::1] at = column
    cdef Places places = Places.__new__(Places, at.shape[0])
    places.count = at.shape[0]
    if places.count:
        memcpy(places.at, &at[0], places.count * sizeof(int64_t))
    return places


cdef class Choice:
    """Who takes a contact best, of those at some places: the three best, the first of them first."""

    @property
    def at(self):
        """Places in the roster of those who were weighed."""
        return self.places.column()

    @property
    def weighed(self):
        """How many they are."""
        return self.places.count

    @property
    def cost(self):
        """C at the best."""
        return self.best[0].terms.total

    def rows(self):
        """The best and two runners-up."""
        found = []
        cdef int place
        for place in range(self.count):
            found.append(row_of(&self.best[place]))
        return found

    def candidates(self, Weigher weigher, tuple agent_ids):
        """The same as they are told."""
        found = []
        cdef int place
        for place in range(self.count):
            found.append(_told(weigher, agent_ids, &self.best[place], False, 0.0))
        return found


cdef class Hands:
    """What agents hold (loads.py): columns that are written to, and those that are replaced."""

    def __init__(self, units, firm, idle_since):
        self.units, self.firm, self.idle_since = units, firm, idle_since

    cdef int follow(self, loads) except -1:
        """Has who has room, and when shifts end, as the columns `loads` have it now."""
        roomy, ends = loads.roomy, loads.shift_ends
        if roomy is not self._roomy:
            self.roomy, self._roomy = roomy, roomy
        if ends is not self._shift_ends:
            self._shift_ends, self.ends_known = ends, ends is not None
            if self.ends_known:
                self.shift_ends = ends
        return 0


cdef class Sides:
    """What the hold test needs of some agents first, side by side."""

    def __cinit__(self, Py_ssize_t count):
        self.of_each = <Side*> malloc(max(count, 1) * sizeof(Side))
        if not self.of_each:
            raise MemoryError

    def __dealloc__(self):
        free(self.of_each)


cdef class Members:
    """The available agents of a ground but for the barred (eligibility.There), under one weigher."""

    def __init__(self, there):
        ground = there.ground
        self.mask, self.known, self.has_at = ground.mask.view(np.uint8), len(ground.index), False
        self.barred = tuple([int(ground.index[place]) for place in there.barred])
        self._sides = {}

    cdef int follow(self, there) except -1:
        """`there` has them, and is not kept: it keeps this."""
        if not self.has_at:
            self.at, self.has_at = there.at, True
        return 0

    cdef Sides sides(self, Weigher weigher, Levels levels):
        """In the order of `at`."""
        found = self._sides.get(levels)
        if found is not None:
            return <Sides> found
        if len(self._sides) >= SIDES_REMEMBERED_MAX:
            self._sides.clear()
        cdef Py_ssize_t row, at
        cdef Sides made = Sides.__new__(Sides, self.at.shape[0])
        for row in range(self.at.shape[0]):
            at = self.at[row]
            made.of_each[row].at, made.of_each[row].level = at, levels.of_agent[at]
            made.of_each[row].speed, made.of_each[row].price = weigher.speed[at], weigher.price[at]
        self._sides[levels] = made
        return made


cdef Places with_room(
    Weigher weigher, there, Members members, Hands hands, int64_t units, bint stops, Py_ssize_t but
):
    """`seeking.with_room`; the hands follow the loads."""
    cdef const int32_t[::1] used = hands.firm if stops else hands.units
    cdef const int64_t[::1] among = hands.roomy
    cdef bint masked = among.shape[0] < members.known
    if not masked:
        members.follow(there)
        among = members.at
    cdef Py_ssize_t row, at, most = among.shape[0]
    cdef Places found = Places.__new__(Places, most)
    for row in range(most):
        at = among[row]
        if masked and not members.mask[at]:
            continue
        if used[at] + units > weigher.capacity[at] or at == but:
            continue
        if masked and members.barred and at in members.barred:
            continue
        found.at[found.count] = at
        found.count += 1
    return found


cdef Choice best_of(
    Weigher weigher, Places places, Hands hands, Asked asked, int64_t now_ms, int64_t bonus, tuple liked
):
    """`score.ranking_of` of those at the places, who are some; `liked`: places of those who get the bonus."""
    cdef Choice choice = Choice.__new__(Choice)
    cdef Py_ssize_t row, one
    cdef Best new
    cdef int place
    cdef bint some = len(liked) > 0
    choice.places, choice.count = places, 0
    for row in range(places.count):
        one = places.at[row]
        cost_at(weigher, asked, one, &new.terms)
        new.position, new.since = one, hands.idle_since[one]
        new.idle = max(now_ms - new.since, 0) * weigher.idle_micro if hands.units[one] == 0 else 0
        new.bonus = bonus if some and one in liked else 0
        new.score = new.terms.total - new.idle - new.bonus
        place = choice.count
        while place > 0 and _before(&new, &choice.best[place - 1]):
            place -= 1
        if place < TOLD:
            if choice.count < TOLD:
                choice.count += 1
            memmove(&choice.best[place + 1], &choice.best[place], (choice.count - 1 - place) * sizeof(Best))
            choice.best[place] = new
    return choice


def room(Weigher weigher, there, Members members, loads, int64_t units, bint stops, Py_ssize_t but):
    """`seeking.with_room`."""
    cdef Hands hands = loads.hands
    hands.follow(loads)
    return with_room(weigher, there, members, hands, units, stops, but).column()


def ranked(Weigher weigher, chosen, Hands hands, Asked asked, int64_t now_ms, int64_t bonus, tuple liked):
    """`score.ranking_of` of those at the places `chosen`, who are some."""
    return best_of(weigher, places_of(chosen), hands, asked, now_ms, bonus, liked)


cdef inline bint _before(Best* one, Best* other) noexcept nogil:
    """By score, then since when idle; who stands later in the roster is looked at later."""
    return one.score < other.score or (one.score == other.score and one.since < other.since)

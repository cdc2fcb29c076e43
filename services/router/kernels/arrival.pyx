# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""An arrival: who of a pool has room, what it costs at each, the best of them, and the hold test against the busy ones.

The compiled way of seeking.py and holding.py: the same operations in the same order, so the same bits, without an array
for each step. What must be told of a choice is kept for the three best only.
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


from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc
from libc.math cimport rint
from libc.string cimport memcpy, memmove

import numpy as np

from services.router.kernels.leaving cimport Leaving
from services.router.kernels.terms cimport Terms, weigh
from services.router.policy.hold import CANDIDATES_MAX

cdef enum:
    TOLD = 3
    WAITED_FOR_MAX = 64

if CANDIDATES_MAX != WAITED_FOR_MAX:  # an ImportError: numpy weighs then, and the router says why
    raise ImportError(f"compiled for {WAITED_FOR_MAX} who are waited for, not {CANDIDATES_MAX}")

_INT64 = np.dtype(np.int64)
LEVELS_REMEMBERED_MAX, SIDES_REMEMBERED_MAX = 64, 8


cdef class Row:
    """What a contact costs at one agent, as it is told; costs in micro-cs."""

    cdef Terms found
    cdef readonly Py_ssize_t position
    """Place in the roster."""
    cdef readonly int64_t score, idle, bonus

    @property
    def at(self):
        """As of a slate with one row."""
        return (self.position,)

    @property
    def terms(self):
        """In the order of `policy.cost.TERMS`."""
        cdef Terms* it = &self.found
        return (it.talk, it.price, it.authority_missing, it.not_resolved)

    @property
    def total(self):
        return self.found.total

    @property
    def talk_seconds(self):
        return self.found.talk_seconds

    @property
    def covers(self):
        return self.found.covers

    @property
    def skill(self):
        return self.found.skill

    @property
    def resolves(self):
        return self.found.resolves


cdef struct Best:
    int64_t score
    int64_t since
    Py_ssize_t position
    int64_t idle
    int64_t bonus
    Terms terms


cdef class Choice:
    """Who takes a contact best, of those at the places `at`: the three best, the first of them first."""

    cdef readonly object at
    cdef int count
    cdef Best best[TOLD]

    @property
    def cost(self):
        """C at the best."""
        return self.best[0].terms.total

    def rows(self):
        """The best and two runners-up."""
        found = []
        cdef int place
        for place in range(self.count):
            found.append(_row(&self.best[place]))
        return found


cdef Row _row(Best* best):
    cdef Row row = Row.__new__(Row)
    row.found, row.position = best.terms, best.position
    row.score, row.idle, row.bonus = best.score, best.idle, best.bonus
    return row


cdef class Hands:
    """What agents hold (loads.py): columns that are written to, and who has room, which is replaced."""

    cdef const int32_t[::1] units, firm
    cdef const int64_t[::1] idle_since, roomy
    cdef object _roomy

    def __init__(self, units, firm, idle_since):
        self.units, self.firm, self.idle_since = units, firm, idle_since

    cdef int follow(self, roomy) except -1:
        if roomy is not self._roomy:
            self.roomy, self._roomy = roomy, roomy
        return 0


cdef class Levels:
    """Authority of each agent for one kind of decision and currency."""

    cdef const int8_t[::1] of_agent

    def __init__(self, column):
        self.of_agent = column


cdef struct Side:
    double speed
    double price
    Py_ssize_t at
    Py_ssize_t level


cdef class Sides:
    """What `Weigher.nearly` needs of some agents, side by side."""

    cdef Side* of_each

    def __cinit__(self, Py_ssize_t count):
        self.of_each = <Side*> malloc(max(count, 1) * sizeof(Side))
        if not self.of_each:
            raise MemoryError

    def __dealloc__(self):
        free(self.of_each)


cdef class Members:
    """The available agents of a ground but for the barred (eligibility.There), under one weigher."""

    cdef const uint8_t[::1] mask
    cdef Py_ssize_t known
    cdef const int64_t[::1] at
    cdef bint has_at
    cdef tuple barred
    cdef dict _sides

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


cdef class Asked:
    """A contact as it is weighed: what follows from its need and its weight."""

    cdef Levels levels
    cdef Py_ssize_t count
    cdef double* shares
    cdef Py_ssize_t* topics
    cdef double* covers
    cdef double* resolved
    cdef double* missed
    cdef double seconds, weight, consult, failure

    def __cinit__(self, Py_ssize_t topics, Py_ssize_t levels):
        self.shares = <double*> malloc((topics + 3 * levels) * sizeof(double))
        self.topics = <Py_ssize_t*> malloc(max(topics, 1) * sizeof(Py_ssize_t))
        if not self.shares or not self.topics:
            raise MemoryError
        self.covers = self.shares + topics
        self.resolved = self.covers + levels
        self.missed = self.resolved + levels

    def __dealloc__(self):
        free(self.shares)
        free(self.topics)


cdef class Weigher:
    """One configuration, publication of beliefs and epoch of prices, as plain columns."""

    cdef object _columns, _roster
    cdef const double** resolves
    cdef const double[::1] speed, price
    cdef const int64_t[::1] rate
    cdef const int32_t[::1] capacity
    cdef double approver_free, consult_seconds, authority_call_cs, not_resolved_cs, highest, unknown
    cdef Py_ssize_t levels_max
    cdef int64_t idle_micro, margin_micro
    cdef double nearly_cs
    cdef dict _levels

    def __cinit__(self):
        self.resolves = NULL

    def __init__(self, roster, beliefs, tariff, rate, *, unknown, margin_micro, nearly_cs):
        """`unknown`: p without topics; `margin_micro`: who is cheaper by no more is not waited for; `nearly_cs`: more than
        costs that are not rounded differ by from those that are."""
        cdef const double[::1] column
        settings = roster.settings
        columns = [np.ascontiguousarray(one, dtype=np.float64) for one in beliefs.resolves]
        self._columns, self._roster = columns, roster
        self.resolves = <const double**> malloc(max(1, len(columns)) * sizeof(double*))
        if not self.resolves:
            raise MemoryError
        for at, one in enumerate(columns):
            column = one
            self.resolves[<Py_ssize_t> at] = &column[0] if column.shape[0] else NULL
        self.speed, self.price, self.rate = beliefs.speed, tariff.of_agent, rate
        self.capacity = roster.capacity
        self.approver_free, self.highest = beliefs.approver_free, tariff.highest
        self.consult_seconds, self.authority_call_cs = settings.consult_seconds, settings.authority_call_cs
        self.not_resolved_cs, self.levels_max = settings.not_resolved_cs, roster.levels_max
        self.idle_micro = round(settings.idle_cs * 1000)
        self.unknown, self.margin_micro, self.nearly_cs = unknown, margin_micro, nearly_cs
        self._levels = {}

    def __dealloc__(self):
        free(self.resolves)

    cdef Levels levels_of(self, decision_type, currency):
        key = (decision_type, currency)
        found = self._levels.get(key)
        if found is None:
            if len(self._levels) >= LEVELS_REMEMBERED_MAX:
                self._levels.clear()
            found = self._levels[key] = Levels(self._roster.level_column(decision_type, currency))
        return found

    def asked(self, need, list parts, double seconds, double weight):
        """`ledger.Ledger.task`: `parts` and `seconds` are the ledger's."""
        cdef Py_ssize_t at, level, place = 0, count = len(parts), levels = self.levels_max + 1
        cdef Asked asked = Asked.__new__(Asked, count, levels)
        cdef double total = 0.0, missing
        asked.count, asked.seconds, asked.weight = count, seconds, weight
        for at in range(count):
            asked.topics[at], asked.shares[at] = parts[at]
        cdef tuple named = need.levels
        cdef Py_ssize_t most = len(named)
        for level in range(levels):
            while place < most and named[place].level <= level:
                total += <double> named[place].weight
                place += 1
            asked.covers[level] = min(1.0, total) if most else 1.0
        asked.consult = self.consult_seconds * (weight + self.highest) + self.authority_call_cs * weight
        asked.failure = self.not_resolved_cs * weight
        for level in range(levels):
            missing = 1.0 - asked.covers[level]
            asked.resolved[level] = (asked.covers[level] + missing * self.approver_free) * asked.failure
            asked.missed[level] = missing
        asked.levels = self.levels_of(need.decision_type, need.currency)
        return asked

    cdef inline double skill(self, Asked asked, Py_ssize_t at) noexcept nogil:
        """p at one agent, mixed over the topics in their order."""
        cdef Py_ssize_t part
        cdef double found
        if asked.count == 0:
            return self.unknown
        found = asked.shares[0] * self.resolves[asked.topics[0]][at]
        for part in range(1, asked.count):
            found = found + asked.shares[part] * self.resolves[asked.topics[part]][at]
        return found

    cdef inline void cost(self, Asked asked, Py_ssize_t at, Terms* found) noexcept nogil:
        weigh(
            found,
            asked.covers[asked.levels.of_agent[at]],
            self.skill(asked, at),
            self.speed[at] * asked.seconds,
            asked.weight,
            self.price[at],
            self.approver_free,
            self.consult_seconds,
            asked.consult,
            asked.failure,
        )

    cdef inline double nearly(self, Asked asked, Side* side) noexcept nogil:
        """The cost in customer-seconds without rounding."""
        return (
            side.speed * asked.seconds * (asked.weight + side.price)
            + asked.missed[side.level] * (asked.consult + self.consult_seconds * side.price)
            + asked.failure
            - self.skill(asked, side.at) * asked.resolved[side.level]
        )

    def with_room(self, there, Members members, Hands hands, roomy, int64_t units, bint stops, Py_ssize_t but):
        """`seeking.with_room`."""
        hands.follow(roomy)
        cdef const int32_t[::1] used = hands.firm if stops else hands.units
        cdef const int64_t[::1] among = hands.roomy
        cdef bint masked = among.shape[0] < members.known
        if not masked:
            members.follow(there)
            among = members.at
        cdef Py_ssize_t row, at, count = 0, most = among.shape[0]
        cdef int64_t* found = <int64_t*> malloc(max(most, 1) * sizeof(int64_t))
        if not found:
            raise MemoryError
        cdef int64_t[::1] copied
        try:
            for row in range(most):
                at = among[row]
                if (
                    used[at] + units > self.capacity[at]
                    or at == but
                    or (masked and (not members.mask[at] or (members.barred and at in members.barred)))
                ):
                    continue
                found[count] = at
                count += 1
            result = np.empty(count, _INT64)
            if count:
                copied = result
                memcpy(&copied[0], found, count * sizeof(int64_t))
        finally:
            free(found)
        return result

    def best(self, chosen, Hands hands, Asked asked, int64_t now_ms, int64_t bonus, tuple liked):
        """`score.ranking_of` of those at the places `chosen`, who are some; `liked`: places of those who get the bonus."""
        cdef Choice choice = Choice.__new__(Choice)
        cdef const int64_t[::1] at = chosen
        cdef Py_ssize_t row, one
        cdef Best new
        cdef int place
        cdef bint some = len(liked) > 0
        choice.at, choice.count = chosen, 0
        for row in range(at.shape[0]):
            one = at[row]
            self.cost(asked, one, &new.terms)
            new.position, new.since = one, hands.idle_since[one]
            new.idle = max(now_ms - new.since, 0) * self.idle_micro if hands.units[one] == 0 else 0
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

    def cost_at(self, Py_ssize_t at, Asked asked):
        """What it costs at one agent."""
        cdef Best best
        best.position, best.score, best.idle, best.bonus = at, 0, 0, 0
        self.cost(asked, at, &best.terms)
        return _row(&best)

    def hold(
        self,
        there,
        Members members,
        Hands hands,
        Asked asked,
        int64_t units,
        bint stops,
        Py_ssize_t but,
        Py_ssize_t here,
        raising,
        int64_t best_cost,
        int64_t waiting_nano,
        Leaving leaving,
        double waited_seconds,
        double before,
        double second_cs,
        double left_seconds,
    ):
        """`holding.tested` against the busy agents, without the wait for a preferred one: None where nobody is cheaper,
        else whether it is held, the cost of it, its part for waiting, the seconds, how many agents, the cheapest.

        `leaving`: of who may leave, with -ln S `before` at what was waited; `second_cs`: what a second costs beside that.
        """
        cdef int64_t cost[WAITED_FOR_MAX + 1]
        cdef Py_ssize_t place_of[WAITED_FOR_MAX + 1]
        cdef double waits[WAITED_FOR_MAX]
        cdef double seconds[WAITED_FOR_MAX]
        cdef const uint8_t[::1] gains
        cdef const int32_t[::1] used = hands.firm if stops else hands.units
        cdef bint some = raising is not None
        cdef Py_ssize_t row, at, place, count = 0
        cdef int64_t limit = best_cost - self.margin_micro
        cdef double near_max = limit / 1e6 + self.nearly_cs
        cdef Terms terms
        members.follow(there)
        cdef Side* sides = members.sides(self, asked.levels).of_each
        if some:
            gains = raising.view(np.uint8)
        for row in range(members.at.shape[0]):
            if self.nearly(asked, &sides[row]) >= near_max:
                continue
            at = sides[row].at
            if at == here or (some and not gains[row]):
                continue
            if used[at] + units <= self.capacity[at] and at != but:
                continue
            self.cost(asked, at, &terms)
            if terms.total >= limit:
                continue
            place = _place(cost, count, terms.total)
            memmove(&cost[place + 1], &cost[place], (count - place) * sizeof(int64_t))
            memmove(&place_of[place + 1], &place_of[place], (count - place) * sizeof(Py_ssize_t))
            cost[place], place_of[place] = terms.total, at
            if count < WAITED_FOR_MAX:
                count += 1
            if count == WAITED_FOR_MAX:  # whoever costs as much and comes later is not among the first
                limit = cost[WAITED_FOR_MAX - 1]
                near_max = limit / 1e6 + self.nearly_cs
        if not count:
            return None
        cdef int64_t summed = 0
        for place in range(count):
            summed += self.rate[place_of[place]]
            seconds[place] = <double> waiting_nano / <double> summed
            waits[place] = seconds[place] * second_cs
        if leaving is not None:
            leaving.enough(count)
            for place in range(count):
                leaving.seconds[place] = seconds[place] + waited_seconds
            leaving.summed_up(count)
            for place in range(count):
                waits[place] = (leaving.seconds[place] - before) * asked.failure + waits[place]
        cdef double costs = 0.0, total, least = 0.0
        cdef Py_ssize_t least_at = -1
        summed = 0
        for place in range(count):
            waits[place] = rint(waits[place] * 1e6)
            summed += self.rate[place_of[place]]
            costs = costs + <double> cost[place] * <double> self.rate[place_of[place]]
            total = rint(costs / <double> summed) + waits[place]
            if least_at < 0 or total < least:
                least, least_at = total, place
        return (
            <int64_t> least < best_cost and seconds[least_at] < left_seconds,
            <int64_t> least,
            <int64_t> waits[least_at],
            seconds[least_at],
            least_at + 1,
            self.cost_at(place_of[0], asked),
        )


cdef inline bint _before(Best* one, Best* other) noexcept nogil:
    """By score, then since when idle; who stands later in the roster is looked at later."""
    return one.score < other.score or (one.score == other.score and one.since < other.since)


cdef inline Py_ssize_t _place(const int64_t* rising, Py_ssize_t count, int64_t value) noexcept nogil:
    """After all that are no greater."""
    cdef Py_ssize_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) >> 1
        if rising[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low

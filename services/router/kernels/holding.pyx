# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The hold test: who is busy and cheaper than the best free agent, and whether to wait for one of them pays.

The compiled way of `holding.tested`, but for the wait for a preferred agent. Costs as they are nearly leave out most of
the pool, by a bound on the chance of resolving first; the rest is weighed to the last micro-cs.
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


from libc.math cimport rint
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memmove

import numpy as np

from services.router.kernels.arrival cimport Best, Hands, Members, Row, Side, row_of
from services.router.kernels.leaving cimport Leaving
from services.router.kernels.terms cimport Terms
from services.router.kernels.weigher cimport Asked, Weigher, cost_at, skill_at
from services.router.policy.hold import CANDIDATES_MAX

cdef enum:
    WAITED_FOR_MAX = 64

if CANDIDATES_MAX != WAITED_FOR_MAX:  # an ImportError: numpy weighs then, and the router says why
    raise ImportError(f"compiled for {WAITED_FOR_MAX} who are waited for, not {CANDIDATES_MAX}")


cdef struct Cheapest:
    Py_ssize_t count
    int64_t cost[WAITED_FOR_MAX + 1]
    Py_ssize_t at[WAITED_FOR_MAX + 1]


cdef bint hold_test(
    Weigher weigher,
    there,
    Members members,
    Hands hands,
    Asked asked,
    int64_t units,
    bint stops,
    Py_ssize_t but,
    Py_ssize_t here,
    raising,
    Leaving leaving,
    Waiting* waiting,
    Held* found,
) except -1:
    """False where nobody is cheaper, else `found` has the comparison and the cheapest.

    `but`: who was asked just now, room or not; `here`: who would take it and is not waited for; -1 for nobody; `raising`: of
    the members, who gains something over the owner, None for everybody; `leaving`: of who may leave, with -ln S `before` at
    what was waited; `second_cs`: what a second costs beside that.
    """
    cdef Cheapest some
    _cheapest(weigher, there, members, hands, asked, units, stops, but, here, raising, waiting.best_cost, &some)
    if not some.count:
        return False
    cdef double waits[WAITED_FOR_MAX]
    cdef double seconds[WAITED_FOR_MAX]
    cdef Py_ssize_t place
    cdef int64_t summed = 0
    for place in range(some.count):
        summed += weigher.rate[some.at[place]]
        seconds[place] = <double> waiting.nano / <double> summed
        waits[place] = seconds[place] * waiting.second_cs
    if leaving is not None:
        leaving.enough(some.count)
        for place in range(some.count):
            leaving.seconds[place] = seconds[place] + waiting.waited_seconds
        leaving.summed_up(some.count)
        for place in range(some.count):
            waits[place] = (leaving.seconds[place] - waiting.before) * asked.failure + waits[place]
    cdef double costs = 0.0, total, least = 0.0
    cdef Py_ssize_t least_at = -1
    summed = 0
    for place in range(some.count):
        waits[place] = rint(waits[place] * 1e6)
        summed += weigher.rate[some.at[place]]
        costs = costs + <double> some.cost[place] * <double> weigher.rate[some.at[place]]
        total = rint(costs / <double> summed) + waits[place]
        if least_at < 0 or total < least:
            least, least_at = total, place
    found.held = <int64_t> least < waiting.best_cost and seconds[least_at] < waiting.left_seconds
    found.hold_cost, found.waiting_cost = <int64_t> least, <int64_t> waits[least_at]
    found.seconds, found.agents = seconds[least_at], least_at + 1
    found.first.position, found.first.score = some.at[0], 0
    found.first.idle, found.first.bonus, found.first.since = 0, 0, 0
    cost_at(weigher, asked, some.at[0], &found.first.terms)
    return True


cdef int _cheapest(
    Weigher weigher,
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
    Cheapest* some,
) except -1:
    """The busy agents who are cheaper than the best free one by more than the margin, the cheapest first, at most as many as
    the test looks at; of equals who stands earlier in the roster."""
    cdef const uint8_t[::1] gains
    cdef const int32_t[::1] used = hands.firm if stops else hands.units
    cdef bint gaining = raising is not None
    cdef Py_ssize_t row, at, place, members_count, part
    cdef int64_t limit = best_cost - weigher.margin_micro
    cdef double near_max = limit / 1e6 + weigher.nearly_cs, consult_seconds = weigher.consult_seconds
    cdef double near, skill_max = 0.0
    cdef Terms terms
    cdef Side* side
    members.follow(there)
    members_count = members.at.shape[0]
    cdef Side* sides = members.sides(weigher, asked.levels).of_each
    if gaining:
        gains = raising.view(np.uint8)
    for part in range(asked.count):
        skill_max += asked.shares[part] * weigher.highest_of[asked.topics[part]]
    if not asked.count:
        skill_max = weigher.unknown
    some.count = 0
    for row in range(members_count):
        side = &sides[row]
        near = (  # the cost in customer-seconds without rounding, but for what skill saves
            side.speed * asked.seconds * (asked.weight + side.price)
            + asked.missed[side.level] * (asked.consult + consult_seconds * side.price)
            + asked.failure
        )
        if near - skill_max * asked.resolved[side.level] >= near_max:
            continue
        at = side.at
        if near - skill_at(weigher, asked, at) * asked.resolved[side.level] >= near_max:
            continue
        if at == here or (gaining and not gains[row]):
            continue
        if used[at] + units <= weigher.capacity[at] and at != but:
            continue
        cost_at(weigher, asked, at, &terms)
        if terms.total >= limit:
            continue
        place = _place(some.cost, some.count, terms.total)
        memmove(&some.cost[place + 1], &some.cost[place], (some.count - place) * sizeof(int64_t))
        memmove(&some.at[place + 1], &some.at[place], (some.count - place) * sizeof(Py_ssize_t))
        some.cost[place], some.at[place] = terms.total, at
        if some.count < WAITED_FOR_MAX:
            some.count += 1
        if some.count == WAITED_FOR_MAX:  # whoever costs as much and comes later is not among the first
            limit = some.cost[WAITED_FOR_MAX - 1]
            near_max = limit / 1e6 + weigher.nearly_cs
    return 0


def tested(
    Weigher weigher,
    there,
    Members members,
    Hands hands,
    Asked asked,
    int64_t units,
    bint stops,
    tuple beside,
    Leaving leaving,
    tuple waiting,
):
    """`holding.tested` without the wait for a preferred agent: None where nobody is cheaper, else whether it is held, the cost
    of it, its part for waiting, the seconds, how many agents, the cheapest.

    `beside`: but, here, raising; `waiting`: the fields of `Waiting`."""
    cdef Waiting how
    cdef Held found
    but, here, raising = beside
    how.best_cost, how.nano, how.waited_seconds, how.before, how.second_cs, how.left_seconds = waiting
    if not hold_test(
        weigher, there, members, hands, asked, units, stops, but, here, raising, leaving, &how, &found
    ):
        return None
    return found.held, found.hold_cost, found.waiting_cost, found.seconds, found.agents, row_of(&found.first)


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

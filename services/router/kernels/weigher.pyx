# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What contacts cost at whom, ready to be asked: columns that last as long as a ledger, and a contact brought to them.

The compiled way of ledger.py: the same operations in the same order, so the same bits.
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

import numpy as np

from services.router.kernels.terms cimport rounded

LEVELS_REMEMBERED_MAX = 64


cdef class Levels:
    """Authority of each agent for one kind of decision and currency."""

    def __init__(self, column):
        self.column = column
        self.of_agent = &self.column[0] if self.column.shape[0] else NULL


@freelist(4)
cdef class Asked:
    """A contact as it is weighed: what follows from its need and its weight."""

    def __cinit__(self, Py_ssize_t topics, Py_ssize_t levels):
        self.shares = <double*> malloc((topics + 3 * levels) * sizeof(double) + topics * sizeof(Py_ssize_t))
        if not self.shares:
            raise MemoryError
        self.covers = self.shares + topics
        self.resolved = self.covers + levels
        self.missed = self.resolved + levels
        self.topics = <Py_ssize_t*> (self.missed + levels)

    def __dealloc__(self):
        free(self.shares)


cdef class Weigher:
    """One configuration, publication of beliefs and epoch of prices, as plain columns."""

    def __cinit__(self):
        self.resolves = NULL

    def __init__(self, roster, beliefs, tariff, rate, *, unknown, seconds_unknown, margin_micro, nearly_cs):
        """`unknown`, `seconds_unknown`: p and T without topics; `margin_micro`: who is cheaper by no more is not waited for;
        `nearly_cs`: more than costs that are not rounded differ by from those that are."""
        cdef Py_ssize_t at, topics = len(beliefs.resolves)
        settings = roster.settings
        columns = [np.ascontiguousarray(one, dtype=np.float64) for one in beliefs.resolves]
        highest = np.array([one.max() if len(one) else 0.0 for one in columns])
        self.kept = (columns, highest, beliefs.speed, tariff.of_agent, beliefs.handle_seconds, rate, roster.capacity)
        self.resolves = <const double**> malloc(max(1, topics) * sizeof(double*))
        if not self.resolves:
            raise MemoryError
        for at in range(topics):
            self.resolves[at] = _doubles(columns[at])
        self.highest_of, self.speed, self.price = _doubles(highest), _doubles(beliefs.speed), _doubles(tariff.of_agent)
        self.handle_seconds = _doubles(beliefs.handle_seconds)
        cdef const int64_t[::1] rates = rate
        cdef const int32_t[::1] capacity = roster.capacity
        self.agents = capacity.shape[0]
        self.rate = &rates[0] if self.agents else NULL
        self.capacity = &capacity[0] if self.agents else NULL
        self.roster, self.prices = roster, tariff.of_agent
        self.approver_free, self.highest = beliefs.approver_free, tariff.highest
        self.consult_seconds, self.authority_call_cs = settings.consult_seconds, settings.authority_call_cs
        self.not_resolved_cs, self.levels_max = settings.not_resolved_cs, roster.levels_max
        self.idle_micro = round(settings.idle_cs * 1000)
        self.unknown, self.seconds_unknown = unknown, seconds_unknown
        self.margin_micro, self.nearly_cs = margin_micro, nearly_cs
        self.topic_columns = {topic_id: column for column, topic_id in enumerate(roster.topics)}
        self.levels_known = {}

    def __dealloc__(self):
        free(self.resolves)

    cdef Levels levels_of(self, decision_type, currency):
        key = (decision_type, currency)
        found = self.levels_known.get(key)
        if found is None:
            if len(self.levels_known) >= LEVELS_REMEMBERED_MAX:
                self.levels_known.clear()
            found = self.levels_known[key] = Levels(self.roster.level_column(decision_type, currency))
        return <Levels> found

    def asked(self, need, double weight):
        """`ledger.Ledger.task`."""
        return self.asked_for(need, weight)

    cdef Asked asked_for(self, need, double weight):
        cdef tuple named = need.topics, by_level = need.levels
        cdef Py_ssize_t levels = self.levels_max + 1, known = len(self.topic_columns), most = len(by_level)
        cdef Py_ssize_t count = 0, place = 0, level, above
        cdef double total = 0.0, seconds = 0.0, missing
        cdef Asked asked = Asked.__new__(Asked, len(named) or known, levels)
        asked.weight = weight
        if named:
            for topic in named:
                column = self.topic_columns.get(topic.topic_id)
                if column is not None:
                    asked.topics[count], asked.shares[count] = column, topic.weight
                    count += 1
        else:
            for count in range(known):
                asked.topics[count], asked.shares[count] = count, 1.0 / <double> known
            count = known
        asked.count = count
        for place in range(count):
            seconds += asked.shares[place] * self.handle_seconds[asked.topics[place]]
        asked.seconds = seconds if seconds != 0.0 else self.seconds_unknown
        place = 0
        part = by_level[0] if most else None
        above = part.level if most else 0
        for level in range(levels):
            while place < most and above <= level:
                total += <double> part.weight
                place += 1
                if place < most:
                    part = by_level[place]
                    above = part.level
            asked.covers[level] = min(1.0, total) if most else 1.0
        asked.consult = self.consult_seconds * (weight + self.highest) + self.authority_call_cs * weight
        asked.failure = self.not_resolved_cs * weight
        for level in range(levels):
            missing = 1.0 - asked.covers[level]
            asked.resolved[level] = (asked.covers[level] + missing * self.approver_free) * asked.failure
            asked.missed[level] = missing
        asked.levels = self.levels_of(need.decision_type, need.currency)
        return asked


cdef const double* _doubles(column) except? NULL:
    """Where the numbers of a column stand, which somebody keeps alive; NULL where there are none."""
    cdef const double[::1] view = column
    return &view[0] if view.shape[0] else NULL


def rounded_as_told(double value):
    """`round(value, 6)`, as the compiled way rounds what is told."""
    return rounded(value)

# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""A freed agent: the dearest of the plain heads that it may take.

The compiled way of `picking.look_at_all`: the same operations in the same order on the columns of board.py, a head at a
time. The rows that were found stay here between the live heads and the deferrable ones, asked for only where no live one is.
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
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

import numpy as np

cdef extern from *:
    """
    /* Which byte of a word is the first in memory with its one bit set; the bit is cleared. */
    static inline int frontdesk_first_of(uint64_t* word) {
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        int at = __builtin_clzll(*word);
        *word &= ~(1ULL << (63 - at));
    #else
        int at = __builtin_ctzll(*word);
        *word &= *word - 1;
    #endif
        return at >> 3;
    }
    """
    int first_of "frontdesk_first_of"(uint64_t* word) noexcept nogil

from services.router.kernels.leaving cimport Leaving
from services.router.kernels.terms cimport Terms, weigh


cdef struct Head:
    Py_ssize_t row
    Py_ssize_t place
    bint deferrable
    double waited
    double target
    double ahead
    double worth
    double near


cdef class Heads:
    """The columns of a board, until it has other ones."""

    cdef const int64_t[::1] since, base, key, decision, units, rate_sum, waiting
    cdef const double[::1] weight, consult, failure, seconds, target, mean
    cdef const double[:, ::1] shares, covers, chances
    cdef const int64_t[:, ::1] parts
    cdef const uint8_t[::1] call, loyal, flexible, mail, plain
    cdef const uint8_t[:, ::1] bits
    cdef double approver_free, consult_seconds, guard_targets, urgent_share, deferrable_cs, late_cs, factor, close
    cdef Head* found
    cdef Py_ssize_t count, room

    def __cinit__(self):
        self.found, self.count, self.room = NULL, 0, 0

    def __init__(self, board, chances, double approver_free, settings, double close):
        """`chances`: p, agents by topics; `close`: heads whose worth is nearer to the greatest are told too, in micro-cs."""
        self.since, self.base, self.key, self.decision = board.since, board.base, board.key, board.decision
        self.units, self.rate_sum, self.waiting = board.units, board.rate_sum, board.waiting
        self.weight, self.consult, self.failure = board.weight, board.consult, board.failure
        self.seconds, self.target, self.mean = board.seconds, board.target, board.mean
        self.shares, self.covers, self.parts, self.chances = board.shares, board.covers, board.parts, chances
        self.call, self.loyal = board.call.view(np.uint8), board.loyal.view(np.uint8)
        self.flexible, self.mail = board.flexible.view(np.uint8), board.mail.view(np.uint8)
        self.plain, self.bits = board.plain.view(np.uint8), board.bits
        self.approver_free, self.close = approver_free, close
        self.consult_seconds, self.guard_targets = settings.consult_seconds, settings.guard_targets
        self.urgent_share, self.factor = settings.urgent_share, settings.shift_end_factor
        self.deferrable_cs, self.late_cs = settings.deferrable_cs, settings.deferrable_late_cs
        self.room = self.since.shape[0]
        self.found = <Head*> malloc(max(self.room, 1) * sizeof(Head))
        if not self.found:
            raise MemoryError

    def __dealloc__(self):
        free(self.found)

    cdef Py_ssize_t may_take(self, Py_ssize_t at, Py_ssize_t rows) noexcept nogil:
        """Notes which of the first `rows` rows the agent at this place may take, rising, eight at a time; how many."""
        cdef const uint8_t* bits = &self.bits[at >> 3, 0]
        cdef uint8_t bit = 1 << (at & 7)
        cdef uint64_t word, mine = <uint64_t> 0x0101010101010101 * bit
        cdef Py_ssize_t row = 0, count = 0
        while row + 8 <= rows:
            memcpy(&word, bits + row, 8)
            word &= mine
            while word:
                self.found[count].row = row + first_of(&word)
                count += 1
            row += 8
        while row < rows:
            if bits[row] & bit:
                self.found[count].row = row
                count += 1
            row += 1
        return count

    def look(
        self,
        Py_ssize_t at,
        Py_ssize_t rows,
        int64_t now_ms,
        int64_t room,
        int64_t room_call,
        double email_factor,
        tuple left_out,
    ):
        """Finds the first `rows` heads that the agent at this place may take, those of `left_out` never.

        The rows of the oldest over the guard, if any is over it; whether some are live, whether some are deferrable.
        """
        cdef Py_ssize_t place, row, most = self.may_take(at, rows)
        cdef int64_t waited, oldest = 0
        cdef double target
        cdef bint guarded = False, some = len(left_out) > 0, live = False, deferrable = False
        cdef Head* head
        self.count = 0
        for place in range(most):
            row = self.found[place].row
            if (
                not self.plain[row]
                or self.units[row] > (room_call if self.call[row] else room)
                or (some and row in left_out)
            ):
                continue
            waited, target = now_ms - self.base[row], self.target[row]
            if self.mail[row]:
                target = email_factor * target
            if <double> waited > self.guard_targets * target:
                if not guarded or self.since[row] < oldest:
                    oldest = self.since[row]
                guarded = True
            # Those that stay move to the front; none is asked for again once some have.
            head = &self.found[self.count]
            head.row, head.waited, head.target = row, waited, target
            head.deferrable = self.flexible[row] and <double> waited <= rint(self.urgent_share * target)
            live, deferrable = live or not head.deferrable, deferrable or head.deferrable
            self.count += 1
        if not guarded:
            return None, live, deferrable
        old = []
        for row in range(self.count):
            head = &self.found[row]
            if head.waited > self.guard_targets * head.target and self.since[head.row] == oldest:
                old.append(head.row)
        return old, live, deferrable

    def dearest(
        self,
        bint deferrable,
        bint mail_only,
        Py_ssize_t at,
        const int64_t[::1] levels,
        double speed,
        double price,
        left_ms,
        tuple leavings,
    ):
        """The rows worth most of those found, live or deferrable, and what each is worth but for the mean.

        `levels`: the agent's by kind of decision; `left_ms`: until its shift ends, None where that does not matter.
        """
        cdef Leaving others = leavings[0], loyal = leavings[1], leaving
        cdef Py_ssize_t place, row, part, topics, count = 0, calls = 0, loyals = 0
        cdef bint ends = left_ms is not None
        cdef double left = left_ms if ends else 0.0
        cdef double skill, ahead, found, most = 0.0, over, hours
        cdef Terms terms
        cdef Head* head
        cdef Head* kept
        others.enough(2 * self.count)
        loyal.enough(2 * self.count)
        topics = self.parts.shape[1]
        for place in range(self.count):
            head = &self.found[place]
            row = head.row
            if head.deferrable != deferrable or (mail_only and not self.mail[row]):
                continue
            skill = self.shares[row, 0] * self.chances[at, self.parts[row, 0]]
            for part in range(1, topics):
                if self.shares[row, part] == 0.0:
                    break
                skill = skill + self.shares[row, part] * self.chances[at, self.parts[row, part]]
            weigh(
                &terms,
                self.covers[row, levels[self.decision[row]]],
                skill,
                speed * self.seconds[row],
                self.weight[row],
                price,
                self.approver_free,
                self.consult_seconds,
                self.consult[row],
                self.failure[row],
            )
            if ends and not self.factor * terms.talk_seconds * 1000 < left:
                continue
            ahead = <double> (max(self.waiting[self.key[row]], 1) * 1000000000) / <double> max(self.rate_sum[row], 1)
            # The heads that are kept move to the front; none is asked for again once some are.
            kept = &self.found[count]
            if kept != head:
                kept.row, kept.waited, kept.target, kept.deferrable = row, head.waited, head.target, deferrable
            kept.ahead, kept.worth, kept.place = ahead, -(<double> terms.total), -1
            if self.call[row]:
                found = max(kept.waited / 1000, 0.0)
                over = max(ahead, 1e-6)
                if self.loyal[row]:
                    kept.place, leaving = loyals, loyal
                    loyals += 2
                else:
                    kept.place, leaving = calls, others
                    calls += 2
                leaving.seconds[kept.place] = found
                leaving.seconds[kept.place + 1] = found + over
            count += 1
        if not count:
            return None
        if calls:
            others.summed_up(calls)
        if loyals:
            loyal.summed_up(loyals)
        for place in range(count):
            head = &self.found[place]
            row = head.row
            if self.flexible[row]:
                hours = max(0.0, head.waited / 1000 - 3600.0) / 3600.0
                found = self.weight[row] * (self.deferrable_cs + self.late_cs * hours)
            else:
                found = self.weight[row] * (1.0 + (head.waited / 1000) / (head.target / 1000))
                if head.place >= 0:
                    leaving = loyal if self.loyal[row] else others
                    over = leaving.seconds[head.place + 1] - leaving.seconds[head.place]
                    over = rint(max(over, 0.0) / max(head.ahead, 1e-6) * 1e9) / 1e9
                    found = found + self.failure[row] * over
            head.worth = rint(found * head.ahead * 1e6) + head.worth
            head.near = head.worth + self.mean[row]
            if place == 0 or head.near > most:
                most = head.near
        rows, worth = [], []
        for place in range(count):
            head = &self.found[place]
            if head.near >= most - self.close:
                rows.append(head.row)
                worth.append(<int64_t> head.worth)
        return rows, worth

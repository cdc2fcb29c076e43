# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""-ln S of many waits at once: policy/hazard.py and policy/patience.py, the same operations on plain numbers.

The logarithm is numpy's own, called once for all of them, for the C library's may differ in the last bit.
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


from libc.math cimport log
from libc.stdint cimport int64_t

import numpy as np

from services.router.policy.hazard import GammaPatience
from services.router.policy.patience import BIN_SECONDS, FittedPatience

cdef double BIN = BIN_SECONDS
cdef object _LOG = np.log
cdef enum:
    ROOM_FIRST = 64


cdef class Leaving:
    """Of one `Patience`, with room for the numbers that go in and come out."""

    def __init__(self, patience):
        self._other, self.shape, self.scale, self.room = None, 0, 1.0, 0
        if isinstance(patience, GammaPatience):
            self.shape, self.scale = patience.shape, patience.scale_seconds
        elif isinstance(patience, FittedPatience):
            self.summed, self.rate = patience.summed, patience.rate
        else:
            self._other = patience
        self.enough(ROOM_FIRST)

    cdef int enough(self, Py_ssize_t count) except -1:
        """Room for so many."""
        if count > self.room:
            self.room = max(count, 2 * self.room)
            self._inside, self._seconds = np.ones(self.room), np.ones(self.room)
            self._parts = [self._inside[:some] for some in range(ROOM_FIRST + 1)]
            self.inside, self.seconds = self._inside, self._seconds
        return 0

    cdef int summed_up(self, Py_ssize_t count) except -1:
        """In place of each of `seconds`, its -ln S."""
        cdef Py_ssize_t at, bin_at, last
        cdef int k
        cdef double x, total
        if self._other is not None:
            self._seconds[:count] = self._other.left_shares_log(self._seconds[:count])
        elif self.shape == 0:
            last = self.rate.shape[0] - 1
            for at in range(count):
                x = self.seconds[at]
                bin_at = <int64_t> min(x / BIN, <double> last)
                self.seconds[at] = self.summed[bin_at] + (x - bin_at * BIN) * self.rate[bin_at]
        else:
            for at in range(count):
                x = self.seconds[at] / self.scale
                self.seconds[at] = x
                if self.shape > 1:
                    total = x / (self.shape - 1)
                    total += 1.0
                    for k in range(self.shape - 2, 0, -1):
                        total *= x
                        if k > 1:
                            total /= k
                        total += 1.0
                    self.inside[at] = total
            if self.shape > 1:
                inside = self._parts[count] if count <= ROOM_FIRST else self._inside[:count]
                _LOG(inside, inside)
                for at in range(count):
                    self.seconds[at] -= self.inside[at]
        return 0

    cdef double at_once(self, double seconds) except? -1:
        """-ln S of one wait, as `Patience.left_share_log` has it: by the C library's logarithm, which is Python's."""
        cdef double x, total = 1.0
        cdef Py_ssize_t at, last
        cdef int k
        if self._other is not None:
            return self._other.left_share_log(seconds)
        if self.shape == 0:
            last = self.rate.shape[0] - 1
            at = <Py_ssize_t> min(seconds / BIN, <double> last)
            return self.summed[at] + (seconds - at * BIN) * self.rate[at]
        x = seconds / self.scale
        for k in range(self.shape - 1, 0, -1):
            total = total * x / k + 1.0
        return x - log(total)

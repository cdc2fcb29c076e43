# The hold test of one contact against the busy agents who may take it.

from libc.stdint cimport int64_t

from services.router.kernels.arrival cimport Best, Hands, Members
from services.router.kernels.leaving cimport Leaving
from services.router.kernels.weigher cimport Asked, Weigher


cdef struct Waiting:
    int64_t best_cost
    int64_t nano
    double waited_seconds
    double before
    double second_cs
    double left_seconds


cdef struct Held:
    bint held
    int64_t hold_cost
    int64_t waiting_cost
    double seconds
    Py_ssize_t agents
    Best first


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
) except -1

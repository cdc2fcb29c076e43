# Who may take a contact and who of them has room, as places in the roster, and the best of those.

from libc.stdint cimport int32_t, int64_t, uint8_t

from services.router.kernels.terms cimport Terms
from services.router.kernels.weigher cimport Asked, Levels, Weigher

cdef enum:
    TOLD = 3


cdef struct Best:
    int64_t score
    int64_t since
    Py_ssize_t position
    int64_t idle
    int64_t bonus
    Terms terms


cdef class Row:
    cdef Best best


cdef class Places:
    cdef int64_t* at
    cdef Py_ssize_t count


cdef class Choice:
    cdef Places places
    cdef int count
    cdef Best best[TOLD]


cdef class Hands:
    cdef const int32_t[::1] units, firm
    cdef const int64_t[::1] idle_since, roomy, shift_ends
    cdef object _roomy, _shift_ends
    cdef bint ends_known
    cdef int follow(self, loads) except -1


cdef struct Side:
    double speed
    double price
    Py_ssize_t at
    Py_ssize_t level


cdef class Sides:
    cdef Side* of_each


cdef class Members:
    cdef const uint8_t[::1] mask
    cdef Py_ssize_t known
    cdef const int64_t[::1] at
    cdef bint has_at
    cdef tuple barred
    cdef dict _sides
    cdef int follow(self, there) except -1
    cdef Sides sides(self, Weigher weigher, Levels levels)


cdef Row row_of(Best* best)
cdef Places places_of(column)
cdef Places with_room(
    Weigher weigher, there, Members members, Hands hands, int64_t units, bint stops, Py_ssize_t but
)
cdef Choice best_of(
    Weigher weigher, Places places, Hands hands, Asked asked, int64_t now_ms, int64_t bonus, tuple liked
)

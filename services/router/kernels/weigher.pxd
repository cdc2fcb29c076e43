# A configuration, a publication of beliefs and an epoch of prices as plain columns, and a contact as it is weighed with them.

from libc.stdint cimport int8_t, int32_t, int64_t

from services.router.kernels.terms cimport Terms, weigh


cdef class Levels:
    cdef const int8_t[::1] column
    cdef const int8_t* of_agent


cdef class Asked:
    cdef Levels levels
    cdef Py_ssize_t count
    cdef double* shares
    cdef Py_ssize_t* topics
    cdef double* covers
    cdef double* resolved
    cdef double* missed
    cdef double seconds, weight, consult, failure


cdef class Weigher:
    cdef object roster, prices
    cdef tuple kept
    cdef dict topic_columns, levels_known
    cdef const double** resolves
    cdef const double* highest_of
    cdef const double* speed
    cdef const double* price
    cdef const double* handle_seconds
    cdef const int64_t* rate
    cdef const int32_t* capacity
    cdef double approver_free, consult_seconds, authority_call_cs, not_resolved_cs, highest, unknown
    cdef double seconds_unknown, nearly_cs
    cdef Py_ssize_t levels_max, agents
    cdef int64_t idle_micro, margin_micro
    cdef Asked asked_for(self, need, double weight)
    cdef Levels levels_of(self, decision_type, currency)


cdef inline double skill_at(Weigher weigher, Asked asked, Py_ssize_t at) noexcept nogil:
    """p at one agent, mixed over the topics in their order."""
    cdef Py_ssize_t part
    cdef double found
    if asked.count == 0:
        return weigher.unknown
    found = asked.shares[0] * weigher.resolves[asked.topics[0]][at]
    for part in range(1, asked.count):
        found = found + asked.shares[part] * weigher.resolves[asked.topics[part]][at]
    return found


cdef inline void cost_at(Weigher weigher, Asked asked, Py_ssize_t at, Terms* found) noexcept nogil:
    weigh(
        found,
        asked.covers[asked.levels.of_agent[at]],
        skill_at(weigher, asked, at),
        weigher.speed[at] * asked.seconds,
        asked.weight,
        weigher.price[at],
        weigher.approver_free,
        weigher.consult_seconds,
        asked.consult,
        asked.failure,
    )

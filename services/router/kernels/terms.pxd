# What a contact costs at one agent, term by term in the order of policy/cost.py: the same operations, the same bits.

from libc.math cimport fabs, rint
from libc.stdint cimport int64_t

cdef struct Terms:
    double talk_seconds
    double covers
    double skill
    double resolves
    int64_t talk
    int64_t price
    int64_t authority_missing
    int64_t not_resolved
    int64_t total


cdef inline int64_t micro(double cs) noexcept nogil:
    """Whole micro-cs; halves go to the even one, as np.rint rounds."""
    return <int64_t> rint(cs * 1e6)


cdef inline void weigh(
    Terms* found,
    double covers,
    double skill,
    double talk_seconds,
    double weight,
    double price,
    double approver_free,
    double consult_seconds,
    double consult,
    double failure,
) noexcept nogil:
    """`policy.cost.weighed_with` of one agent and one contact."""
    cdef double missing = 1.0 - covers
    cdef double resolves = skill * (covers + missing * approver_free)
    found.talk_seconds, found.covers, found.skill, found.resolves = talk_seconds, covers, skill, resolves
    found.talk = micro(talk_seconds * weight)
    found.price = micro(talk_seconds * price)
    found.authority_missing = micro(missing * (consult + consult_seconds * price))
    found.not_resolved = micro((1.0 - resolves) * failure)
    found.total = found.talk + found.price + found.authority_missing + found.not_resolved


cdef inline double rounded(double value) except? -1:
    """`round(value, 6)`: where the sixth digit is beyond doubt by a division, which is exact to the last bit; else by Python."""
    cdef double many = value * 1e6, whole = rint(many)
    if fabs(many) < 1e12 and fabs(many - whole) < 0.499:
        return whole / 1e6
    return round(value, 6)

# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Lanes with an entry put in by compiled code: what services/router/waiting.py says, chunk for chunk."""

cdef extern from *:
    """
    #ifndef FRONTDESK_SOURCES
    #define FRONTDESK_SOURCES ""
    #endif
    """
    const char* FRONTDESK_SOURCES

SOURCES = FRONTDESK_SOURCES.decode()
"""Digest of what this was built from (services/contract/kernels/sources.py)."""

from cpython.object cimport PyObject

cdef extern from "Python.h":
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject* PyTuple_GET_ITEM(object, Py_ssize_t)
    void PyTuple_SET_ITEM(object, Py_ssize_t, PyObject*)
    tuple PyTuple_New(Py_ssize_t)
    void INC "Py_INCREF"(PyObject*)

cdef enum:
    CHUNK_MAX = 128         # waiting.py


cdef tuple part(tuple whole, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t at, object entry):
    """The items from `begin` to `end` of the tuple with the entry put in before item `at` of it; -1 puts none in."""
    cdef Py_ssize_t count = end - begin, number, source = begin
    cdef tuple made = PyTuple_New(count + (at >= 0))
    cdef PyObject* one
    for number in range(count + (at >= 0)):
        if at >= 0 and number == at - begin:
            one = <PyObject*>entry
        else:
            one = PyTuple_GET_ITEM(whole, source)
            source += 1
        INC(one)
        PyTuple_SET_ITEM(made, number, one)
    return made


cdef tuple with_chunks(tuple lane, Py_ssize_t at, tuple chunk, tuple more):
    """The lane with another chunk at a place, and one more behind it where there is one."""
    cdef Py_ssize_t count = PyTuple_GET_SIZE(lane) + (more is not None), number
    cdef tuple made = PyTuple_New(count)
    cdef PyObject* one
    for number in range(count):
        if number == at:
            one = <PyObject*>chunk
        elif number == at + 1 and more is not None:
            one = <PyObject*>more
        else:
            one = PyTuple_GET_ITEM(lane, number - (number > at and more is not None))
        INC(one)
        PyTuple_SET_ITEM(made, number, one)
    return made


def joined(tuple lane not None, tuple entry not None):
    """waiting.py, `joined_by_python`."""
    cdef Py_ssize_t at = PyTuple_GET_SIZE(lane) - 1, last = at, low, high, middle, count, cut
    if at < 0:
        return ((entry,),)
    while at and entry < (<tuple>lane[at])[0]:
        at -= 1
    cdef tuple chunk = lane[at]
    count = PyTuple_GET_SIZE(chunk)
    if count == 0:
        raise ValueError("a lane's chunk is empty")
    low, high = 0, count
    if not entry < chunk[count - 1]:
        low = count
    while low < high:
        middle = (low + high) // 2
        if entry < chunk[middle]:
            high = middle
        else:
            low = middle + 1
    if count < CHUNK_MAX:
        return with_chunks(lane, at, part(chunk, 0, count, low, entry), None)
    cut = CHUNK_MAX if at == last and low == count else (count + 1) // 2
    chunk = part(chunk, 0, count, low, entry)
    return with_chunks(lane, at, part(chunk, 0, cut, -1, None), part(chunk, cut, count + 1, -1, None))

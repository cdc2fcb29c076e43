# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Values written as the `repr` of nested tuples by compiled code, byte for byte what canonical.py of the router writes.

The router takes digests of its state over these bytes. Python makes a tuple of each record and a string of each of its fields for
that; here the bytes go to one buffer. Whatever is out of the ordinary (a text with quotes or accents, a huge number, a kind of
value that is not known here) is written by Python, errors included.
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

from types import MemberDescriptorType

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from libc.string cimport memcpy, strlen

cdef extern from "Python.h":
    """
    #include "structmember.h"
    """
    ctypedef struct PyMemberDef:
        int type
        int flags
        Py_ssize_t offset
    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member
    int T_OBJECT_EX, Py_DTSF_ADD_DOT_0
    bint PyUnicode_IS_COMPACT_ASCII(object)
    const unsigned char* PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    char* PyOS_double_to_string(double, char, int, int, int*) except NULL
    double PyFloat_AS_DOUBLE(object)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject* PyDict_GetItemWithError(object, object) except? NULL
    bint PyLong_Check(object)
    bint PyTuple_Check(object)
    int Py_EnterRecursiveCall(const char*) except *
    void Py_LeaveRecursiveCall()

cdef enum:
    ROOM_FIRST = 4096
    NUMBER_MAX = 24

cdef struct Text:
    char* data
    Py_ssize_t used, room


cdef char* _room_for(Text* text, Py_ssize_t size) except NULL:
    """Where so many bytes may be written; the caller adds them to what is used."""
    cdef Py_ssize_t room = text.room
    cdef char* data
    if text.used + size > room:
        while text.used + size > room:
            room *= 2
        data = <char*>PyMem_Realloc(text.data, room)
        if data == NULL:
            raise MemoryError()
        text.data, text.room = data, room
    return text.data + text.used


cdef int _put(Text* text, const char* piece, Py_ssize_t size) except -1:
    memcpy(_room_for(text, size), piece, size)
    text.used += size
    return 0


cdef int _put_repr(Text* text, value) except -1:
    """As Python writes it."""
    cdef Py_ssize_t size
    cdef str written = repr(value)
    cdef const char* data = PyUnicode_AsUTF8AndSize(written, &size)
    return _put(text, data, size)


cdef int _put_str(Text* text, value) except -1:
    cdef Py_ssize_t size, at
    cdef const unsigned char* data
    cdef char* place
    cdef unsigned char one
    if not PyUnicode_IS_COMPACT_ASCII(value):
        return _put_repr(text, value)
    size, data = PyUnicode_GET_LENGTH(value), PyUnicode_1BYTE_DATA(value)
    place = _room_for(text, size + 2)
    place[0] = b"'"
    for at in range(size):
        one = data[at]
        if one < 0x20 or one > 0x7E or one == 0x27 or one == 0x5C:  # quotes and backslashes are escaped
            return _put_repr(text, value)
        place[at + 1] = <char>one
    place[size + 1] = b"'"
    text.used += size + 2
    return 0


cdef int _put_int(Text* text, value) except -1:
    """An int, or the number of a member of an enumeration."""
    cdef int beyond = 0
    cdef char* place
    cdef long long number = PyLong_AsLongLongAndOverflow(value, &beyond)
    cdef unsigned long long rest
    cdef char[NUMBER_MAX] digits
    cdef int at = NUMBER_MAX
    if beyond:
        return _put_repr(text, int(value))
    rest = <unsigned long long>number if number >= 0 else 0 - <unsigned long long>number
    while True:
        at -= 1
        digits[at] = <char>(48 + rest % 10)
        rest //= 10
        if not rest:
            break
    if number < 0:
        at -= 1
        digits[at] = b"-"
    return _put(text, digits + at, NUMBER_MAX - at)


cdef int _put_float(Text* text, value) except -1:
    cdef char* written = PyOS_double_to_string(PyFloat_AS_DOUBLE(value), b"r", 0, Py_DTSF_ADD_DOT_0, NULL)
    try:
        return _put(text, written, strlen(written))
    finally:
        PyMem_Free(written)


cdef int _put_scalar(Text* text, value) except -1:
    """A number, a string, bytes or None as it is."""
    kind = type(value)
    if kind is str:
        return _put_str(text, value)
    if kind is int:
        return _put_int(text, value)
    if value is None:
        return _put(text, b"None", 4)
    if value is True:
        return _put(text, b"True", 4)
    if value is False:
        return _put(text, b"False", 5)
    if kind is float:
        return _put_float(text, value)
    return _put_repr(text, value)


cdef class _Fields:
    """Where a class keeps its fields, and which of them hold more than a number or a string. `kept` owns the descriptors."""
    cdef Py_ssize_t count
    cdef Py_ssize_t* places     # NULL where they are not in slots: then `getter` reads them
    cdef bint* deep
    cdef object getter, kept

    def __cinit__(self, tuple names, tuple deep, getter, kind):
        cdef PyMemberDef* member
        cdef Py_ssize_t at
        self.count, self.getter = len(names), getter
        self.deep = <bint*>PyMem_Malloc(max(1, self.count) * sizeof(bint))
        self.places = <Py_ssize_t*>PyMem_Malloc(max(1, self.count) * sizeof(Py_ssize_t))
        if not (self.deep and self.places):
            raise MemoryError()
        self.kept = [getattr(kind, name, None) for name in names]
        for at in range(self.count):
            self.deep[at] = at in deep
        for at in range(self.count):
            if type(self.kept[at]) is MemberDescriptorType:
                member = (<PyMemberDescrObject*><PyObject*>self.kept[at]).d_member
                if member.type == T_OBJECT_EX and not member.flags and member.offset > 0:
                    self.places[at] = member.offset
                    continue
            PyMem_Free(self.places)
            self.places = NULL
            return

    def __dealloc__(self):
        PyMem_Free(self.places)
        PyMem_Free(self.deep)


cdef class Writer:
    """Writes values. `by_python` answers the nested tuples, `is_map` which classes are maps, `planned(kind)` the names of a dataclass's
    fields, which of them are deep, and what reads them all; None for what is no dataclass."""
    cdef object by_python, is_map, planned
    cdef dict fields
    cdef object _array

    def __init__(self, by_python, is_map, planned, array):
        self.by_python, self.is_map, self.planned, self._array = by_python, is_map, planned, array
        self.fields = {}

    def text(self, value):
        """`repr` of the nested tuples, in UTF-8."""
        cdef Text text
        text.data, text.used, text.room = <char*>PyMem_Malloc(ROOM_FIRST), 0, ROOM_FIRST
        if text.data == NULL:
            raise MemoryError()
        try:
            self._value(&text, value)
            return PyBytes_FromStringAndSize(text.data, text.used)
        finally:
            PyMem_Free(text.data)

    def entry(self, key, value):
        """A key and its value, one behind the other, and a semicolon."""
        cdef Text text
        text.data, text.used, text.room = <char*>PyMem_Malloc(ROOM_FIRST), 0, ROOM_FIRST
        if text.data == NULL:
            raise MemoryError()
        try:
            self._value(&text, key)
            self._value(&text, value)
            _put(&text, b";", 1)
            return PyBytes_FromStringAndSize(text.data, text.used)
        finally:
            PyMem_Free(text.data)

    cdef int _value(self, Text* text, value) except -1:
        kind = type(value)
        if kind is str or kind is int or kind is float or kind is bool or value is None or kind is bytes:
            return _put_scalar(text, value)
        if kind is tuple:
            return self._tuple(text, value)
        cdef PyObject* found = PyDict_GetItemWithError(self.fields, kind)
        if found != NULL:
            return self._record(text, <_Fields>found, value)
        if self.is_map[kind]:
            return self._tuple(text, tuple([(key, value[key]) for key in sorted(value)]))
        if PyTuple_Check(value):
            return self._tuple(text, tuple(value))
        if PyLong_Check(value):
            return _put_int(text, value)
        planned = self.planned(kind)
        if planned is None:
            return _put_repr(text, self.by_python(value))
        self.fields[kind] = made = _Fields(*planned, kind)
        return self._record(text, made, value)

    cdef int _tuple(self, Text* text, tuple value) except -1:
        Py_EnterRecursiveCall(b" while a value is written")
        try:
            return self._items(text, value)
        finally:
            Py_LeaveRecursiveCall()

    cdef int _items(self, Text* text, tuple value) except -1:
        cdef Py_ssize_t at, size = PyTuple_GET_SIZE(value)
        _put(text, b"(", 1)
        for at in range(size):
            if at:
                _put(text, b", ", 2)
            self._value(text, value[at])
        return _put(text, b",)", 2) if size == 1 else _put(text, b")", 1)

    cdef int _record(self, Text* text, _Fields fields, value) except -1:
        cdef Py_ssize_t at
        cdef PyObject* one
        cdef tuple parts = None
        if fields.places == NULL:
            parts = tuple(fields.getter(value))
        _put(text, b"(", 1)
        for at in range(fields.count):
            if at:
                _put(text, b", ", 2)
            if parts is not None:
                part = parts[at]
            else:
                one = (<PyObject**>(<char*><PyObject*>value + fields.places[at]))[0]
                if one == NULL:
                    raise AttributeError(f"{type(value).__name__}: a field is not set")
                part = <object>one
            if not fields.deep[at]:
                _put_scalar(text, part)
            elif part is None or not (isinstance(part, self._array) or part):
                _put(text, b"None", 4)
            else:
                self._value(text, part)
        return _put(text, b",)", 2) if fields.count == 1 else _put(text, b")", 1)

# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Records to the bytes of protobuf's wire and back by compiled code, without a message in between (contract/wire.py).

The same bytes that protobuf writes, and the same records that `plans.py` makes of its messages. Whatever is out of the ordinary
(a field that comes twice, bytes that are no record, a value of another type) is answered with None: then protobuf does it,
errors included.

Bytes are written from the end to the beginning, so that the length of a part is known when it is due.
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

import sys
from types import MemberDescriptorType

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.string cimport memcpy
from services.contract.kernels.records cimport try_hide

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
    ctypedef struct PyTypeObject:
        PyObject* (*tp_alloc)(PyTypeObject*, Py_ssize_t)
        void* tp_vectorcall
    int T_OBJECT_EX
    PyTypeObject* Py_TYPE(PyObject*)
    void PyObject_GC_UnTrack(void*)
    void INC "Py_INCREF"(PyObject*)
    void DEC "Py_DECREF"(PyObject*)
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL
    PyObject* PyUnicode_DecodeUTF8(const char*, Py_ssize_t, const char*) except NULL
    void PyUnicode_InternInPlace(PyObject**)
    bint PyLong_Check(object)
    bint PyLong_CheckExact(object)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    unsigned long long PyLong_AsUnsignedLongLong(object) except? 0xFFFFFFFFFFFFFFFF
    double PyLong_AsDouble(object) except? -1.0
    double PyFloat_AS_DOUBLE(object)
    PyObject* PyDict_GetItemWithError(object, object) except? NULL
    PyObject* PyList_AsTuple(PyObject*) except NULL
    int PyList_Append(PyObject*, object) except -1
    PyObject* PyList_New(Py_ssize_t) except NULL

cdef enum:
    STRING = 1
    BYTES = 2
    BOOL = 3
    INT32 = 4
    INT64 = 5
    FIXED64 = 6
    DOUBLE = 7
    ENUM = 8
    MESSAGE = 9
    TIMESTAMP = 10
    UNION = 11
    SKIPPED = 12                # not read, and never written
    VARINT_WIRE = 0
    FIXED64_WIRE = 1
    LENGTH_WIRE = 2
    FIXED32_WIRE = 5
    DEPTH_MAX = 16
    ROOM_FIRST = 2048
    NUMBER_MAX = 1000
    ONEOFS_MAX = 4
    SHORT_BYTES_MAX = 5         # of a tag and of a length, as protobuf reads them
    LENGTH_MAX = 0x7FFFFFFF

cdef long long SECONDS_MAX = 1LL << 50
cdef tuple NOTHING = ()


cdef class _Field:
    """A field of a message, where its record keeps it, and what of."""
    cdef unsigned int number, type
    cdef Py_ssize_t place
    cdef bint repeated, optional, label
    cdef int oneof              # which of the message's oneofs it is a part of; -1 for none
    cdef object kind            # class of a part, or of an enumeration
    cdef dict members           # of an enumeration, by number
    cdef tuple parts            # of a union: (number, class)
    cdef object default


cdef class _Message:
    """How a class is written and read. `kept` owns the descriptors."""
    cdef object kind
    cdef list fields            # by rising number
    cdef list by_number         # the field of a number, or None
    cdef list cells             # one field for each place
    cdef tuple oneof_places
    cdef list oneof_parts       # of each oneof: {class: number}
    cdef bint is_quick, is_outline
    cdef object kept


# --- writing, from the end -------------------------------------------------------------------------------------------

cdef struct Out:
    unsigned char* data
    Py_ssize_t at, room         # what is written stands from `at` to `room`


cdef unsigned char* _before(Out* out, Py_ssize_t size) except NULL:
    """Makes room for so many bytes before what is written; the caller fills them."""
    cdef Py_ssize_t room, used
    cdef unsigned char* data
    if out.at < size:
        used, room = out.room - out.at, out.room
        while room - used < size:
            room *= 2
        data = <unsigned char*>PyMem_Malloc(room)
        if data == NULL:
            raise MemoryError()
        memcpy(data + room - used, out.data + out.at, used)
        PyMem_Free(out.data)
        out.data, out.at, out.room = data, room - used, room
    out.at -= size
    return out.data + out.at


cdef int _put_varint(Out* out, unsigned long long number) except -1:
    cdef int size = 1
    cdef unsigned long long rest = number >> 7
    cdef unsigned char* place
    while rest:
        size += 1
        rest >>= 7
    place = _before(out, size)
    while number >= 128:
        place[0] = <unsigned char>(number & 127 | 128)
        place += 1
        number >>= 7
    place[0] = <unsigned char>number
    return 0


cdef int _put_tag(Out* out, unsigned int number, unsigned int wire) except -1:
    return _put_varint(out, number << 3 | wire)


cdef int _put_fixed64(Out* out, unsigned long long bits) except -1:
    memcpy(_before(out, 8), &bits, 8)
    return 0


cdef int _number_of(_Field field, value, unsigned long long* bits) except -1:
    """A number or a truth as the wire has it; 0 where protobuf should look at it."""
    cdef int beyond = 0
    cdef long long number
    cdef double real
    if field.type == BOOL:
        if value is not True and value is not False:
            return 0
        bits[0] = value is True
        return 1
    if field.type == DOUBLE:
        if type(value) is float:
            real = PyFloat_AS_DOUBLE(value)
        elif PyLong_CheckExact(value):
            real = PyLong_AsDouble(value)
        else:
            return 0
        memcpy(bits, &real, 8)
        return 1
    if field.type == ENUM:
        if not PyLong_Check(value) or value is True or value is False:
            return 0
    elif not PyLong_CheckExact(value):
        return 0
    if field.type == FIXED64:
        bits[0] = PyLong_AsUnsignedLongLong(value)
        return 1
    number = PyLong_AsLongLongAndOverflow(value, &beyond)
    if beyond or (field.type != INT64 and not -0x80000000 <= number <= 0x7FFFFFFF):
        return 0
    bits[0] = <unsigned long long>number
    return 1


cdef int _put_number(Out* out, _Field field, unsigned long long bits) except -1:
    """Without a tag."""
    return _put_fixed64(out, bits) if field.type in (FIXED64, DOUBLE) else _put_varint(out, bits)


cdef int _put_text(Out* out, _Field field, value) except -1:
    """A string or bytes with its tag; 0 where protobuf should look at it."""
    cdef Py_ssize_t size
    cdef const char* data
    if field.type == STRING:
        if type(value) is not str:
            return 0
        data = PyUnicode_AsUTF8AndSize(value, &size)
    else:
        if type(value) is not bytes:
            return 0
        data, size = PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)
    memcpy(_before(out, size), data, size)
    _put_varint(out, size)
    _put_tag(out, field.number, LENGTH_WIRE)
    return 1


cdef int _put_timestamp(Out* out, _Field field, value) except -1:
    """Milliseconds since the epoch; 0 where protobuf should look at it."""
    cdef int beyond = 0
    cdef long long at_ms, seconds, rest
    cdef Py_ssize_t end
    if not PyLong_CheckExact(value):
        return 0
    at_ms = PyLong_AsLongLongAndOverflow(value, &beyond)
    if beyond:
        return 0
    if not at_ms:
        return 1
    seconds, rest = at_ms // 1000, at_ms % 1000
    if rest < 0:
        seconds, rest = seconds - 1, rest + 1000
    end = out.room - out.at
    if rest:
        _put_varint(out, <unsigned long long>rest * 1000000)
        _put_tag(out, 2, VARINT_WIRE)
    if seconds:
        _put_varint(out, <unsigned long long>seconds)
        _put_tag(out, 1, VARINT_WIRE)
    _put_varint(out, out.room - out.at - end)
    _put_tag(out, field.number, LENGTH_WIRE)
    return 1


# --- reading ---------------------------------------------------------------------------------------------------------

cdef struct In:
    const unsigned char* data
    Py_ssize_t at


cdef int _take_varint(In* source, Py_ssize_t end, unsigned long long* number) noexcept:
    """0 where there is none."""
    cdef unsigned int shift = 0
    cdef unsigned char one
    number[0] = 0
    while source.at < end and shift < 70:
        one = source.data[source.at]
        source.at += 1
        if shift == 63 and one > 1:
            return 0
        number[0] |= <unsigned long long>(one & 127) << shift
        if one < 128:
            return 1
        shift += 7
    return 0


cdef inline int _take_short(In* source, Py_ssize_t end, unsigned long long* number) noexcept:
    """A tag or a length: protobuf takes no longer ones, whatever their value. Most are of one byte."""
    if source.at < end and source.data[source.at] < 128:
        number[0] = source.data[source.at]
        source.at += 1
        return 1
    return _take_varint(source, min(end, source.at + SHORT_BYTES_MAX), number)


cdef int _take_tag(In* source, Py_ssize_t end, unsigned int* number, unsigned int* wire) noexcept:
    cdef unsigned long long tag
    if not _take_short(source, end, &tag) or tag >> 32 or not tag >> 3:
        return 0
    number[0], wire[0] = <unsigned int>(tag >> 3), <unsigned int>(tag & 7)
    return 1


cdef Py_ssize_t _take_length(In* source, Py_ssize_t end) noexcept:
    """Where the part that begins here ends; -1 where it does not fit."""
    cdef unsigned long long size
    if not _take_short(source, end, &size) or size > LENGTH_MAX or size > <unsigned long long>(end - source.at):
        return -1
    return source.at + <Py_ssize_t>size


cdef int _skipped(In* source, Py_ssize_t end, unsigned int wire) noexcept:
    """Passes over a field that is not known; 0 where that cannot be."""
    cdef unsigned long long number
    cdef Py_ssize_t until
    if wire == VARINT_WIRE:
        return _take_varint(source, end, &number)
    if wire == LENGTH_WIRE:
        until = _take_length(source, end)
    elif wire == FIXED64_WIRE:
        until = source.at + 8
    elif wire == FIXED32_WIRE:
        until = source.at + 4
    else:
        return 0
    if until < 0 or until > end:
        return 0
    source.at = until
    return 1


cdef unsigned int _wire_of(unsigned int type) noexcept:
    if type in (BOOL, INT32, INT64, ENUM):
        return VARINT_WIRE
    return FIXED64_WIRE if type in (FIXED64, DOUBLE) else LENGTH_WIRE


cdef object _number_from(In* source, Py_ssize_t end, _Field field):
    """A number, a truth or a member of an enumeration; NOTHING where there is none."""
    cdef unsigned long long bits
    cdef double real
    cdef PyObject* found
    if field.type in (FIXED64, DOUBLE):
        if source.at + 8 > end:
            return NOTHING
        memcpy(&bits, source.data + source.at, 8)
        source.at += 8
        if field.type == FIXED64:
            return bits
        memcpy(&real, &bits, 8)
        return real
    if not _take_varint(source, end, &bits):
        return NOTHING
    if field.type == INT64:
        return <long long>bits
    if field.type == BOOL:
        return bits != 0
    if field.type == INT32:
        return <int>bits
    number = <int>bits
    found = PyDict_GetItemWithError(field.members, number)
    return <object>found if found != NULL else field.kind(number)


cdef int _timestamp_from(In* source, Py_ssize_t end, long long* at_ms) noexcept:
    """0 where protobuf should look at it."""
    cdef unsigned int number, wire, seen = 0
    cdef unsigned long long bits
    cdef long long seconds = 0, nanos = 0, millis
    while source.at < end:
        if not _take_tag(source, end, &number, &wire) or number > 2 or wire != VARINT_WIRE or seen & number:
            return 0
        if not _take_varint(source, end, &bits):
            return 0
        seen |= number
        if number == 1:
            seconds = <long long>bits
        else:
            nanos = <int>bits
    if seconds > SECONDS_MAX or seconds < -SECONDS_MAX:
        return 0
    millis = nanos // 1000000
    if nanos % 1000000 < 0:
        millis -= 1
    at_ms[0] = seconds * 1000 + millis
    return 1


cdef class Wire:
    """Writes and reads records. `planned(kind)` answers a class's fields, (number, type, attribute, repeated, optional, label, oneof,
    extra) each by rising number; None for a class that is not written here."""
    cdef object planned
    cdef dict messages

    def __init__(self, planned):
        self.planned, self.messages = planned, {}

    def encode(self, value):
        """The record's bytes; None where protobuf should write it."""
        cdef Out out
        out.data, out.at, out.room = <unsigned char*>PyMem_Malloc(ROOM_FIRST), ROOM_FIRST, ROOM_FIRST
        if out.data == NULL:
            raise MemoryError()
        try:
            if not self._put(&out, value, type(value), 0):
                return None
            return PyBytes_FromStringAndSize(<char*>out.data + out.at, out.room - out.at)
        except (ValueError, OverflowError):
            return None
        finally:
            PyMem_Free(out.data)

    def decode(self, kind, data):
        """The record of a class in these bytes; None where protobuf should read them."""
        cdef In source
        if type(data) is not bytes:
            return None
        source.data, source.at = <const unsigned char*>PyBytes_AS_STRING(data), 0
        try:
            return self._take(&source, PyBytes_GET_SIZE(data), kind, 0)
        except ValueError:  # no UTF-8, or no member of an enumeration
            return None

    cdef _Message _message(self, kind):
        cdef PyObject* found = PyDict_GetItemWithError(self.messages, kind)
        if found != NULL:
            return <_Message>found
        self.messages[kind] = made = _made(kind, self.planned(kind))
        return made

    cdef int _put(self, Out* out, value, kind, int depth) except -1:
        """A record without tag and length; 0 where protobuf should write it."""
        cdef _Message message = self._message(kind)
        cdef _Field field
        cdef Py_ssize_t at
        cdef unsigned int[ONEOFS_MAX] chosen
        cdef PyObject* found
        cdef char* cells = <char*><PyObject*>value
        if message is None or message.is_outline or type(value) is not kind or depth > DEPTH_MAX:
            return 0
        for at in range(len(message.oneof_places)):
            found = (<PyObject**>(cells + <Py_ssize_t>message.oneof_places[at]))[0]
            if found == NULL:
                return 0
            one = <object>found
            chosen[at] = 0
            if one is not None:
                found = PyDict_GetItemWithError(message.oneof_parts[at], type(one))
                if found == NULL:
                    return 0
                chosen[at] = <object>found
        for at in range(len(message.fields) - 1, -1, -1):
            field = <_Field>message.fields[at]
            if field.oneof >= 0 and chosen[field.oneof] != field.number:
                continue
            found = (<PyObject**>(cells + field.place))[0]
            if found == NULL or not self._put_field(out, field, <object>found, depth):
                return 0
        return 1

    cdef int _put_field(self, Out* out, _Field field, value, int depth) except -1:
        cdef unsigned long long bits = 0
        if field.repeated:
            return self._put_all(out, field, value, depth)
        if field.type == MESSAGE:
            return 1 if value is None else self._put_part(out, field.number, value, field.kind, depth)
        if field.type == TIMESTAMP:
            return _put_timestamp(out, field, value)
        if field.optional and value is None:
            return 1
        if field.type == STRING or field.type == BYTES:
            if not field.optional and not value:
                return 1 if type(value) is (str if field.type == STRING else bytes) else 0
            return _put_text(out, field, value)
        if not _number_of(field, value, &bits):
            return 0
        if bits or field.optional:
            _put_number(out, field, bits)
            _put_tag(out, field.number, _wire_of(field.type))
        return 1

    cdef int _put_all(self, Out* out, _Field field, values, int depth) except -1:
        cdef Py_ssize_t at, end
        cdef unsigned long long bits = 0
        cdef tuple every
        if type(values) is not tuple:
            return 0
        every = values
        if not every:
            return 1
        if field.type in (STRING, BYTES, MESSAGE, UNION):
            for at in range(len(every) - 1, -1, -1):
                if field.type == MESSAGE:
                    if not self._put_part(out, field.number, every[at], field.kind, depth):
                        return 0
                elif field.type == UNION:
                    if not self._put_union(out, field, every[at], depth):
                        return 0
                elif not _put_text(out, field, every[at]):
                    return 0
            return 1
        end = out.room - out.at
        for at in range(len(every) - 1, -1, -1):
            if not _number_of(field, every[at], &bits):
                return 0
            _put_number(out, field, bits)
        _put_varint(out, out.room - out.at - end)
        _put_tag(out, field.number, LENGTH_WIRE)
        return 1

    cdef int _put_part(self, Out* out, unsigned int number, value, kind, int depth) except -1:
        """A record inside another, with tag and length."""
        cdef Py_ssize_t end = out.room - out.at
        if not self._put(out, value, kind, depth + 1):
            return 0
        _put_varint(out, out.room - out.at - end)
        _put_tag(out, number, LENGTH_WIRE)
        return 1

    cdef int _put_union(self, Out* out, _Field field, value, int depth) except -1:
        cdef Py_ssize_t end = out.room - out.at
        kind = type(value)
        cdef PyObject* found = PyDict_GetItemWithError(field.members, kind)
        if found == NULL or not self._put_part(out, <object>found, value, kind, depth + 1):
            return 0
        _put_varint(out, out.room - out.at - end)
        _put_tag(out, field.number, LENGTH_WIRE)
        return 1

    cdef object _take(self, In* source, Py_ssize_t end, kind, int depth):
        """The record that ends there; None where protobuf should read it."""
        cdef _Message message = self._message(kind)
        cdef _Field field
        cdef PyObject* made
        cdef PyObject** cell
        cdef unsigned int number, wire
        if message is None or depth > DEPTH_MAX:
            return None
        made = (<PyTypeObject*><PyObject*>kind).tp_alloc(<PyTypeObject*><PyObject*>kind, 0)
        if made == NULL:
            raise MemoryError()
        record = <object>made
        DEC(made)  # `record` holds it
        while source.at < end:
            if not _take_tag(source, end, &number, &wire):
                return None
            field = <_Field>message.by_number[number] if number < <unsigned int>len(message.by_number) else None
            if field is None:
                if not _skipped(source, end, wire):
                    return None
                continue
            cell = <PyObject**>(<char*>made + field.place)
            if field.repeated:
                if cell[0] == NULL:
                    cell[0] = PyList_New(0)
                if not self._take_all(source, end, field, wire, cell[0], depth):
                    return None
                continue
            if cell[0] != NULL or wire != _wire_of(field.type):
                return None
            one = self._take_one(source, end, field, depth)
            if one is NOTHING:
                return None
            INC(<PyObject*>one)
            cell[0] = <PyObject*>one
        self._finish(message, made)
        return record

    cdef int _finish(self, _Message message, PyObject* made) except -1:
        """Fills what the wire did not carry, and hides the record from the collector where no cycle can go through it."""
        cdef _Field field
        cdef PyObject** cell
        cdef PyObject* before
        cdef bint hidden = message.is_quick
        for one in message.cells:
            field = <_Field>one
            cell = <PyObject**>(<char*>made + field.place)
            if cell[0] == NULL:
                INC(<PyObject*>field.default)
                cell[0] = <PyObject*>field.default
            elif field.repeated:
                before = cell[0]
                cell[0] = PyList_AsTuple(before)
                DEC(before)
            hidden = hidden and try_hide(cell[0], 0)
        if hidden:
            PyObject_GC_UnTrack(made)
        return 0

    cdef object _take_one(self, In* source, Py_ssize_t end, _Field field, int depth):
        """A value that comes once, behind its tag; NOTHING where protobuf should read it."""
        cdef Py_ssize_t until
        cdef long long at_ms = 0
        if _wire_of(field.type) != LENGTH_WIRE:
            return _number_from(source, end, field)
        until = _take_length(source, end)
        if until < 0:
            return NOTHING
        if field.type == STRING or field.type == BYTES:
            return _text_from(source, until, field)
        if field.type == TIMESTAMP:
            return at_ms if _timestamp_from(source, until, &at_ms) else NOTHING
        found = self._take(source, until, field.kind, depth + 1)
        return NOTHING if found is None else found

    cdef int _take_all(
        self, In* source, Py_ssize_t end, _Field field, unsigned int wire, PyObject* values, int depth
    ) except -1:
        """One of many values, or packed numbers; 0 where protobuf should read them."""
        cdef Py_ssize_t until
        if wire != LENGTH_WIRE:
            return 0
        if field.type == UNION:
            until = _take_length(source, end)
            if until < 0:
                return 0
            one = self._take_union(source, until, field, depth)
            if one is NOTHING:
                return 0
            PyList_Append(values, one)
            return 1
        if _wire_of(field.type) == LENGTH_WIRE:
            one = self._take_one(source, end, field, depth)
            if one is NOTHING:
                return 0
            PyList_Append(values, one)
            return 1
        until = _take_length(source, end)
        if until < 0:
            return 0
        while source.at < until:
            one = _number_from(source, until, field)
            if one is NOTHING:
                return 0
            PyList_Append(values, one)
        return 1

    cdef object _take_union(self, In* source, Py_ssize_t end, _Field field, int depth):
        """The one part of it that is set; None where that is not known here, NOTHING where protobuf should read it."""
        cdef unsigned int number, wire
        cdef Py_ssize_t until
        found = None
        while source.at < end:
            if not _take_tag(source, end, &number, &wire):
                return NOTHING
            kind = field.parts[number] if number < <unsigned int>len(field.parts) else None
            if kind is None:
                if not _skipped(source, end, wire):
                    return NOTHING
                continue
            if found is not None or wire != LENGTH_WIRE:
                return NOTHING
            until = _take_length(source, end)
            if until < 0:
                return NOTHING
            found = self._take(source, until, kind, depth + 2)
            if found is None:
                return NOTHING
        return found


cdef object _text_from(In* source, Py_ssize_t until, _Field field):
    cdef PyObject* made
    cdef const char* data = <const char*>source.data + source.at
    cdef Py_ssize_t size = until - source.at
    source.at = until
    if field.type == BYTES:
        return PyBytes_FromStringAndSize(data, size)
    made = PyUnicode_DecodeUTF8(data, size, NULL)
    if field.label:
        PyUnicode_InternInPlace(&made)
    found = <object>made
    DEC(made)
    return found


cdef object _place_of(kind, name, list kept):
    """Where the class keeps a field; None where that is in no slot."""
    cdef PyMemberDef* member
    descriptor = getattr(kind, name, None)
    if type(descriptor) is not MemberDescriptorType:
        return None
    member = (<PyMemberDescrObject*><PyObject*>descriptor).d_member
    if member.type != T_OBJECT_EX or member.flags or member.offset <= 0:
        return None
    kept.append(descriptor)
    return member.offset


cdef object _made(kind, planned):
    """None for what is not written and read here."""
    cdef _Message message
    cdef _Field field
    if planned is None or sys.byteorder != "little":
        return None
    message = _Message()
    message.kind, message.fields, message.cells, message.kept = kind, [], [], []
    message.is_quick = (<PyTypeObject*><PyObject*>kind).tp_vectorcall != NULL
    oneofs = {}
    for number, type_, attribute, repeated, optional, label, oneof, default, extra in planned:
        place = _place_of(kind, attribute, message.kept)
        if place is None or not 0 < number < NUMBER_MAX:
            return None
        field = _Field()
        field.number, field.type, field.place = number, type_, place
        field.repeated, field.optional, field.label, field.default = repeated, optional, label, default
        field.oneof = -1
        if type_ == SKIPPED:
            message.cells.append(field)
            message.is_outline = True
            continue
        if oneof:
            if attribute not in oneofs:
                oneofs[attribute] = len(oneofs), place, {}
            field.oneof = oneofs[attribute][0]
            oneofs[attribute][2][extra] = number
        if type_ == ENUM:
            field.members, field.kind = extra
        elif type_ == UNION:
            field.members = {part: at for at, part in extra}
            parts = [None] * (max(at for at, _ in extra) + 1)
            for at, part in extra:
                parts[at] = part
            field.parts = tuple(parts)
        else:
            field.kind = extra
        message.fields.append(field)
        if field.oneof < 0 or len(oneofs[attribute][2]) == 1:
            message.cells.append(field)
    if len(oneofs) > ONEOFS_MAX:
        return None
    message.oneof_places = tuple([place for _, place, _ in oneofs.values()])
    message.oneof_parts = [parts for _, _, parts in oneofs.values()]
    message.by_number = [None] * (1 + max([(<_Field>one).number for one in message.fields], default=0))
    for one in message.fields:
        message.by_number[(<_Field>one).number] = one
    return message

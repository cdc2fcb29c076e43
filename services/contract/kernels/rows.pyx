# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Rows of packed maps by compiled code, byte for byte what cases.py and policy/outcomes.py of the router make.

MessagePack, as msgspec writes it. Whatever is out of the ordinary (a number beyond 63 bits, a long text) is left to Python.
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

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy
from services.contract.kernels.ids cimport long_form, short_form

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object)
    const unsigned char* PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1
    str PyUnicode_DecodeUTF8(const char*, Py_ssize_t, const char*)

cdef tuple NOTHING = ()

cdef enum:
    ROW_MAX = 2048
    TEXT_MAX = 255

cdef struct Out:
    Py_ssize_t at
    unsigned char[ROW_MAX] data

cdef struct In:
    Py_ssize_t at, end
    bint odd                # something that is not read here
    const unsigned char* data


# Each text and id leaves 2 x TEXT_MAX bytes free, more than all the numbers of a row take: so these look at no bound.

cdef void put_big(Out* out, unsigned char kind, unsigned long long number, int size) noexcept:
    cdef int at
    out.data[out.at] = kind
    for at in range(size):
        out.data[out.at + 1 + at] = <unsigned char>(number >> 8 * (size - 1 - at) & 0xFF)
    out.at += 1 + size


cdef bint put_number(Out* out, long long number) noexcept:
    cdef unsigned long long bits = <unsigned long long>number
    if number >= 0:
        if number < 128:
            put_big(out, <unsigned char>number, 0, 0)
        elif number < 1 << 8:
            put_big(out, 0xCC, bits, 1)
        elif number < 1 << 16:
            put_big(out, 0xCD, bits, 2)
        elif number < 1LL << 32:
            put_big(out, 0xCE, bits, 4)
        else:
            put_big(out, 0xCF, bits, 8)
    elif number >= -32:
        put_big(out, <unsigned char>(bits & 0xFF), 0, 0)
    elif number >= -128:
        put_big(out, 0xD0, bits, 1)
    elif number >= -32768:
        put_big(out, 0xD1, bits, 2)
    elif number >= -2147483648LL:
        put_big(out, 0xD2, bits, 4)
    else:
        put_big(out, 0xD3, bits, 8)
    return True


cdef bint put(Out* out, object number) except -1:
    """False for what is not written here, as of all that follow."""
    cdef int beyond = 0
    cdef long long known = PyLong_AsLongLongAndOverflow(number, &beyond)
    return not beyond and put_number(out, known)


cdef bint put_since(Out* out, long long began, object at_ms) except -1:
    if not at_ms:
        put_big(out, 0xC0, 0, 0)
        return True
    cdef int beyond = 0
    cdef long long known = PyLong_AsLongLongAndOverflow(at_ms, &beyond)
    return not beyond and 0 <= known < 1LL << 60 and put_number(out, known - began)


cdef bint put_text(Out* out, str text) except -1:
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    if length > TEXT_MAX or not PyUnicode_IS_COMPACT_ASCII(text) or out.at > ROW_MAX - 2 * TEXT_MAX:
        return False
    if length < 32:
        put_big(out, <unsigned char>(0xA0 | length), 0, 0)
    else:
        put_big(out, 0xD9, length, 1)
    memcpy(out.data + out.at, PyUnicode_1BYTE_DATA(text), length)
    out.at += length
    return True


cdef bint put_id(Out* out, str text) except -1:
    if out.at > ROW_MAX - 2 * TEXT_MAX:
        return False
    cdef Py_ssize_t size = short_form(text, out.data + out.at + 2)
    if not size:
        return put_text(out, text)
    put_big(out, 0xC4, size, 1)
    out.at += size
    return True


cdef bint put_ids(Out* out, tuple ids) except -1:
    if len(ids) > 15:
        return False
    put_big(out, <unsigned char>(0x90 | len(ids)), 0, 0)
    for one in ids:
        if not put_id(out, one):
            return False
    return True


cdef unsigned long long take_bits(In* source, int size) noexcept:
    cdef unsigned long long number = 0
    cdef int at
    if source.at + size > source.end:
        source.odd = True
        return 0
    for at in range(size):
        number = number << 8 | source.data[source.at + at]
    source.at += size
    return number


cdef long long take(In* source) noexcept:
    """A number; `odd` is set where none stands that is read here, as by all that follow."""
    cdef unsigned char kind = <unsigned char>take_bits(source, 1)
    cdef unsigned long long bits
    if kind < 0x80:
        return kind
    if kind >= 0xE0:
        return <signed char>kind
    if kind == 0xCC:
        return take_bits(source, 1)
    if kind == 0xCD:
        return take_bits(source, 2)
    if kind == 0xCE:
        return take_bits(source, 4)
    if kind == 0xCF:
        bits = take_bits(source, 8)
        if bits <= 0x7FFFFFFFFFFFFFFFULL:
            return <long long>bits
    if kind == 0xD0:
        return <signed char>take_bits(source, 1)
    if kind == 0xD1:
        return <short>take_bits(source, 2)
    if kind == 0xD2:
        return <int>take_bits(source, 4)
    if kind == 0xD3:
        return <long long>take_bits(source, 8)
    source.odd = True
    return 0


cdef object take_text(In* source):
    """A text, or an id in its short form."""
    cdef unsigned char kind = <unsigned char>take_bits(source, 1)
    cdef Py_ssize_t size
    if source.odd:
        return None
    if kind & 0xE0 == 0xA0:
        size = kind & 0x1F
    elif kind == 0xD9 or kind == 0xC4:
        size = <Py_ssize_t>take_bits(source, 1)
    else:
        source.odd = True
        return None
    if source.at + size > source.end:
        source.odd = True
        return None
    source.at += size
    if kind == 0xC4:
        return long_form(source.data + source.at - size, size)
    return PyUnicode_DecodeUTF8(<const char*>source.data + source.at - size, size, NULL)


cdef object take_ids(In* source):
    cdef unsigned char kind = <unsigned char>take_bits(source, 1)
    if kind == 0x90:
        return NOTHING
    if kind & 0xF0 != 0x90:
        source.odd = True
        return NOTHING
    return tuple([take_text(source) for _ in range(kind & 0x0F)])


cdef In of(bytes row, Py_ssize_t at) noexcept:
    cdef In source
    source.at, source.end, source.odd = at, PyBytes_GET_SIZE(row), False
    source.data = <const unsigned char*>PyBytes_AS_STRING(row)
    return source


cdef class CaseRows:
    """Rows of cases (services/router/cases.py), which gives its own two functions for what is out of the ordinary."""
    cdef object kind, channels, row_by_python, value_by_python

    def __init__(self, kind, channels, row_by_python, value_by_python):
        self.kind, self.channels = kind, channels
        self.row_by_python, self.value_by_python = row_by_python, value_by_python

    def row(self, value):
        cdef Out out
        cdef int beyond = 0
        cdef long long began = PyLong_AsLongLongAndOverflow(value.opened_at_ms, &beyond)
        if beyond or not 0 <= began < 1LL << 60:
            return self.row_by_python(value)
        out.data[0], out.at = 0x9D, 1
        first_id = value.first_contact_id
        if not (
            put_id(&out, value.customer_key)
            and put_text(&out, value.topic_id)
            and put_number(&out, began)
            and put_ids(&out, value.thread_keys)
            and put_since(&out, began, value.deadline_at_ms)
            and put_since(&out, began, value.resolved_at_ms)
            and put_since(&out, began, value.closed_at_ms)
        ):
            return self.row_by_python(value)
        put_number(&out, bool(value.returned) + 2 * bool(value.first_settled) + 4 * bool(value.measured))
        if first_id == value.case_id.rpartition("-c")[0]:
            put_big(&out, 0xC0, 0, 0)
        elif not put_id(&out, first_id):
            return self.row_by_python(value)
        if not (
            put(&out, value.first_channel)
            and put_text(&out, value.first_queue_id)
            and put_id(&out, value.agent_id)
            and put_ids(&out, value.open_contact_ids)
        ):
            return self.row_by_python(value)
        return PyBytes_FromStringAndSize(<char*>out.data, out.at)

    def value(self, key, bytes row):
        cdef In source = of(row, 1)
        customer, topic_id = take_text(&source), take_text(&source)
        cdef long long began = take(&source)
        threads = take_ids(&source)
        cdef long long deadline = take_since(&source, began)
        cdef long long resolved = take_since(&source, began)
        cdef long long closed = take_since(&source, began)
        cdef long long flags = take(&source)
        if source.at < source.end and source.data[source.at] == 0xC0:
            source.at += 1
            first = key.rpartition("-c")[0]
        else:
            first = take_text(&source)
        cdef long long channel = take(&source)
        queue_id, agent_id, contacts = take_text(&source), take_text(&source), take_ids(&source)
        if source.odd or source.at != source.end:
            return self.value_by_python(key, row)
        return self.kind(
            key, customer, topic_id, began, contacts, threads, deadline, resolved, closed, flags & 1 > 0, first,
            self.channels[channel], queue_id, agent_id, flags & 2 > 0, flags & 4 > 0,
        )


cdef long long take_since(In* source, long long began) noexcept:
    if source.at < source.end and source.data[source.at] == 0xC0:
        source.at += 1
        return 0
    return began + take(source)


cdef class OpenRows:
    """Rows of open results (services/router/policy/outcomes.py)."""
    cdef object key, result, open, row_by_python, value_by_python
    cdef tuple statements

    def __init__(self, key, result, open, statements, row_by_python, value_by_python):
        self.key, self.result, self.open, self.statements = key, result, open, statements
        self.row_by_python, self.value_by_python = row_by_python, value_by_python

    def row(self, value):
        cdef Out out
        cdef int beyond = 0
        cdef long long at_ms = PyLong_AsLongLongAndOverflow(value[1], &beyond)
        if beyond or not 0 <= at_ms < 1LL << 48:
            return self.row_by_python(value)
        put_instant(&out, at_ms)
        result = value[3]
        key = result[0]
        if not (
            put_id(&out, value[0])
            and put(&out, value[2])
            and put_id(&out, key[0])
            and put_text(&out, key[1])
            and put(&out, key[2])
        ):
            return self.row_by_python(value)
        for at in range(1, 8):
            if not put(&out, result[at]):
                return self.row_by_python(value)
        return PyBytes_FromStringAndSize(<char*>out.data, out.at)

    def value(self, number, bytes row):
        cdef In source = of(row, 0)
        cdef long long at_ms = <long long>take_bits(&source, 6)
        cdef long long statement, stratum
        source.at += 1
        case_id = take_text(&source)
        statement = take(&source)
        agent_id, topic_id = take_text(&source), take_text(&source)
        stratum = take(&source)
        cdef list numbers = [None, take(&source), take(&source), take(&source), take(&source), take(&source), take(&source), take(&source)]
        if source.odd or source.at != source.end or not 0 <= statement < len(self.statements):
            return self.value_by_python(number, row)
        numbers[0] = tuple.__new__(self.key, (agent_id, topic_id, stratum))
        result = tuple.__new__(self.result, numbers)
        return tuple.__new__(self.open, (case_id, at_ms, self.statements[statement], result))


cdef void put_instant(Out* out, long long at_ms) noexcept:
    """Six bytes, and that an array of twelve follows."""
    cdef int at
    for at in range(6):
        out.data[at] = <unsigned char>(at_ms >> 8 * (5 - at) & 0xFF)
    out.data[6] = 0x9C
    out.at = 7

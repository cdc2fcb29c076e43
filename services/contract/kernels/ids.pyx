# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Ids in a shorter form by compiled code, byte for byte what services/router/rows.py and packed.py say."""

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

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object)
    const unsigned char* PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    object PyUnicode_New(Py_ssize_t, Py_UCS4)

cdef enum:
    STRINGS_BELOW = 0xF0    # packed.py, _STRINGS_BELOW
    SHORTENED = 0xF1 - 16   # packed.py, _SHORTENED
    UUID = 36
    HEX = 32

cdef signed char[256] DIGIT
cdef char* DIGITS = b"0123456789abcdef"


cdef void prepare() noexcept:
    cdef int number
    for number in range(256):
        DIGIT[number] = -1
    for number in range(16):
        DIGIT[<unsigned char>DIGITS[number]] = number


prepare()


cdef Py_ssize_t short_form(str text, unsigned char* made) noexcept:
    """Bytes of the short form, written to `made` (25 at the most); 0 for a text that stays as it is."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text), at, filled = 0
    cdef const unsigned char* data
    cdef signed char high, low
    cdef unsigned long long number = 0, before
    cdef int size, digit
    if length < HEX or not PyUnicode_IS_COMPACT_ASCII(text):
        return 0
    data = PyUnicode_1BYTE_DATA(text)
    if length != HEX:
        if length < UUID:
            return 0
        made[0] = 0
        filled = 1
    at = 0
    while at < (HEX if length == HEX else UUID):
        if length != HEX and (at == 8 or at == 13 or at == 18 or at == 23):
            if data[at] != c"-":
                return 0
            at += 1
            continue
        high, low = DIGIT[data[at]], DIGIT[data[at + 1]]
        if high < 0 or low < 0:
            return 0
        made[filled] = <unsigned char>(high << 4 | low)
        filled += 1
        at += 2
    if length <= UUID:
        return filled
    if length < UUID + 3 or data[UUID] != c"-" or data[UUID + 1] != c"c" or data[UUID + 2] == c"0":
        return 0
    for at in range(UUID + 2, length):
        digit = data[at] - c"0"
        if digit < 0 or digit > 9:
            return 0
        before = number
        if number > 0x1999999999999999ULL:
            return 0
        number = number * 10 + digit
        if number < before * 10:
            return 0
    size = 8
    while size > 1 and not number >> 8 * (size - 1):
        size -= 1
    for at in range(size):
        made[filled] = <unsigned char>(number >> 8 * (size - 1 - at) & 0xFF)
        filled += 1
    return filled


def shortened(str text not None):
    """rows.py, `shortened_by_python`."""
    cdef unsigned char[32] made
    cdef Py_ssize_t size = short_form(text, made)
    return PyBytes_FromStringAndSize(<char*>made, size) if size else text


def lengthened(kept):
    """rows.py, `lengthened_by_python`."""
    if type(kept) is not bytes:
        return kept
    return long_form(<const unsigned char*>PyBytes_AS_STRING(kept), PyBytes_GET_SIZE(kept))


cdef object long_form(const unsigned char* data, Py_ssize_t size):
    cdef unsigned char[20] tail
    cdef Py_ssize_t at, filled = 0, digits = 0
    cdef unsigned long long number = 0
    cdef bint is_hash = size == HEX // 2
    if not is_hash:
        if size < 17 or size > 25:
            raise ValueError("no short form of an id")
        for at in range(17, size):
            number = number << 8 | data[at]
        while number:
            tail[digits] = <unsigned char>(c"0" + number % 10)
            number //= 10
            digits += 1
        data += 1
    cdef object text = PyUnicode_New(HEX if is_hash else UUID + (2 + digits if digits else 0), 127)
    cdef unsigned char* made = <unsigned char*>PyUnicode_1BYTE_DATA(text)
    for at in range(16):
        if not is_hash and (at == 4 or at == 6 or at == 8 or at == 10):
            made[filled] = c"-"
            filled += 1
        made[filled] = DIGITS[data[at] >> 4]
        made[filled + 1] = DIGITS[data[at] & 15]
        filled += 2
    if digits:
        made[filled], made[filled + 1] = c"-", c"c"
        filled += 2
        for at in range(digits):
            made[filled + at] = tail[digits - 1 - at]
    return text


def mark_of_text(str key not None):
    """packed.py, `OfText.mark`."""
    cdef unsigned char[32] made
    cdef Py_ssize_t size = short_form(key, made + 1)
    if size:
        made[0] = <unsigned char>(SHORTENED + size)
        return PyBytes_FromStringAndSize(<char*>made, size + 1)
    cdef bytes data
    size = PyUnicode_GET_LENGTH(key)
    if size < STRINGS_BELOW and PyUnicode_IS_COMPACT_ASCII(key):
        data = PyBytes_FromStringAndSize(NULL, size + 1)
        PyBytes_AS_STRING(data)[0] = <char>size
        memcpy(PyBytes_AS_STRING(data) + 1, PyUnicode_1BYTE_DATA(key), size)
        return data
    data = key.encode("utf-8", "surrogatepass")
    size = PyBytes_GET_SIZE(data)
    if size < STRINGS_BELOW:
        return bytes((size,)) + data
    return bytes((STRINGS_BELOW,)) + size.to_bytes(4, "big") + data


cdef Py_ssize_t packed_id(str text, unsigned char* made) noexcept:
    """Bytes of the id's short form as MessagePack, written to `made` (260 at the most); 0 where Python is to do it."""
    cdef Py_ssize_t size = short_form(text, made + 2)
    if size:
        made[0], made[1] = 0xC4, <unsigned char>size  # bin 8
        return size + 2
    size = PyUnicode_GET_LENGTH(text)
    if size > 0xFF or not PyUnicode_IS_COMPACT_ASCII(text):
        return 0
    if size < 32:
        made[0] = <unsigned char>(0xA0 | size)  # fixstr
        memcpy(made + 1, PyUnicode_1BYTE_DATA(text), size)
        return size + 1
    made[0], made[1] = 0xD9, <unsigned char>size  # str 8
    memcpy(made + 2, PyUnicode_1BYTE_DATA(text), size)
    return size + 2


def row_of_id(str text not None):
    """`rows.encode` of `shortened(text)`; None where Python is to do it."""
    cdef unsigned char[264] made
    cdef Py_ssize_t size = packed_id(text, made)
    return PyBytes_FromStringAndSize(<char*>made, size) if size else None


def row_of_ids(tuple texts not None):
    """`rows.encode` of a tuple of the short forms; None where Python is to do it."""
    cdef unsigned char[264 * 15] made
    cdef Py_ssize_t filled = 1, size
    if len(texts) > 15:
        return None
    made[0] = <unsigned char>(0x90 | len(texts))  # fixarray
    for text in texts:
        if type(text) is not str:
            return None
        size = packed_id(text, made + filled)
        if not size:
            return None
        filled += size
    return PyBytes_FromStringAndSize(<char*>made, filled)

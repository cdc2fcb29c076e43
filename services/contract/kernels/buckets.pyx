# cython: language_level=3, binding=False, boundscheck=False, wraparound=False
"""Buckets and aged maps by compiled code: what services/router/buckets.py does, byte for byte, in a fifth of the time.

There stands what is meant: how an entry and a key are written. Here they are found, put in and taken out.
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
from cpython.object cimport PyObject
from libc.string cimport memcmp, memcpy

from services.contract.kernels.records cimport try_hide

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        object (*tp_new)(PyTypeObject*, object, PyObject*)
    PyTypeObject* Py_TYPE(object)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject* PyTuple_GET_ITEM(object, Py_ssize_t)
    void PyTuple_SET_ITEM(object, Py_ssize_t, PyObject*)
    tuple PyTuple_New(Py_ssize_t)
    void INC "Py_INCREF"(PyObject*)

cdef enum:
    LONG = 255              # buckets.py, _LONG
    WIDTH_BITS = 3          # buckets.py
    WIDTH = 8
    STRINGS_BELOW = 0xF0    # packed.py, _STRINGS_BELOW
    SHORTENED = 0xF1 - 16   # packed.py, _SHORTENED
    TEXTS = 1               # packed.py, KEYS
    NUMBERS = 2

cdef unsigned int[256] CRC
cdef tuple NOTHING = ()
cdef object MISSING = object()


cdef void prepare() noexcept:
    cdef unsigned int number, value
    cdef int bit
    for number in range(256):
        value = number
        for bit in range(8):
            value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
        CRC[number] = value


prepare()


cdef unsigned int crc(const unsigned char* data, Py_ssize_t length) noexcept:
    """As zlib has it."""
    cdef unsigned int value = 0xFFFFFFFF
    cdef Py_ssize_t at
    for at in range(length):
        value = CRC[(value ^ data[at]) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


cdef bint find(bytes bucket, bytes mark, Py_ssize_t* head, Py_ssize_t* begin, Py_ssize_t* end) noexcept:
    """Where the entry of a key stands: its length, its key, its end; False when it is not there."""
    cdef const unsigned char* data = <const unsigned char*>PyBytes_AS_STRING(bucket)
    cdef const char* wanted = PyBytes_AS_STRING(mark)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(bucket), marked = PyBytes_GET_SIZE(mark), at = 0, length, key
    while at < size:
        length, key = data[at], at + 1
        if length == LONG:
            key = at + 5
            length = (
                <Py_ssize_t>data[at + 1] << 24 | data[at + 2] << 16 | data[at + 3] << 8 | data[at + 4]
            )
        if length <= 0 or at + length > size:
            return False
        if data[key] == <unsigned char>wanted[0] and at + length - key >= marked:
            if memcmp(data + key, wanted, marked) == 0:
                head[0], begin[0], end[0] = at, key, at + length
                return True
        at += length
    return False


cdef inline Py_ssize_t end_of_key(const unsigned char* data, Py_ssize_t at, int keys) noexcept:
    """packed.py, `key_end` of its two kinds of keys."""
    cdef Py_ssize_t first
    if keys == NUMBERS:
        return at + 8
    first = data[at]
    if first < STRINGS_BELOW:
        return at + 1 + first
    if first > STRINGS_BELOW:
        return at + 1 + first - SHORTENED
    return at + 5 + (
        <Py_ssize_t>data[at + 1] << 24 | data[at + 2] << 16 | data[at + 3] << 8 | data[at + 4]
    )


cdef bytes entry_of(bytes mark, bytes row):
    cdef Py_ssize_t marked = PyBytes_GET_SIZE(mark), size = PyBytes_GET_SIZE(row), length = 1 + marked + size
    cdef Py_ssize_t at = 1 if length < LONG else 5
    cdef bytes entry = PyBytes_FromStringAndSize(NULL, marked + size + at)
    cdef unsigned char* data = <unsigned char*>PyBytes_AS_STRING(entry)
    if at == 1:
        data[0] = <unsigned char>length
    else:
        length += 4
        data[0] = LONG
        data[1], data[2] = <unsigned char>(length >> 24), <unsigned char>(length >> 16 & 0xFF)
        data[3], data[4] = <unsigned char>(length >> 8 & 0xFF), <unsigned char>(length & 0xFF)
    memcpy(data + at, PyBytes_AS_STRING(mark), marked)
    memcpy(data + at + marked, PyBytes_AS_STRING(row), size)
    return entry


cdef bytes spliced(bytes bucket, Py_ssize_t begin, Py_ssize_t end, bytes between):
    """The bucket with something else between two places."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(bucket), more = PyBytes_GET_SIZE(between)
    cdef bytes made = PyBytes_FromStringAndSize(NULL, size - (end - begin) + more)
    cdef char* data = PyBytes_AS_STRING(made)
    cdef char* source = PyBytes_AS_STRING(bucket)
    memcpy(data, source, begin)
    memcpy(data + begin, PyBytes_AS_STRING(between), more)
    memcpy(data + begin + more, source + end, size - end)
    return made


cdef tuple replaced(tuple node, int level, Py_ssize_t place, bytes bucket):
    """buckets.py, `replaced`, of a bucket that is there."""
    cdef Py_ssize_t at = place >> WIDTH_BITS * level & WIDTH - 1, number, count = PyTuple_GET_SIZE(node)
    cdef object inner = bucket if level == 0 else replaced(<tuple><object>PyTuple_GET_ITEM(node, at), level - 1, place, bucket)
    cdef tuple made = PyTuple_New(count)
    cdef PyObject* one
    for number in range(count):
        one = <PyObject*>inner if number == at else PyTuple_GET_ITEM(node, number)
        INC(one)
        PyTuple_SET_ITEM(made, number, one)
    return made


cdef class Buckets:
    """buckets.py, `BucketsInPython`."""
    cdef public tuple _root
    cdef public Py_ssize_t _mask, _size
    cdef Py_ssize_t count
    cdef int depth

    @property
    def _count(self):
        return self.count

    @_count.setter
    def _count(self, Py_ssize_t count):
        self.count = count
        self.depth = 0
        while count > <Py_ssize_t>1 << WIDTH_BITS * (self.depth + 1):
            self.depth += 1

    cpdef Py_ssize_t _place(self, bytes mark):
        cdef Py_ssize_t place = crc(<unsigned char*>PyBytes_AS_STRING(mark), PyBytes_GET_SIZE(mark)) & self._mask
        return place if place < self.count else place & (self._mask >> 1)

    cpdef bytes _bucket(self, Py_ssize_t place):
        cdef PyObject* node = <PyObject*>self._root
        cdef int level = self.depth
        while level >= 0:
            node = PyTuple_GET_ITEM(<object>node, place >> WIDTH_BITS * level & WIDTH - 1)
            level -= 1
        return <bytes><object>node

    cpdef _with(self, Py_ssize_t place, bytes bucket, Py_ssize_t size):
        cdef Buckets made = <Buckets>Py_TYPE(self).tp_new(Py_TYPE(self), NOTHING, NULL)
        made._root = replaced(self._root, self.depth, place, bucket)
        made.count, made.depth, made._mask, made._size = self.count, self.depth, self._mask, size
        return made

    def _made(self, tuple root, Py_ssize_t count, Py_ssize_t mask, Py_ssize_t size):
        cdef Buckets made = <Buckets>Py_TYPE(self).tp_new(Py_TYPE(self), NOTHING, NULL)
        made._root, made._count, made._mask, made._size = root, count, mask, size
        return made

    cpdef row_of(self, key):
        cdef Py_ssize_t head, begin, end
        if not self._size:
            return None
        cdef bytes mark = self.mark(key), bucket = self._bucket(self._place(mark))
        if not find(bucket, mark, &head, &begin, &end):
            return None
        begin += PyBytes_GET_SIZE(mark)
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(bucket) + begin, end - begin)

    def get(self, key, default=None):
        row = self.row_of(key)
        return default if row is None else self.value(key, row)

    def __contains__(self, key):
        cdef Py_ssize_t head, begin, end
        if not self._size:
            return False
        cdef bytes mark = self.mark(key)
        return find(self._bucket(self._place(mark)), mark, &head, &begin, &end)

    cpdef set(self, key, value):
        cdef Py_ssize_t head, begin, end, place, size = self._size
        cdef bytes mark = self.mark(key), bucket, entry = entry_of(mark, self.row(value))
        place = self._place(mark)
        bucket = self._bucket(place)
        if find(bucket, mark, &head, &begin, &end):
            return self._with(place, spliced(bucket, head, end, entry), size)
        begin = PyBytes_GET_SIZE(bucket)
        after = self._with(place, spliced(bucket, begin, begin, entry), size + 1)
        return after._split() if size + 1 > self.count * <Py_ssize_t>self.ENTRIES else after

    def _parted(self, bytes bucket not None, Py_ssize_t new, Py_ssize_t mask):
        cdef int keys = self.KEYS
        if keys != TEXTS and keys != NUMBERS:
            return None
        cdef const unsigned char* data = <const unsigned char*>PyBytes_AS_STRING(bucket)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(bucket), at = 0, length, begin, end, kept = 0, moved = 0
        cdef bytes stays = PyBytes_FromStringAndSize(NULL, size), moves = PyBytes_FromStringAndSize(NULL, size)
        while at < size:
            length, begin = data[at], at + 1
            if length == LONG:
                begin = at + 5
                length = (
                    <Py_ssize_t>data[at + 1] << 24 | data[at + 2] << 16 | data[at + 3] << 8 | data[at + 4]
                )
            if length <= 0 or at + length > size:
                return None
            end = end_of_key(data, begin, keys)
            if end > at + length:
                return None
            if <Py_ssize_t>(crc(data + begin, end - begin) & <unsigned int>mask) == new:
                memcpy(PyBytes_AS_STRING(moves) + moved, data + at, length)
                moved += length
            else:
                memcpy(PyBytes_AS_STRING(stays) + kept, data + at, length)
                kept += length
            at += length
        return stays[:kept], moves[:moved]

    cpdef tuple _taken(self, key):
        cdef Py_ssize_t head, begin, end, place
        if not self._size:
            return None, self
        cdef bytes mark = self.mark(key), bucket
        place = self._place(mark)
        bucket = self._bucket(place)
        if not find(bucket, mark, &head, &begin, &end):
            return None, self
        begin += PyBytes_GET_SIZE(mark)
        row = PyBytes_FromStringAndSize(PyBytes_AS_STRING(bucket) + begin, end - begin)
        made = self._with(place, spliced(bucket, head, end, b""), self._size - 1)
        if 2 * (self._size - 1) < (self.count - 1) * <Py_ssize_t>self.ENTRIES:
            made = made._joined()
        return row, made


cdef class Aged:
    """buckets.py, `AgedInPython`."""
    cdef public object fresh
    cdef public Buckets packed

    cdef _made(self, fresh, packed):
        cdef Aged made = <Aged>Py_TYPE(self).tp_new(Py_TYPE(self), NOTHING, NULL)
        made.fresh, made.packed = fresh, packed
        return made

    def get(self, key, default=None):
        found = self.fresh.get(key, MISSING)
        if found is not MISSING:
            return found
        row = self.packed.row_of(key)
        return default if row is None else self.packed.value(key, row)

    def __getitem__(self, key):
        found = self.fresh.get(key, MISSING)
        if found is not MISSING:
            return found
        row = self.packed.row_of(key)
        if row is None:
            raise KeyError(key)
        return self.packed.value(key, row)

    def __contains__(self, key):
        return key in self.fresh or (self.packed._size > 0 and key in self.packed)

    def set(self, key, value):
        if self.packed._size and key not in self.fresh and key in self.packed:
            return self._made(self.fresh, self.packed.set(key, value))
        try_hide(<PyObject*>value, 0)
        return self._made(self.fresh.set(key, value), self.packed)

    def add(self, key, value):
        try_hide(<PyObject*>value, 0)
        return self._made(self.fresh.set(key, value), self.packed)

    def delete(self, key):
        if key in self.fresh:
            return self._made(self.fresh.delete(key), self.packed)
        row, packed = self.packed._taken(key)
        if row is None:
            raise KeyError(key)
        return self._made(self.fresh, packed)

    def taken(self, key):
        value = self.fresh.get(key, MISSING)
        if value is not MISSING:
            return value, self._made(self.fresh.delete(key), self.packed)
        row, packed = self.packed._taken(key)
        if row is None:
            return None, self
        return self.packed.value(key, row), self._made(self.fresh, packed)

    def put_away(self, key):
        value = self.fresh.get(key, MISSING)
        if value is MISSING:
            return self
        return self._made(self.fresh.delete(key), self.packed.set(key, value))

    def __len__(self):
        return len(self.fresh) + self.packed._size

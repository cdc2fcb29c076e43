cdef class Leaving:
    cdef object _other
    cdef object _inside, _seconds
    cdef list _parts
    cdef double[::1] inside, seconds
    cdef int shape
    cdef double scale
    cdef const double[::1] summed, rate
    cdef Py_ssize_t room
    cdef int enough(self, Py_ssize_t count) except -1
    cdef int summed_up(self, Py_ssize_t count) except -1
    cdef double at_once(self, double seconds) except? -1

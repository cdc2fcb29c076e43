from cpython.object cimport PyObject


cdef int is_closed(PyObject* value, int nested) noexcept

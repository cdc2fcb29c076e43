from cpython.object cimport PyObject


cdef int try_hide(PyObject* value, int nested) noexcept

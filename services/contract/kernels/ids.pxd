"""What rows.pyx needs of the short form of ids."""

cdef Py_ssize_t short_form(str text, unsigned char* made) noexcept
cdef object long_form(const unsigned char* data, Py_ssize_t size)

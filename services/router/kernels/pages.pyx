# cython: language_level=3, binding=False
"""Python's objects on large pages: a state is hundreds of megabytes of small objects, met in no order.

With pages of 4 kB nearly each first look at one of them is a walk through the processor's tables of pages too. Python takes
its memory a megabyte at a time; here these are cut from stretches that begin where a large page (2 MB) begins, and that
the kernel is asked to lay out in large pages. It may do so or not (`/sys/kernel/mm/transparent_hugepage/enabled`).
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


cdef extern from *:
    """
    #include "Python.h"
    #include <stdint.h>

    #ifdef __linux__
    #include <sys/mman.h>

    #define FRONTDESK_PAGE ((size_t)2 << 20)
    #define FRONTDESK_STRETCH ((size_t)32 << 20)

    static PyObjectArenaAllocator frontdesk_usual;
    static char *frontdesk_next = NULL, *frontdesk_end = NULL;

    /* A stretch that begins and ends where large pages do; 0 where there is none to be had. */
    static int frontdesk_stretch(void) {
        size_t size = FRONTDESK_STRETCH + FRONTDESK_PAGE, before;
        char *found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (found == MAP_FAILED) return 0;
        before = (FRONTDESK_PAGE - (uintptr_t)found % FRONTDESK_PAGE) % FRONTDESK_PAGE;
        if (before) munmap(found, before);
        if (FRONTDESK_PAGE - before) munmap(found + before + FRONTDESK_STRETCH, FRONTDESK_PAGE - before);
        if (frontdesk_next != frontdesk_end) munmap(frontdesk_next, frontdesk_end - frontdesk_next);
        frontdesk_next = found + before;
        frontdesk_end = frontdesk_next + FRONTDESK_STRETCH;
        madvise(frontdesk_next, FRONTDESK_STRETCH, MADV_HUGEPAGE);
        return 1;
    }

    /* Called with the interpreter's lock held, as the usual ones are; what was taken is given back by munmap, as theirs. */
    static void *frontdesk_take(void *context, size_t size) {
        char *taken;
        (void)context;
        if (size == 0 || size > FRONTDESK_PAGE || FRONTDESK_PAGE % size)
            return frontdesk_usual.alloc(frontdesk_usual.ctx, size);
        if ((size_t)(frontdesk_end - frontdesk_next) < size && !frontdesk_stretch())
            return frontdesk_usual.alloc(frontdesk_usual.ctx, size);
        taken = frontdesk_next;
        frontdesk_next += size;
        return taken;
    }

    static int frontdesk_large_pages(void) {
        PyObjectArenaAllocator large;
        PyObject_GetArenaAllocator(&large);
        if (large.alloc == frontdesk_take) return 1;
        frontdesk_usual = large;
        large.alloc = frontdesk_take;  /* free stays: Python's own is munmap */
        PyObject_SetArenaAllocator(&large);
        return 1;
    }
    #else
    static int frontdesk_large_pages(void) { return 0; }
    #endif
    """
    bint frontdesk_large_pages()


def take_large_pages():
    """Has Python take memory for its objects so from now on; False where the system has no such pages."""
    return frontdesk_large_pages()

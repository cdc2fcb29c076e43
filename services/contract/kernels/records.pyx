# cython: language_level=3, binding=False
"""Records made and copied by compiled code: what record.py and `changed` of the router's model do, without a frame and a twin.

A dataclass with slots keeps each field at a place of its own in its objects, which its member descriptor tells. The
constructor takes the arguments as the interpreter has them and puts each at its place; a copy takes all places over and
replaces some. Whatever is out of the ordinary (a wrong name, a missing argument, a class that keeps its fields elsewhere)
is left to the Python way, errors included.

Records made here are hidden from the cycle collector where no cycle can ever go through them: their fields hold what it would not
follow anyway, members of enumerations, and tuples and records of only such, none of which can be changed. The collector walks what
lives, over and over; of a router's objects most are such records.
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


from dataclasses import MISSING, fields
from operator import attrgetter
from types import MemberDescriptorType

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject

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
        Py_ssize_t tp_dictoffset
        PyObject* (*tp_alloc)(PyTypeObject*, Py_ssize_t)
        void* tp_vectorcall
    ctypedef PyObject* (*vectorcallfunc)(PyObject*, PyObject**, size_t, PyObject*)
    ctypedef PyObject* (*PyCFunction)(PyObject*, PyObject*)
    ctypedef struct PyMethodDef:
        const char* ml_name
        PyCFunction ml_meth
        int ml_flags
        const char* ml_doc
    int METH_FASTCALL, METH_KEYWORDS, T_OBJECT_EX, Py_EQ
    PyTypeObject* Py_TYPE(PyObject*)
    int PyObject_IS_GC(PyObject*)
    int PyObject_GC_IsTracked(PyObject*)
    void PyObject_GC_UnTrack(void*)
    int PyTuple_Check(PyObject*)
    int PyLong_Check(PyObject*)
    object PyCFunction_New(PyMethodDef*, object)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    Py_ssize_t PyTuple_GET_SIZE(PyObject*)
    PyObject* PyTuple_GET_ITEM(PyObject*, Py_ssize_t)
    PyObject* PyDict_GetItemWithError(object, object) except? NULL
    PyObject* PyObject_CallNoArgs(PyObject*) except NULL
    int PyObject_RichCompareBool(PyObject*, PyObject*, int) except -1
    dict PyObject_GenericGetDict(object, void*)
    int PyObject_GenericSetDict(object, object, void*) except -1
    void INC "Py_INCREF"(PyObject*)
    void DEC "Py_DECREF"(PyObject*)

cdef dict _PLANS = {}
"""By class, for as long as the process runs; None for a class that keeps its fields elsewhere than in slots."""
cdef object _CALL = type.__call__
cdef object _NEW = object.__new__


cdef class _Plan:
    """Where a class keeps its fields. `kept` keeps alive what the arrays point to."""
    cdef Py_ssize_t count, positional
    cdef PyObject** names
    cdef PyObject** defaults
    cdef PyObject** factories
    cdef Py_ssize_t* places
    cdef tuple kept

    def __cinit__(self, Py_ssize_t count):
        self.count = count
        self.names = <PyObject**>PyMem_Malloc(count * sizeof(PyObject*))
        self.defaults = <PyObject**>PyMem_Malloc(count * sizeof(PyObject*))
        self.factories = <PyObject**>PyMem_Malloc(count * sizeof(PyObject*))
        self.places = <Py_ssize_t*>PyMem_Malloc(count * sizeof(Py_ssize_t))
        if not (self.names and self.defaults and self.factories and self.places):
            raise MemoryError()

    def __dealloc__(self):
        PyMem_Free(self.names)
        PyMem_Free(self.defaults)
        PyMem_Free(self.factories)
        PyMem_Free(self.places)

    cdef Py_ssize_t find(self, PyObject* name, Py_ssize_t after) except -2:
        """The field's number; callers mostly name them in the order of the class. -1 for what is no field."""
        cdef Py_ssize_t at
        for at in range(after + 1, self.count):
            if self.names[at] == name:
                return at
        for at in range(self.count):
            if self.names[at] == name:
                return at
        for at in range(self.count):
            if PyObject_RichCompareBool(self.names[at], name, Py_EQ):
                return at
        return -1


cdef object _plan_of(kind):
    """The class's plan, made when it is first met; None where a field is in no slot of an object."""
    cdef PyObject* found = PyDict_GetItemWithError(_PLANS, kind)
    if found != NULL:
        return <object>found
    _PLANS[kind] = plan = _planned(kind)
    return plan


cdef object _planned(kind):
    parts = sorted(fields(kind), key=attrgetter("kw_only"))
    cdef _Plan plan = _Plan(len(parts))
    cdef PyMemberDef* member
    cdef Py_ssize_t at
    plan.positional = 0
    plan.kept = tuple([(part.name, part.default, part.default_factory) for part in parts])
    for at in range(plan.count):
        name, default, factory = plan.kept[at]
        descriptor = getattr(kind, name, None)
        if type(descriptor) is not MemberDescriptorType or descriptor.__objclass__ not in kind.__mro__:
            return None
        member = (<PyMemberDescrObject*><PyObject*>descriptor).d_member
        if member.type != T_OBJECT_EX or member.flags or member.offset <= 0:
            return None
        plan.names[at] = <PyObject*>name
        plan.defaults[at] = NULL if default is MISSING else <PyObject*>default
        plan.factories[at] = NULL if factory is MISSING else <PyObject*>factory
        plan.places[at] = member.offset
        plan.positional += not parts[at].kw_only
    return plan


cdef int try_hide(PyObject* value, int nested) noexcept:
    """Hides the value from the collector where no cycle can go through it, now or later; 0 where one may."""
    cdef PyTypeObject* kind = Py_TYPE(value)
    cdef PyObject* item
    cdef Py_ssize_t at
    if not PyObject_IS_GC(value):
        return 1
    if kind.tp_vectorcall == <void*>_made:
        return not PyObject_GC_IsTracked(value)
    if PyTuple_Check(value) and not kind.tp_dictoffset:
        if not PyObject_GC_IsTracked(value):
            return 1
        if nested >= 4:  # tuples in tuples are looked into so deep
            return 0
        for at in range(PyTuple_GET_SIZE(value)):
            item = PyTuple_GET_ITEM(value, at)
            if item == NULL or not try_hide(item, nested + 1):
                return 0
        PyObject_GC_UnTrack(value)
        return 1
    return PyLong_Check(value)  # a member of an enumeration: it refers to its name, number and class


cdef int _all_hidden(PyObject** values, Py_ssize_t count) noexcept:
    cdef Py_ssize_t at
    for at in range(count):
        if not try_hide(values[at], 0):
            return 0
    return 1


cdef void _hide_made(_Plan plan, char* made) noexcept:
    """Hides a new record from the collector if no cycle can go through it."""
    cdef Py_ssize_t at
    for at in range(plan.count):
        if not try_hide((<PyObject**>(made + plan.places[at]))[0], 0):
            return
    PyObject_GC_UnTrack(made)


def construct(kind):
    """Has calls of the class, a quick record, construct its objects here from now on; False where it cannot."""
    if (
        type(kind) is not type
        or kind.__new__ is not object.__new__
        or hasattr(kind, "__post_init__")
        or not kind.__dataclass_params__.frozen
        or kind.__dictoffset__
        or not all([part.init for part in fields(kind)])
        or _plan_of(kind) is None
    ):
        return False
    cdef vectorcallfunc made = <vectorcallfunc><void*>_made
    (<PyTypeObject*><PyObject*>kind).tp_vectorcall = <void*>made
    return True


cdef int _placed(
    _Plan plan, char* made, PyObject** values, PyObject* kwnames, Py_ssize_t after
) except -1:
    """Puts named values at their places, looking for each behind the one before, for the first behind field `after`;
    0 where a name is no field's, or its place is taken."""
    cdef Py_ssize_t at = after, i
    cdef PyObject** cell
    for i in range(PyTuple_GET_SIZE(kwnames) if kwnames != NULL else 0):
        at = plan.find(PyTuple_GET_ITEM(kwnames, i), at)
        if at < 0:
            return 0
        cell = <PyObject**>(made + plan.places[at])
        if cell[0] != NULL:
            return 0
        INC(values[i])
        cell[0] = values[i]
    return 1


cdef int _filled(_Plan plan, char* made, PyObject** args, Py_ssize_t given, PyObject* kwnames) except -1:
    """Puts the arguments and what stands for those left out at their places; 0 when that is not all in order."""
    cdef Py_ssize_t keyed = PyTuple_GET_SIZE(kwnames) if kwnames != NULL else 0
    cdef Py_ssize_t i
    cdef PyObject** cell
    if given > plan.positional:
        return 0
    for i in range(given):
        INC(args[i])
        (<PyObject**>(made + plan.places[i]))[0] = args[i]
    if not _placed(plan, made, args + given, kwnames, given - 1):
        return 0
    if given + keyed == plan.count:
        return 1
    for i in range(plan.count):
        cell = <PyObject**>(made + plan.places[i])
        if cell[0] != NULL:
            continue
        if plan.defaults[i] != NULL:
            INC(plan.defaults[i])
            cell[0] = plan.defaults[i]
        elif plan.factories[i] != NULL:
            cell[0] = PyObject_CallNoArgs(plan.factories[i])
        else:
            return 0
    return 1


cdef object _by_python(call, tuple first, PyObject** args, Py_ssize_t given, PyObject* kwnames):
    """The same call as Python makes it."""
    cdef Py_ssize_t i
    positional = first + tuple([<object>args[i] for i in range(given)])
    named = {}
    if kwnames != NULL:
        for i in range(PyTuple_GET_SIZE(kwnames)):
            named[<object>PyTuple_GET_ITEM(kwnames, i)] = <object>args[given + i]
    return call(*positional, **named)


cdef PyObject* _made(PyObject* kind, PyObject** args, size_t flagged, PyObject* kwnames) except NULL:
    cdef Py_ssize_t given = PyVectorcall_NARGS(flagged)
    cdef PyObject* found = PyDict_GetItemWithError(_PLANS, <object>kind)
    cdef PyObject* made
    cdef int filled
    if found != NULL:
        made = (<PyTypeObject*>kind).tp_alloc(<PyTypeObject*>kind, 0)
        if made == NULL:
            raise MemoryError()
        try:
            filled = _filled(<_Plan>found, <char*>made, args, given, kwnames)
        except:
            DEC(made)
            raise
        if filled:
            _hide_made(<_Plan>found, <char*>made)
            return made
        DEC(made)
    result = _by_python(_CALL, (<object>kind,), args, given, kwnames)
    INC(<PyObject*>result)
    return <PyObject*>result


cdef int _replaced(_Plan plan, char* record, char* made, PyObject** values, PyObject* kwnames) except -1:
    """Takes all fields of the record over but those given; 0 when there is one that is none, or empty."""
    cdef Py_ssize_t i
    cdef PyObject** cell
    cdef PyObject* value
    if not _placed(plan, made, values, kwnames, -1):
        return 0
    for i in range(plan.count):
        cell = <PyObject**>(made + plan.places[i])
        value = (<PyObject**>(record + plan.places[i]))[0]
        if value == NULL:
            return 0
        if cell[0] == NULL:
            INC(value)
            cell[0] = value
    return 1


cdef object _with_cells(record, PyObject** values, PyObject* kwnames):
    """A copy of a record that has a dictionary."""
    cdef dict cells = PyObject_GenericGetDict(record, NULL).copy()
    cdef Py_ssize_t i
    made = _NEW(type(record))
    if kwnames != NULL:
        for i in range(PyTuple_GET_SIZE(kwnames)):
            cells[<object>PyTuple_GET_ITEM(kwnames, i)] = <object>values[i]
    PyObject_GenericSetDict(made, cells, NULL)
    return made


cdef PyObject* _changed(PyObject* by_python, PyObject** args, Py_ssize_t given, PyObject* kwnames) except NULL:
    cdef PyTypeObject* kind
    cdef PyObject* made
    cdef int done
    if given == 1:
        kind = Py_TYPE(args[0])
        if kind.tp_dictoffset:
            result = _with_cells(<object>args[0], args + 1, kwnames)
            INC(<PyObject*>result)
            return <PyObject*>result
        plan = _plan_of(<object><PyObject*>kind)
        if plan is not None:
            made = kind.tp_alloc(kind, 0)
            if made == NULL:
                raise MemoryError()
            try:
                done = _replaced(<_Plan>plan, <char*>args[0], <char*>made, args + 1, kwnames)
            except:
                DEC(made)
                raise
            if done and kind.tp_vectorcall != <void*>_made:
                return made  # no quick record, so it may not be frozen
            if done:
                if PyObject_GC_IsTracked(args[0]):
                    _hide_made(<_Plan>plan, <char*>made)
                elif _all_hidden(args + 1, PyTuple_GET_SIZE(kwnames) if kwnames != NULL else 0):
                    PyObject_GC_UnTrack(made)
                return made
            DEC(made)
    result = _by_python(<object>by_python, (), args, given, kwnames)
    INC(<PyObject*>result)
    return <PyObject*>result


cdef PyMethodDef _CHANGED
_CHANGED.ml_name = b"changed"
_CHANGED.ml_meth = <PyCFunction><void*>_changed
_CHANGED.ml_flags = METH_FASTCALL | METH_KEYWORDS
_CHANGED.ml_doc = b"The record with some fields replaced."


def changing(by_python):
    """`changed` of the router's model as compiled code, given the Python one, to which it leaves what is out of the ordinary."""
    return PyCFunction_New(&_CHANGED, by_python)

"""Records that are made quickly: a frozen dataclass with slots whose constructor takes a third of the time.

A frozen dataclass sets each field through `object.__setattr__`, for its own attributes refuse to be set. A decision
makes dozens of such records, and reading one back makes them again. Here the constructor lets the new object, which
nobody else has yet, be of a twin class of the same slots while it is filled, and frozen from then on.

    ContactOpened, 23 fields, 6 given: 2.6 us -> 0.8 us

Where there is compiled code for it (kernels/records.pyx), a call of the class fills the slots without either; what this
file does is then the fall-back, and what the errors say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from services.contract import kernels

T = TypeVar("T")
FIELDS_MIN = 3
"""With fewer fields the usual constructor is as quick."""


def quick_record(kind: type[T]) -> type[T]:
    """The dataclass (frozen, slots, no `__post_init__`, not to be derived from) with the quicker constructor.

    The same signature, the same defaults, the same record; only how it comes about differs.
    """
    parts: Any = fields(kind)  # type: ignore[arg-type] # a dataclass
    if len(parts) >= FIELDS_MIN:
        _made_quick(kind, parts)
    if kernels.COMPILED:
        kernels.records.construct(kind)
    return kind


def _made_quick(kind: Any, parts: Any) -> None:
    known: dict[str, Any] = {"BECOME": object.__setattr__, "TWIN": _twin_of(kind), "KIND": kind}
    head: list[str] = []
    keyed: list[str] = []
    body: list[str] = []
    for part in parts:
        default, value = "", part.name
        if part.default is not MISSING:
            known[f"FOR_{part.name}"], default = part.default, f"=FOR_{part.name}"
        elif part.default_factory is not MISSING:
            known[f"FOR_{part.name}"] = part.default_factory
            default, value = "=TWIN", f"FOR_{part.name}() if {part.name} is TWIN else {part.name}"
        (keyed if part.kw_only else head).append(part.name + default)
        body.append(f"    self.{part.name} = {value}\n")
    arguments = ", ".join(["self", *head, *(["*", *keyed] if keyed else [])])
    quick = _compiled(
        f"def __init__({arguments}):\n"
        "    BECOME(self, '__class__', TWIN)\n" + "".join(body) + "    self.__class__ = KIND\n",
        known,
    )
    quick.__qualname__, quick.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
    quick.__annotations__ = kind.__init__.__annotations__
    kind.__init__ = quick


class _Copiers(dict[type, Callable[[Any, dict[str, Any]], Any]]):
    """By class; made when first asked for."""

    def __missing__(self, kind: type) -> Callable[[Any, dict[str, Any]], Any]:
        return self.setdefault(kind, _copier_of(kind))


COPIERS = _Copiers()
"""Copy records of frozen dataclasses with slots, with some fields replaced; quicker than their constructors.

    COPIERS[Contact](contact, {"ahead": True})       a name that is no field raises AttributeError
"""


def _copier_of(kind: Any) -> Callable[..., Any]:
    body = "".join([f"    made.{part.name} = record.{part.name}\n" for part in fields(kind)])
    return _compiled(
        "def copy(record, values):\n"
        "    made = NEW(TWIN)\n"
        f"{body}"
        "    for name in values:\n"
        "        SET(made, name, values[name])\n"
        "    made.__class__ = KIND\n"
        "    return made\n",
        {"NEW": object.__new__, "SET": setattr, "TWIN": _twin_of(kind), "KIND": kind},
    )


def _twin_of(kind: Any) -> type:
    """A class of the same slots that may be set; known to its own code only."""
    return type(f"_{kind.__name__}", (), {"__slots__": kind.__slots__})


def _compiled(text: str, known: dict[str, Any]) -> Callable[..., Any]:
    exec(compile(text, "<made quickly>", "exec"), known)  # noqa: S102 - names of fields only
    made: Callable[..., Any] = known[text[4 : text.index("(")]]
    return made

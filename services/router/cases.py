"""Cases, and by what they are found again: a desk remembers each for its repeat window (routing.md 1.2).

Almost all of them are settled, and nobody looks at one unless its customer comes back. So a case is packed (packed.py) once
a contact of it is forgotten and none is open, and the ways to a case are from the first: conversations and customers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import immutables

from services.contract import kernels
from services.contract.facts import Channel
from services.contract.record import quick_record
from services.router.packed import AgedMap, OfText
from services.router.rows import encode, lengthened, reader, shortened

Map = immutables.Map


@quick_record
@dataclass(frozen=True, slots=True)
class Case:
    """An issue: it outlives its contacts by the repeat window, so that a repeat finds it."""

    case_id: str
    customer_key: str
    """The identity that it came with; links may let others find it."""
    topic_id: str
    opened_at_ms: int = 0
    open_contact_ids: tuple[str, ...] = ()
    thread_keys: tuple[str, ...] = ()
    deadline_at_ms: int = 0
    """End of the repeat window; 0 while a contact is open, for its timer is the contact's."""
    resolved_at_ms: int = 0
    """When it was provisionally settled; 0 while it is not."""
    closed_at_ms: int = 0
    """When an agent closed its last open contact, settled or not; 0 while one is open, or who called gave up."""
    returned: bool = False
    """Something came back after the first contact."""
    first_contact_id: str = ""
    first_channel: Channel = Channel.UNSPECIFIED
    first_queue_id: str = ""
    agent_id: str = ""
    """Who had its last contact that somebody had."""
    first_settled: bool = False
    """Its first contact settled it."""
    measured: bool = False
    """Its first contact was had by an agent and was no spam, so that its resolution is counted."""


class CaseRows(OfText[Case]):
    """Cases as rows."""

    __slots__ = ()

    @staticmethod
    def row(value: Case) -> bytes:
        """Instants are told from the case's first; the first contact's id begins most cases' own."""
        began, first_id = value.opened_at_ms, value.first_contact_id
        return encode(
            (
                shortened(value.customer_key),
                value.topic_id,
                began,
                tuple([shortened(key) for key in value.thread_keys]),
                _since(began, value.deadline_at_ms),
                _since(began, value.resolved_at_ms),
                _since(began, value.closed_at_ms),
                value.returned + 2 * value.first_settled + 4 * value.measured,
                None if first_id == _first_id(value.case_id) else shortened(first_id),
                int(value.first_channel),
                value.first_queue_id,
                shortened(value.agent_id),
                tuple([shortened(one) for one in value.open_contact_ids]),
            )
        )

    @staticmethod
    def value(key: str, row: bytes) -> Case:
        (
            customer,
            topic_id,
            began,
            threads,
            deadline,
            resolved,
            closed,
            flags,
            first,
            channel,
            queue_id,
            agent,
            contacts,
        ) = _READ(row)
        return Case(
            key,
            lengthened(customer),
            topic_id,
            began,
            tuple([lengthened(one) for one in contacts]),
            tuple([lengthened(one) for one in threads]),
            0 if deadline is None else began + deadline,
            0 if resolved is None else began + resolved,
            0 if closed is None else began + closed,
            flags & 1 > 0,
            _first_id(key) if first is None else lengthened(first),
            _CHANNELS[channel],
            queue_id,
            lengthened(agent),
            flags & 2 > 0,
            flags & 4 > 0,
        )


class Cases(AgedMap[str, Case]):
    """The cases of a desk by their ids."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[str, Case]
    PACKED = CaseRows


class Threads(OfText[str]):
    """Keyed hash of a conversation to the case it belongs to."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[str, str]

    @staticmethod
    def row(value: str) -> bytes:
        return _ROW_OF_ID(value) or encode(shortened(value))

    @staticmethod
    def value(key: str, row: bytes) -> str:  # noqa: ARG004 - as its kind of map has it
        return lengthened(_READ_ID(row))


class Customers(OfText[tuple[str, ...]]):
    """Keyed hash of a customer to his newest cases, oldest first."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[str, tuple[str, ...]]

    @staticmethod
    def row(value: tuple[str, ...]) -> bytes:
        return _ROW_OF_IDS(value) or encode(tuple([shortened(one) for one in value]))

    @staticmethod
    def value(key: str, row: bytes) -> tuple[str, ...]:  # noqa: ARG004 - as its kind of map has it
        return tuple([lengthened(one) for one in _READ_IDS(row)])


def _by_python(value: object) -> None:
    """Nothing is compiled: the row is Python's to make."""


_ROW_OF_ID: Callable[[str], bytes | None] = kernels.ids.row_of_id if kernels.COMPILED else _by_python
_ROW_OF_IDS: Callable[[tuple[str, ...]], bytes | None] = (
    kernels.ids.row_of_ids if kernels.COMPILED else _by_python
)


def _first_id(case_id: str) -> str:
    """The contact that opens a case gives it its name."""
    return case_id.rpartition("-c")[0]


def _since(began_ms: int, at_ms: int) -> int | None:
    return at_ms - began_ms if at_ms else None


class _Channels(dict[int, Channel]):
    """By number; one that this version does not know stays a number."""

    def __missing__(self, number: int) -> Any:
        return number


_CHANNELS = _Channels({int(one): one for one in Channel})
_Id = Any
"""`Short`, which msgspec has no name for."""
_READ = reader(
    tuple[
        _Id,
        str,
        int,
        tuple[_Id, ...],
        int | None,
        int | None,
        int | None,
        int,
        _Id | None,
        int,
        str,
        _Id,
        tuple[_Id, ...],
    ]
)
_READ_ID = reader(_Id)
_READ_IDS = reader(tuple[_Id, ...])
if kernels.COMPILED and not TYPE_CHECKING:
    _COMPILED = kernels.rows.CaseRows(Case, _CHANNELS, CaseRows.row, CaseRows.value)
    CaseRows.row_by_python, CaseRows.value_by_python = map(staticmethod, (CaseRows.row, CaseRows.value))
    CaseRows.row, CaseRows.value = map(staticmethod, (_COMPILED.row, _COMPILED.value))

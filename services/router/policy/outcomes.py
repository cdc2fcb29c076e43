"""Results whose repeat window is still open, and the sums that they have entered (routing.md 3, "Outcome").

    a contact ends           enters with its provisional label
    time passes              corrected upwards when a seventh and three sevenths of the window are over
    a repeat, same topic     corrected to 0
    the window is over       corrected to 1

Corrections by time ride on the ends of other contacts, a bounded number each, in the order in which they came: at the
pace at which results enter they never fall behind, and no timer of their own is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import immutables

from services.contract import kernels
from services.router.packed import AgedMap, OfNumber, OfText
from services.router.policy.labels import ELAPSED, Statement, bin_of, no_repeat, repeats, returned_by
from services.router.policy.learning import Key, Result, Skills
from services.router.policy.memory import NOTHING, Sums, with_changes
from services.router.rows import encode, lengthened, reader, shortened

Map = immutables.Map

REVISED_AT = (1 / 7, 3 / 7)
"""Shares of the window after which a result that is still open is looked at again."""
REVISED_AT_ONCE_MAX = 3
OPEN_PER_CASE_MAX = 4
"""Open results of one case, the newest; an older one stays as it is."""
SAME_TOPIC_MIN = 0.15
"""Chance that a repeat is about the result's topic, from which it counts as one."""


class Open(NamedTuple):
    """A result that may still be corrected."""

    case_id: str
    at_ms: int
    statement: Statement
    result: Result


_INSTANT_BYTES = 6
"""Milliseconds until the year 10,889."""
_STATEMENTS = tuple(Statement)


class OpenRows(OfNumber[Open]):
    """Open results as rows."""

    __slots__ = ()

    @staticmethod
    def row(value: Open) -> bytes:
        case_id, at_ms, statement, (key, *numbers) = value
        agent_id, topic_id, stratum = key
        row = (shortened(case_id), int(statement), shortened(agent_id), topic_id, stratum, *numbers)
        return at_ms.to_bytes(_INSTANT_BYTES, "big") + encode(row)

    @staticmethod
    def value(key: int, row: bytes) -> Open:  # noqa: ARG004 - as its kind of map has it
        at_ms = int.from_bytes(row[:_INSTANT_BYTES], "big")
        case_id, statement, agent_id, topic_id, stratum, *numbers = _READ(row[_INSTANT_BYTES:])
        result = Result(Key(lengthened(agent_id), topic_id, stratum), *numbers)
        return Open(lengthened(case_id), at_ms, _STATEMENTS[statement], result)


class OpenResults(AgedMap[int, Open]):
    """By number, in the order in which contacts ended."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[int, Open]
    PACKED = OpenRows

    def due(self, number: int, is_due: Callable[[int], bool]) -> tuple[bool, Open | None]:
        """Whether it is time for a result, by when its contact ended; and the result, None when it is not open."""
        fresh = self.fresh.get(number)
        if fresh is not None:
            return is_due(fresh.at_ms), fresh
        row = self.packed.row_of(number)
        if row is None:
            return True, None
        if not is_due(int.from_bytes(row[:_INSTANT_BYTES], "big")):
            return False, None
        return True, self.packed.built(number, row)


class NumberRows(OfText[tuple[int, ...]]):
    """Numbers of a case's results as rows."""

    __slots__ = ()

    @staticmethod
    def row(value: tuple[int, ...]) -> bytes:
        return encode(value)

    @staticmethod
    def value(key: str, row: bytes) -> tuple[int, ...]:  # noqa: ARG004 - as its kind of map has it
        return _READ_NUMBERS(row)  # type: ignore[no-any-return]


class OfCase(AgedMap[str, tuple[int, ...]]):
    """Numbers of the open results of each case."""

    __slots__ = ()
    STANDS_FOR: ClassVar[Any] = Map[str, tuple[int, ...]]
    PACKED = NumberRows


_READ = reader(tuple[Any, int, Any, str, int, Any, Any, Any, Any, Any, Any, Any])
_READ_NUMBERS = reader(tuple[int, ...])
if kernels.COMPILED and not TYPE_CHECKING:
    _COMPILED = kernels.rows.OpenRows(Key, Result, Open, _STATEMENTS, OpenRows.row, OpenRows.value)
    OpenRows.row_by_python, OpenRows.value_by_python = map(staticmethod, (OpenRows.row, OpenRows.value))
    OpenRows.row, OpenRows.value = map(staticmethod, (_COMPILED.row, _COMPILED.value))


@dataclass(frozen=True)
class Outcomes:
    """What is open, and what was learned of repeats. Every method answers the sums after it too."""

    opened: OpenResults = field(default_factory=OpenResults)
    of_case: OfCase = field(default_factory=OfCase)
    labels: Map[tuple[str, int], Sums] = field(default_factory=Map)
    """By topic and statement."""
    returns: tuple[int, ...] = ()
    """Weights of the repeats seen, by bin of ELAPSED; empty before the first."""
    next_number: int = 0
    revised: tuple[int, ...] = (0,) * len(REVISED_AT)
    """Number of the next result to be looked at again at each of REVISED_AT."""

    def provisional(self, topic_id: str, statement: Statement, share: float, today: int) -> float:
        """Label of a contact that ended this share of the window ago and has not come back.

        It stands until it is looked at again, so it is that of the middle of this time: right on average.
        """
        r = repeats(self.labels.get((topic_id, int(statement))), statement, today)
        until = next((due for due in REVISED_AT if share < due), 1.0)
        return no_repeat(r, returned_by(min(1.0, (share + until) / 2), self.returns, today))

    def entered(self, skills: Skills, entry: Open, configured: float) -> tuple[Skills, Outcomes]:
        """With the result of a contact that ended."""
        result, number = entry.result, self.next_number
        key = (result.key.topic_id, int(entry.statement))
        labels = self.labels.get(key, NOTHING).plus(result.weight, result.value, 0)
        numbers = (*self.of_case.get(entry.case_id, ()), number)
        opened = self.opened.add(number, entry)
        for dropped in numbers[:-OPEN_PER_CASE_MAX]:
            opened = opened.delete(dropped)
        after = with_changes(
            self,
            opened=opened,
            of_case=self.of_case.set(entry.case_id, numbers[-OPEN_PER_CASE_MAX:]),
            labels=self.labels.set(key, labels),
            next_number=number + 1,
        )
        return skills.entered(result, configured), after

    def of(self, case_id: str) -> list[tuple[int, Open]]:
        """The open results of a case with their numbers, in the order in which contacts ended."""
        return [(number, self.opened[number]) for number in self.of_case.get(case_id, ())]

    def put_away(self, case_id: str) -> Outcomes:
        """The same in less room: nothing is remembered of the case's contacts any more."""
        opened = self.opened
        for number in self.of_case.get(case_id, ()):
            opened = opened.put_away(number)
        if opened is self.opened:
            return self
        return with_changes(self, opened=opened, of_case=self.of_case.put_away(case_id))

    def came_back(
        self,
        skills: Skills,
        results: list[tuple[int, Open]],
        topics: Mapping[str, float],
        configured: Callable[[str], float],
        share_of: Callable[[int], float],
        *,
        today: int,
        timed: bool,
    ) -> tuple[Skills, Outcomes]:
        """A repeat: those of all `results` of its case on a topic that it may be about were none.

        `topics` is empty when nothing is known of its topic: it counts against all. `share_of` answers which share
        of the window is over since an instant. `timed` is false while only early returns can have been seen.
        """
        after = self
        left = list(results)
        for number, entry in results:
            if topics and topics.get(entry.result.key.topic_id, 0.0) < SAME_TOPIC_MIN:
                continue
            left.remove((number, entry))
            skills, after = after._settled(skills, number, entry, 0.0, configured, left)
            if timed:
                after = with_changes(after, returns=_counted(after.returns, share_of(entry.at_ms), today))
        return skills, after

    def window_over(
        self, skills: Skills, results: list[tuple[int, Open]], configured: Callable[[str], float]
    ) -> tuple[Skills, Outcomes]:
        """Nothing came back: all `results` of a case stand."""
        after = self
        for at, (number, entry) in enumerate(results, start=1):
            skills, after = after._settled(skills, number, entry, 1.0, configured, results[at:])
        return skills, after

    def looked_at(
        self,
        skills: Skills,
        configured: Callable[[str], float],
        share_of: Callable[[int], float],
        today: int,
    ) -> tuple[Skills, Outcomes, list[Key]]:
        """Corrects a few of the oldest results whose time has come; answers whose they were too."""
        after, keys = self, []
        for stage, due in enumerate(REVISED_AT):
            number, looked = after.revised[stage], 0
            while number < after.next_number and looked < REVISED_AT_ONCE_MAX:
                is_due, entry = after.opened.due(number, lambda at_ms, due=due: share_of(at_ms) >= due)  # type: ignore[misc]
                if not is_due:
                    break
                if entry is not None:
                    share = share_of(entry.at_ms)
                    value = after.provisional(entry.result.key.topic_id, entry.statement, share, today)
                    skills, after, result = after._relabelled(skills, entry, value, configured)
                    keys.append(result.key)
                    if result is not entry.result:
                        opened = after.opened.set(number, entry._replace(result=result))
                        after = with_changes(after, opened=opened)
                number, looked = number + 1, looked + 1
            revised = (*after.revised[:stage], number, *after.revised[stage + 1 :])
            after = with_changes(after, revised=revised) if revised != after.revised else after
        return skills, after, keys

    def _settled(
        self,
        skills: Skills,
        number: int,
        entry: Open,
        value: float,
        configured: Callable[[str], float],
        left: list[tuple[int, Open]],
    ) -> tuple[Skills, Outcomes]:
        """Without a result, which stands with this value; these of its case are left."""
        skills, after, _ = self._relabelled(skills, entry, value, configured)
        numbers, of_case = tuple([one for one, _ in left]), after.of_case
        of_case = of_case.set(entry.case_id, numbers) if numbers else of_case.delete(entry.case_id)
        return skills, with_changes(after, opened=after.opened.delete(number), of_case=of_case)

    def _relabelled(
        self, skills: Skills, entry: Open, value: float, configured: Callable[[str], float]
    ) -> tuple[Skills, Outcomes, Result]:
        """With the sums corrected; and the result as it is then, which is not yet among the open ones."""
        topic_id, before = entry.result.key.topic_id, entry.result.value
        skills, result = skills.corrected(entry.result, value, configured(topic_id))
        if result is entry.result:
            return skills, self, result
        key = (topic_id, int(entry.statement))
        n, s, e = self.labels[key]
        labels = Sums(n, s + result.weight * (result.value - before), e)
        return skills, with_changes(self, labels=self.labels.set(key, labels)), result


def _counted(returns: tuple[int, ...], share: float, today: int) -> tuple[int, ...]:
    counts = list(returns or (0,) * len(ELAPSED))
    counts[bin_of(share)] += today
    return tuple(counts)

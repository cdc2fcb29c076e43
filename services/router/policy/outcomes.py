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
from typing import NamedTuple

import immutables

from services.router.policy.labels import ELAPSED, Statement, bin_of, no_repeat, repeats, returned_by
from services.router.policy.learning import Result, Skills
from services.router.policy.memory import NOTHING, Sums, with_changes

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


@dataclass(frozen=True)
class Outcomes:
    """What is open, and what was learned of repeats. Every method answers the sums after it too."""

    opened: Map[int, Open] = field(default_factory=Map)
    """By number, in the order in which contacts ended."""
    of_case: Map[str, tuple[int, ...]] = field(default_factory=Map)
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
        opened = self.opened.set(number, entry)
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

    def came_back(
        self,
        skills: Skills,
        case_id: str,
        topics: Mapping[str, float],
        configured: Callable[[str], float],
        share_of: Callable[[int], float],
        *,
        today: int,
        timed: bool,
    ) -> tuple[Skills, Outcomes]:
        """A repeat: results of the case on a topic that it may be about were none.

        `topics` is empty when nothing is known of its topic: it counts against all. `share_of` answers which share
        of the window is over since an instant. `timed` is false while only early returns can have been seen.
        """
        after = self
        for number in self.of_case.get(case_id, ()):
            entry = self.opened[number]
            if topics and topics.get(entry.result.key.topic_id, 0.0) < SAME_TOPIC_MIN:
                continue
            skills, after = after._settled(skills, number, 0.0, configured)
            if timed:
                after = with_changes(after, returns=_counted(after.returns, share_of(entry.at_ms), today))
        return skills, after

    def window_over(
        self, skills: Skills, case_id: str, configured: Callable[[str], float]
    ) -> tuple[Skills, Outcomes]:
        """Nothing came back: the case's results stand."""
        after = self
        for number in self.of_case.get(case_id, ()):
            skills, after = after._settled(skills, number, 1.0, configured)
        return skills, after

    def looked_at(
        self,
        skills: Skills,
        configured: Callable[[str], float],
        share_of: Callable[[int], float],
        today: int,
    ) -> tuple[Skills, Outcomes]:
        """Corrects a few of the oldest results whose time has come."""
        after = self
        for stage, due in enumerate(REVISED_AT):
            number, looked = after.revised[stage], 0
            while number < after.next_number and looked < REVISED_AT_ONCE_MAX:
                entry = after.opened.get(number)
                if entry is not None:
                    share = share_of(entry.at_ms)
                    if share < due:
                        break
                    value = after.provisional(entry.result.key.topic_id, entry.statement, share, today)
                    skills, after = after._relabelled(skills, number, value, configured)
                number, looked = number + 1, looked + 1
            revised = (*after.revised[:stage], number, *after.revised[stage + 1 :])
            after = with_changes(after, revised=revised) if revised != after.revised else after
        return skills, after

    def _settled(
        self, skills: Skills, number: int, value: float, configured: Callable[[str], float]
    ) -> tuple[Skills, Outcomes]:
        entry = self.opened[number]
        skills, after = self._relabelled(skills, number, value, configured)
        left = tuple([one for one in after.of_case[entry.case_id] if one != number])
        of_case = after.of_case
        of_case = of_case.set(entry.case_id, left) if left else of_case.delete(entry.case_id)
        return skills, with_changes(after, opened=after.opened.delete(number), of_case=of_case)

    def _relabelled(
        self, skills: Skills, number: int, value: float, configured: Callable[[str], float]
    ) -> tuple[Skills, Outcomes]:
        entry = self.opened[number]
        topic_id, before = entry.result.key.topic_id, entry.result.value
        skills, result = skills.corrected(entry.result, value, configured(topic_id))
        if result is entry.result:
            return skills, self
        key = (topic_id, int(entry.statement))
        n, s, e = self.labels[key]
        labels = Sums(n, s + result.weight * (result.value - before), e)
        opened = self.opened.set(number, entry._replace(result=result))
        return skills, with_changes(self, opened=opened, labels=self.labels.set(key, labels))


def _counted(returns: tuple[int, ...], share: float, today: int) -> tuple[int, ...]:
    counts = list(returns or (0,) * len(ELAPSED))
    counts[bin_of(share)] += today
    return tuple(counts)

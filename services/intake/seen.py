"""What was published lately: a list that is read again must not fill the log with what it brought before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from services.intake.canonical import Problem
from services.intake.interpret import Interpreted

REMEMBERED_MAX = 20_000
"""Facts and problems; what is forgotten is published again, which changes nothing downstream."""


@dataclass
class Seen:
    """Ids of facts and digests of problems, in the order of their last use."""

    remembered_max: int = REMEMBERED_MAX
    _keys: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def news(self, found: Interpreted) -> Interpreted:
        """What is not remembered of it; remembers nothing."""
        problems = {_digest(problem): problem for problem in found.problems}
        return replace(
            found,
            facts=tuple(fact for fact in found.facts if fact.fact_id not in self._keys),
            problems=tuple(problem for key, problem in problems.items() if key not in self._keys),
        )

    def remember(self, found: Interpreted) -> None:
        """Call it once `found` is durable."""
        self._add(fact.fact_id for fact in found.facts)
        self._add(map(_digest, found.problems))

    def _add(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._keys[key] = None
            self._keys.move_to_end(key)
        while len(self._keys) > self.remembered_max:
            self._keys.popitem(last=False)


def _digest(problem: Problem) -> str:
    return sha256(f"{problem.reason}\n{problem.detail}\n".encode() + problem.data).hexdigest()

"""What is kept free for live contacts before deferrable work is given out (routing.md 2.6).

Trunk reservation per topic and level: an agent may be taken only if, in each of its topics, enough idle colleagues of
at least its authority stay. And a share of all agents stays idle whatever they can do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def enough_idle(idle: int, agents: int, count: int, share: float) -> bool:
    """True when more are idle than `count` plus the share of all agents."""
    return idle > count + share * agents


def may_leave(idle: Counts, topics: Sequence[int], level: int, reserve: int) -> bool:
    """True when the absence of an idle agent leaves enough.

    `idle`: idle agents by topic and level, itself included; `topics`: its own, as rows; `level`: its own.
    """
    return all(int(idle[topic, level:].sum()) - 1 >= reserve for topic in topics)


def may_leave_each(idle: Counts, topics: Rows, levels: Rows, reserve: int) -> Mask:
    """The same of many agents: `topics` has a row for each, filled up with the number of topics."""
    above = np.cumsum(idle[:, ::-1], axis=1)[:, ::-1]
    enough = np.ones((len(idle) + 1, idle.shape[1]), np.bool_)
    enough[:-1] = above - 1 >= reserve
    found: Mask = np.logical_and.reduce(enough[topics, levels[:, np.newaxis]], axis=1)
    return found

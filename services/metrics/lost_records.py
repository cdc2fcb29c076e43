"""A mend for aiokafka's fetcher, which Faust reads in a thread of its own.

While the fetcher hands records out, a seek or a new assignment from the other thread may drop a partition's records;
its `del` then raises KeyError and ends the worker (seen about once in thirty tests that move partitions). What was
handed out stays right: the ledger knows the offset that it wants next. So a record that is gone already is no fault.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

_MARK = "_outlives_lost_records"


class Records(OrderedDict[Any, Any]):
    """Records by partition; to drop those of a partition that has none changes nothing."""

    def __delitem__(self, key: Any) -> None:
        try:
            super().__delitem__(key)
        except KeyError:
            return


def outlive_lost_records() -> None:
    """Lets every fetcher made from now on keep its records in `Records`; once a process, further calls do nothing."""
    if getattr(Fetcher, _MARK, False):
        return
    begin = Fetcher.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        self._records = Records(self._records)

    setattr(Fetcher, "__init__", __init__)  # noqa: B010 - a plain assignment is refused by the type checker
    setattr(Fetcher, _MARK, True)

"""What can go wrong in metrics; all of it stops the process that meets it, for a skipped record is a wrong total.

MetricsError
├── Gap             a record was delivered too early: records before it have not been folded
├── Torn            stored rows do not belong together: fold the log again from its start
├── Unreadable      a record of the decision log does not parse: a person decides
├── LogReplaced     the log ends before what was folded of it: it is another log
└── RowTooLarge     a row exceeds what the log can carry
"""

from __future__ import annotations


class MetricsError(Exception):
    """Root of everything metrics raises by itself."""


class Gap(MetricsError):
    """`found` was delivered while `wanted` is the next offset to fold."""

    def __init__(self, partition: int, wanted: int, found: int) -> None:
        self.partition, self.wanted, self.found = partition, wanted, found
        super().__init__(f"partition {partition}: offset {found} delivered, {wanted} is next")


class Torn(MetricsError):
    """The rows of a partition do not add up to its head row; their newest offset is `newest`."""

    def __init__(self, partition: int, newest: int, detail: str) -> None:
        self.partition, self.newest = partition, newest
        super().__init__(f"partition {partition}: {detail}")


class Unreadable(MetricsError):
    """A record of the decision log does not parse; the chain would break behind it."""

    def __init__(self, partition: int, offset: int, detail: str) -> None:
        super().__init__(f"partition {partition}, offset {offset}: {detail}")


class LogReplaced(MetricsError):
    """The log ends before what was folded of it; totals of another log must not be continued."""

    def __init__(self, partition: int, folded: int, end: int) -> None:
        super().__init__(
            f"partition {partition}: folded up to offset {folded}, but the log ends at {end}; was it created "
            "anew? Give metrics a new app id, or delete its changelog topic."
        )


class RowTooLarge(MetricsError):
    """A row exceeds the largest record; raise the topic's bound or lower the number of queues."""

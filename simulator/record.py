"""What happened to each issue and agent of one run, as arrays; metrics.py makes figures of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from simulator.day import Day


class Attempt(Protocol):
    """What a record needs to know of a contact."""

    @property
    def issue(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def hops(self) -> int: ...
    @property
    def queued_seconds(self) -> float: ...


class Record:
    """Rows are issues of the day; "first" is an issue's first contact with all its hops and consults."""

    def __init__(self, day: Day, agents: int) -> None:
        size = len(day)
        self.day = day
        self.first_wait_seconds = np.full(size, np.nan)
        """Until the first agent, of the first contact; NaN if none answered it."""
        self.answer_seconds = np.full(size, np.nan)
        """From the issue's arrival to the first human answer on any attempt."""
        self.first_left = np.zeros(size, dtype=bool)
        """The first contact left before any agent."""
        self.first_resolved = np.zeros(size, dtype=bool)
        self.first_hops = np.zeros(size, dtype=np.int64)
        self.first_authority = np.zeros(size, dtype=bool)
        """The first contact met a missing level."""
        self.contacts = np.zeros(size, dtype=np.int64)
        self.customer_seconds = np.zeros(size)
        """Waits and talk over all contacts."""
        self.wait_seconds_most = np.zeros(size)
        """The longest single wait in a queue."""
        self.busy_seconds = np.zeros(agents)

    def left(self, contact: Attempt, now: float) -> None:
        self._waited(contact, now)
        if contact.attempt == 0 and contact.hops == 0:
            self.first_left[contact.issue] = True

    def started(self, contact: Attempt, now: float) -> None:
        self._waited(contact, now)
        issue = contact.issue
        if contact.attempt == 0 and contact.hops == 0:
            self.first_wait_seconds[issue] = now - contact.queued_seconds
        if np.isnan(self.answer_seconds[issue]):
            self.answer_seconds[issue] = now - self.day.arrival_seconds[issue]

    def _waited(self, contact: Attempt, now: float) -> None:
        wait = now - contact.queued_seconds
        self.customer_seconds[contact.issue] += wait
        self.wait_seconds_most[contact.issue] = max(self.wait_seconds_most[contact.issue], wait)

    def talked(self, contact: Attempt, seconds: float) -> None:
        self.customer_seconds[contact.issue] += seconds

    def resolved(self, contact: Attempt) -> None:
        if contact.attempt == 0:
            self.first_resolved[contact.issue] = True

    def handed_over(self, contact: Attempt) -> None:
        if contact.attempt == 0:
            self.first_hops[contact.issue] += 1

    def authority(self, contact: Attempt) -> None:
        if contact.attempt == 0:
            self.first_authority[contact.issue] = True

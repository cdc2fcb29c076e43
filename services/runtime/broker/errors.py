"""What can go wrong with a broker of one's own.

BrokerError
├── NothingToRunItWith   neither a Docker engine nor Java with Maven is on this machine
└── NotReady             it was started and did not answer in time, or ended; carries the tail of its log
"""

from __future__ import annotations


class BrokerError(Exception):
    """Root; the message is meant for the person who typed the command."""


class NothingToRunItWith(BrokerError):
    """No engine to start a broker with; the message says what to install."""


class NotReady(BrokerError):
    """The broker did not become ready; nothing of it is left running."""

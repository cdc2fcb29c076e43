"""A refusal: the command changes nothing, and the caller is told why and what to do."""

from __future__ import annotations


class Refuse(Exception):
    """Ends the decision of one command. `reason` is on the closed list of Reply.reason."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Malformed(Exception):
    """The fact lacks what its kind requires; the text names fields, never values."""

"""An enum that carries numbers it does not know, as protobuf asks of readers (style rule 15)."""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class OpenEnum(IntEnum):
    """Known members by name; an unknown number becomes a member named UNKNOWN_<number>."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member  # not remembered: what a stranger sends must not grow memory

    @property
    def known(self) -> bool:
        """False for a number that this version has no name for."""
        return not self._name_.startswith("UNKNOWN_")

    @property
    def label(self) -> str:
        """Lower-case name for measures and people; "other" for unknown numbers, so that labels stay bounded."""
        return self._name_.lower() if self.known else "other"

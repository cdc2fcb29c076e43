"""A setting that a provider's module declares: what it is called, what it holds, and when its values are wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSetting:
    """A setting that one provider needs.

    A secret one is a list with commas between its values, all of which verify (for rotation), and may come from
    a file (`NAME_FILE`); any other is one text. `default` holds for a setting that is absent.
    """

    name: str
    says: str
    """For docs/settings.md: what it is, in one phrase."""
    secret: bool = True
    single: bool = False
    """A secret that is one value, commas and all: a key as JSON or PEM."""
    default: tuple[str, ...] = ()
    in_cases: tuple[str, ...] = ()
    """Names that recorded cases give to it in `secrets`."""
    absent_in_cases: tuple[str, ...] = ()
    """What a recorded case means that gives none of them."""
    fault: Callable[[tuple[str, ...]], str] | None = None
    """What is wrong with values given, without the values; "" when nothing is."""

"""Reads settings from a mapping (the environment) and reports all faults together.

    reader = Reader(os.environ)
    port = reader.integer("FRONTDESK_HTTP_PORT", default=8080, low=0, high=65535)
    reader.done()                       # raises SettingsError naming every fault found

Secrets may come by a file instead: NAME_FILE names a file whose content is the value, and FRONTDESK_SECRETS_DIR a
folder in which a file called NAME holds it (a Kubernetes Secret as a volume). What stands in the environment wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class SettingsError(Exception):
    """One or more settings are wrong; `faults` has a sentence for each, without secret values."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("settings: " + "; ".join(faults))


class Secret(str):
    """A string that hides itself from repr, str and format, and as a value of a log line.

    Its users take `encode()`. It still is a string: slices, joins and JSON show it, so those are not for logs.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


class Reader:
    """Collects values and faults; call `done` once everything is read."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self.faults: list[str] = []

    def text(self, name: str, *, default: str | None = None, choices: tuple[str, ...] = ()) -> str:
        """A string; required when there is no default."""
        value = self._raw(name)
        if value is None:
            if default is None:
                self.faults.append(f"{name} is required")
                return ""
            return default
        if choices and value not in choices:
            self.faults.append(f"{name} must be one of {', '.join(choices)}")
        return value

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return self._number(name, default, low, high, int, "a whole number")

    def number(self, name: str, *, default: float, low: float, high: float) -> float:
        """A number in [low, high]."""
        return self._number(name, default, low, high, float, "a number")

    def flag(self, name: str, *, default: bool) -> bool:
        """true or false."""
        value = self.text(name, default=str(default).lower(), choices=("true", "false"))
        return value == "true"

    def secret(self, name: str, *, default: str | None = None, bytes_min: int = 0) -> Secret:
        """A secret, from NAME or from the file that NAME_FILE names."""
        value = Secret(self.text(name, default=default))
        if value and len(value.encode()) < bytes_min:
            self.faults.append(f"{name} must have at least {bytes_min} bytes")
        return value

    def secret_list(self, name: str) -> tuple[Secret, ...]:
        """Comma-separated secrets, several for rotation; empty when absent."""
        return tuple(Secret(part.strip()) for part in (self._raw(name) or "").split(",") if part.strip())

    def file(self, name: str) -> str | None:
        """Content of the file that NAME names; None when NAME is absent."""
        path = self._mapping.get(name)
        return None if not path else self._read(name, path)

    def fault(self, text: str) -> None:
        """Adds a fault that the caller found."""
        self.faults.append(text)

    def done(self) -> None:
        """Raises SettingsError when anything was wrong."""
        if self.faults:
            raise SettingsError(self.faults)

    def _raw(self, name: str) -> str | None:
        value = self._mapping.get(name)
        if value:
            return value
        path = self._mapping.get(f"{name}_FILE")
        if path:
            return (self._read(f"{name}_FILE", path) or "").strip() or None
        folder = self._mapping.get("FRONTDESK_SECRETS_DIR")
        if folder and (kept := Path(folder) / name).is_file():
            return (self._read("FRONTDESK_SECRETS_DIR", str(kept)) or "").strip() or None
        return None

    def _read(self, name: str, path: str) -> str | None:
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(f"{name} names a file that cannot be read ({type(error).__name__}: {path})")
            return None

    def _number(self, name: str, default: T, low: T, high: T, parse: Callable[[str], T], what: str) -> T:
        value = self._raw(name)
        if value is None:
            return default
        try:
            number = parse(value)
            fits = low <= number <= high  # type: ignore[operator] # int or float
        except ValueError:
            fits = False
        if not fits:
            self.faults.append(f"{name} must be {what} from {low} to {high}, not {value!r}")
            return default
        return number

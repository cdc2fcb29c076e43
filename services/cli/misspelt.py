"""Settings whose names nobody asks for but almost: FRONTDESK_SLACK_SIGNING_SECRET, without its S.

Such a one would be passed over in silence, and all deliveries of its channel refused. Names that resemble none are
left alone: other processes of the deployment may share the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

PREFIX = "FRONTDESK_"
LIKENESS_MIN = 0.9
"""Share of letters in common, as difflib counts; one letter more or less in 20 is 0.97."""
OF_INTAKE = frozenset({"FRONTDESK_SMTP_TLS_CERT_FILE", "FRONTDESK_SMTP_TLS_KEY_FILE"})
"""Settings that only intake asks for and that look like others' (FRONTDESK_HTTP_TLS_...): no slips in any process."""
NAMES_MAX = 50
"""So many unknown names are looked at: each is compared with all that were asked for."""


class Asked(Mapping[str, str]):
    """An environment that remembers which names were asked for."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._env[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)

    def misspelt(self) -> dict[str, str]:
        """The name that was probably meant, by each that nobody asked for."""
        known = self.names | {f"{name}_FILE" for name in self.names} | OF_INTAKE
        unknown = sorted(name for name in self._env if name.startswith(PREFIX) and name not in known)
        likest = {
            name: get_close_matches(name, sorted(known), 1, LIKENESS_MIN) for name in unknown[:NAMES_MAX]
        }
        return {name: meant[0] for name, meant in likest.items() if meant}

"""All provider modules, found by themselves: a module of this package with a `PROVIDER` is a provider.

So a further provider is a further module (docs/adding-a-channel.md).
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider


def _found() -> tuple[Provider, ...]:
    """Providers by name. Raises ValueError for two with one name, one path or one setting: a fault of the code."""
    modules = [import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    found = sorted(
        (module.PROVIDER for module in modules if hasattr(module, "PROVIDER")), key=lambda one: one.name
    )
    for what, taken in (
        ("name", [one.name for one in found]),
        ("path", [path for one in found for path in one.hooks]),
        ("setting", [setting.name for one in found for setting in one.settings]),
        ("fetcher", [fetcher for one in found for fetcher in one.fetchers]),
    ):
        twice = sorted({one for one in taken if taken.count(one) > 1})
        if twice:
            raise ValueError(f"two providers have the {what} {', '.join(twice)}")
    return tuple(found)


PROVIDERS = _found()
FETCHERS = {name: rule for one in PROVIDERS for name, rule in one.fetchers.items()}
PATHS: dict[str, Adapter] = {path: adapter for one in PROVIDERS for path, adapter in one.hooks.items()}

"""What a provider's module declares about itself: its paths, its secrets, and what the channel matrix says of it.

Settings, web server, replay, README and docs/settings.md read these declarations, so a provider is one module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.intake.channels.adapter import Adapter
from services.intake.channels.fetching import FetchRule
from services.intake.channels.polling import Poller, Stream
from services.intake.provider_setting import ProviderSetting

__all__ = ("Provider", "ProviderSetting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider. `name` is the source that its facts carry; it is part of their ids, so it never changes."""

    name: str
    title: str
    """As people write it."""
    media: tuple[str, ...]
    """Media of its events, as facts carry them."""
    verified_by: str
    """How a delivery is proven to be the provider's own, in one phrase."""
    event_id: str
    """What makes the fact's id, in one phrase."""
    page: str
    """Page in docs/channels that says how to connect it, without its suffix."""
    hooks: Mapping[str, Adapter] = field(default_factory=dict)
    """Adapter by path; empty when intake fetches or listens by itself."""
    door: str = ""
    """How deliveries come when there is no path, in one phrase."""
    fetchers: Mapping[str, FetchRule] = field(default_factory=dict)
    """Who may fetch for this provider, by the name that `Wanted.fetcher` gives."""
    pollers: tuple[Poller, ...] = ()
    streams: tuple[Stream, ...] = ()
    settings: tuple[ProviderSetting, ...] = ()
    together: tuple[tuple[ProviderSetting, ...], ...] = ()
    """The first of a group is of no use without the others: once it is given, all are required."""
    needs_public_url: ProviderSetting | None = None
    """The setting that, once given, makes FRONTDESK_PUBLIC_URL required, because the provider signs it."""

"""What browsers are sent: one JSON value that says everything the page shows. A field is added, never renamed."""

from __future__ import annotations

import msgspec

from services.metrics.wallboard.figures import Figure

FORM = 1
"""Version of the frame; a page that knows another one asks to be loaded again."""
LINES_MAX = 60
"""Queue and channel pairs of a frame; those beyond are summed up in `more`."""
DESKS_MAX = 200


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who waits in one queue by one channel."""

    queue: str
    channel: str
    waiting: int = 0
    past_promise: int = 0
    """Those of them whose target wait has passed."""
    oldest_since_ms: int = 0
    """When the one that waits longest arrived; 0 when nobody waits."""


class Waiting(msgspec.Struct, frozen=True):
    """Who waits, and where; the most urgent line first, and queues where nobody waits at the end, by name."""

    now: int
    past_promise: int
    oldest_since_ms: int
    lines: list[Line]
    more: int
    """Contacts that wait in lines which are not listed."""


class Agents(msgspec.Struct, frozen=True):
    """How many agents are in a state."""

    state: str
    agents: int


class Curve(msgspec.Struct, frozen=True):
    """Contacts that arrived per quarter hour since midnight; `usual` is the mean of the earlier days."""

    slots: int
    today: list[int]
    """Up to now."""
    usual: list[float]
    """The whole day; empty without earlier days."""


class Usual(msgspec.Struct, frozen=True):
    """What today is compared with."""

    days: int
    weekday: str


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """See the module. All instants are epoch milliseconds by the service's clock."""

    form: int
    assets: str
    """Changes when the page itself changes: then it loads itself again."""
    state: str
    """"live"; "recovering"; "elsewhere": another replica counts this desk; "unconfigured": there is no such desk."""
    desk: str
    """Empty: all desks together."""
    desks: list[str]
    now_ms: int
    rate: float
    """How many times as fast as the wall clock the service's clock runs."""
    watermark_ms: int
    """Instant of the newest decision counted; 0 for none."""
    day_starts_ms: int
    day_ends_ms: int
    time_zone: str
    waiting: Waiting | None = None
    agents: list[Agents] = []
    figures: list[Figure] = []
    curve: Curve | None = None
    usual: Usual | None = None
    overloaded: bool = False
    partial: bool = False
    """All desks were asked for, and other replicas count some of them."""
    beats: bool = False
    """Heartbeats have come, so silence is never only quiet."""


_ENCODER = msgspec.json.Encoder()


def encode(frame: Frame) -> bytes:
    """JSON on one line."""
    return _ENCODER.encode(frame)

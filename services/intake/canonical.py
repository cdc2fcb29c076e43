"""What every provider's delivery is turned into, and what a provider module gets and gives.

A delivery is one HTTP request (or one mail). Its module says whether the signature is good (`Verdict`), what the
provider is to be answered (`ProviderReply`), and which events it holds. One request is not one event, and one
bad item must not lose its neighbours (channels.md 1, rule 5): what could not be read is a `Problem`, what is no
event at all (a receipt, a typing mark) is counted under its name in `dropped`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.provider_setting import ProviderSetting

KINDS = (
    "message",
    "mention",
    "review",
    "unsupported",
    "reaction",
    "edit",
    "deletion",
    "auto_reply",
    "bounce",
    "complaint",
    "call_started",
    "call_queued",
    "call_connected",
    "call_ended",
)
"""Every kind an event may have; a measure's label, so the list is closed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came. `url` is the public one, which Twilio signs and others put a key into; `headers` have
    lower-case names."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at_ms: int
    fetched: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What its adapter wanted, by address: b"" where the provider says there is none (404, 410); no entry where it
    could not be fetched, for which an adapter may raise NotNow."""
    was_verified: bool = False
    """Read once more from a letter, without what verified it when it came."""

    @classmethod
    def of(
        cls, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes, received_at_ms: int
    ) -> Delivery:
        """Repeated headers are joined with a comma (RFC 9110 5.2), so a doubled signature is a wrong one."""
        folded: dict[str, str] = {}
        for name, value in headers:
            name = name.lower()
            folded[name] = f"{folded[name]}, {value}" if name in folded else value
        return cls(method, url, folded, body, received_at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a module knows besides the delivery: its settings' values by name, and the region of our lines."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    regions: Mapping[str, str] = field(default_factory=dict)

    def of(self, setting: ProviderSetting) -> tuple[str, ...]:
        """All values of a setting: keys, any of which may verify."""
        return self.values.get(setting.name, setting.default)

    def one(self, setting: ProviderSetting) -> str:
        """The only value of a setting, "" without one."""
        return next(iter(self.of(setting)), "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource without which a delivery cannot be read: a certificate, the review that a notice names.

    `fetcher` names who may fetch it ("sns", "google" ...): each has its own hosts, checked before anything is
    sent, and its own credentials. Fetching is a port; a module only says what it wants.
    """

    url: str
    fetcher: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a delivery is the provider's own; `reason` says why not, without any value of it."""

    signature_valid: bool
    scheme: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """What the provider is answered."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a delivery that could not be read; `reason` is from a short list, `data` the part's bytes."""

    reason: str
    detail: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who contacted us, as the provider tells it; `absent_reason` says why there is no identifier.

    `handle` is a label that changes owners and never identifies anybody. `verified` is for what the provider
    itself vouches for within a delivery that it signed.
    """

    type: str = ""
    value: str = ""
    name: str = ""
    scoped_id: str = ""
    absent_reason: str = ""
    handle: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A statement that two identities are one customer's; the router decides what becomes of it.

    `strength` is "strong" for the provider's own statement and "weak" for evidence; `statement` says which:
    "number_changed", "scoped_id", "same_value", "order_reference".
    """

    one: Customer
    other: Customer
    strength: str
    statement: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a mail of ours for one recipient (RFC 3464): action "failed", "delayed" ...; status "5.1.1"."""

    recipient: str
    action: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """Stars: `value` of `scale`, for example 2 of 5."""

    value: float
    scale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalEvent:
    """One event of one delivery, in our words (channels.md 1). Instants are epoch milliseconds; 0 is unknown.

    `state` tells events with one provider id apart (call status, edit); `contact_ref` is the id that all
    states of one call share. `thread_id` may hold personal data.
    """

    channel: str
    medium: str
    account: str
    provider_event_id: str
    kind: str
    direction: str = "inbound"
    state: str = ""
    contact_ref: str = ""
    customer: Customer | None = None
    thread_id: str = ""
    in_reply_to: str = ""
    occurred_at_ms: int = 0
    subject: str = ""
    text: str = ""
    language_hint: str = ""
    public: bool = False
    opted_out: bool = False
    opt_word: bool = False
    leg: bool = False
    """How an agent is reached, or a transfer within the call: a state of it that is neither arrival nor end."""
    opens: bool = False
    """Begins the contact although its kind does not: a queue that tells of no earlier state."""
    id_scope: str = ""
    """What ids are scoped to where `account` may differ between the states of one call; "" is the account."""
    reference: str = ""
    attachments: int = 0
    rating: Rating | None = None
    links: tuple[Link, ...] = ()
    reports: tuple[Report, ...] = ()
    about_id: str = ""
    """What bounced, was reacted to, edited or deleted, as the provider names it."""
    also_to: tuple[str, ...] = ()
    """Further accounts of ours that the same mail was for; each further desk gets a fact of its own."""
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a provider says about identities without any contact: a number that became another."""

    account: str
    provider_event_id: str
    occurred_at_ms: int
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a module made of a delivery."""

    verdict: Verdict
    reply: ProviderReply
    events: tuple[CanonicalEvent, ...] = ()
    problems: tuple[Problem, ...] = ()
    dropped: tuple[str, ...] = ()
    follow: tuple[Wanted, ...] = ()
    """To be fetched after the answer, the result thrown away: a subscription to confirm."""
    statements: tuple[Statement, ...] = ()


@dataclass
class Collector:
    """Gathers a batch while it is read."""

    events: list[CanonicalEvent] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    follow: list[Wanted] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def leave_out_before(self, oldest_ms: int) -> None:
        """What happened before that instant is only counted; what has no instant stays."""
        old = [event for event in self.events if 0 < event.occurred_at_ms < oldest_ms]
        if old:
            self.events = [event for event in self.events if not 0 < event.occurred_at_ms < oldest_ms]
            self.dropped += ["old"] * len(old)

    def reading(self, verdict: Verdict, reply: ProviderReply) -> Reading:
        return Reading(
            verdict,
            reply,
            tuple(self.events),
            tuple(self.problems),
            tuple(self.dropped),
            follow=tuple(self.follow),
            statements=tuple(self.statements),
        )

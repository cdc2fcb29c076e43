"""Slack: Events API, pressed buttons and slash commands under one path (channels.md 2.3).

Signed is "v0:TIME:BODY" over the raw body; a time more than five minutes from the delivery's receipt is refused,
which with deduplication by ids is the guard against a replay. Repeats (X-Slack-Retry-Num) are the same facts.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_key
from services.intake.channels.slack_events import read_event
from services.intake.channels.slack_pressed import read_command, read_interaction
from services.intake.values import Unreadable, load_json, text

SIGNING_SECRETS = ProviderSetting(
    name="FRONTDESK_SLACK_SIGNING_SECRETS",
    says="signing secrets of the Slack app",
    in_cases=("signing_secret", "signing_secrets"),
)
SCHEME = "slack"
WINDOW_SECONDS = 300
CHALLENGE_CHARS_MAX = 500
HANDSHAKE_BYTES_MAX = 10_000
"""Longer bodies are no handshake, and are not read a second time for one."""
FORM_FIELDS_MAX = 200
_TIME_CHARS_MAX = 15


def verify(delivery: Delivery, known: Known) -> Verdict:
    """The signature first, then its age: what a stranger sends learns nothing about our clock."""
    given = delivery.headers.get("x-slack-signature", "")
    at = delivery.headers.get("x-slack-request-timestamp", "")
    if not given or not at:
        return Verdict(False, SCHEME, "no signature")
    signed = f"v0:{at}:".encode("utf-8", "surrogateescape") + delivery.body
    if not any_key(given, known.of(SIGNING_SECRETS), lambda key: _sign(key, signed)):
        return Verdict(False, SCHEME, "wrong signature")
    if not _recent(at, delivery.received_at_ms):
        return Verdict(False, SCHEME, "signed too long ago, or in the future")
    return Verdict(True, SCHEME)


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    del known
    if delivery.method == "GET":
        return
    if _is_form(delivery):
        _read_form(delivery.body, found)
        return
    body = load_json(delivery.body)
    match text(body.get("type"), 60):
        case "event_callback":
            read_event(body, found)
        case "url_verification":
            return
        case "app_rate_limited":
            detail = "events were left out: more than Slack sends in an hour"
            found.problems.append(Problem("provider_error", detail, delivery.body))
        case _:
            found.problems.append(Problem("unknown_event", "type is none of those known", delivery.body))


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    """The challenge of a handshake; nothing else has a body, for Slack shows an answer to a form to its person."""
    del known
    if len(delivery.body) > HANDSHAKE_BYTES_MAX or _is_form(delivery):
        return ProviderReply(200)
    try:
        body = load_json(delivery.body)
    except Unreadable:
        return ProviderReply(200)
    handshake = body.get("type") == "url_verification"
    return ProviderReply(200, body=text(body.get("challenge"), CHALLENGE_CHARS_MAX) if handshake else "")


def _read_form(body: bytes, found: Collector) -> None:
    """An interaction (JSON in `payload`), a slash command, or the check of our certificate."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
    except ValueError as error:
        raise Unreadable(f"no form ({type(error).__name__})") from None
    if "payload" in fields:
        read_interaction(load_json(fields["payload"].encode("utf-8", "replace")), found)
    elif "command" in fields:
        read_command(dict(fields), found)
    elif "ssl_check" in fields:
        found.dropped.append("handshake")
    else:
        found.problems.append(Problem("unknown_event", "a form without payload or command", body))


def _is_form(delivery: Delivery) -> bool:
    kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


def _recent(at: str, received_at_ms: int) -> bool:
    if not (at.isascii() and at.isdecimal() and len(at) <= _TIME_CHARS_MAX):
        return False
    return abs(received_at_ms - int(at) * 1000) <= WINDOW_SECONDS * 1000


def _sign(key: bytes, signed: bytes) -> str:
    return "v0=" + hmac.digest(key, signed, "sha256").hex()


WEBHOOK = Adapter("slack", verify, parse, reply)
PROVIDER = Provider(
    name="slack",
    title="Slack",
    media=("slack",),
    verified_by="HMAC-SHA256 over time and raw body, five minutes long",
    event_id="channel and ts; and state",
    page="slack",
    hooks={"/hooks/slack": WEBHOOK},
    settings=(SIGNING_SECRETS,),
)

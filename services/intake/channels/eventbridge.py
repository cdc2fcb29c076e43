"""Amazon EventBridge: contact events of Amazon Connect and detail events of Genesys Cloud (channels.md 2.1).

The events carry no signature; the API destination sends a key of ours in the header `x-api-key`. Which reader an
event goes to is said by its envelope (`source`, `detail-type`). Delivery is best effort and unordered, and the
envelope's `id` stays the same when EventBridge repeats.
"""

from __future__ import annotations

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels import connect, genesys_calls
from services.intake.channels.adapter import Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.values import line, load_json

API_KEYS = ProviderSetting(
    name="FRONTDESK_EVENTBRIDGE_API_KEYS",
    says="keys that an EventBridge API destination sends in `x-api-key`",
    in_cases=("api_key", "api_keys"),
)
HEADER = "x-api-key"
_CONNECT = "aws.connect"
_GENESYS = "aws.partner/genesys.com"


def verify(delivery: Delivery, known: Known) -> Verdict:
    given = delivery.headers.get(HEADER, "")
    right = any_equal(given, known.of(API_KEYS))
    return Verdict(right, "api_key", "" if right else ("wrong key" if given else "no key"))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One event; of a source or type that is not read here there remains a dead letter."""
    envelope = load_json(delivery.body)
    source, kind = line(envelope.get("source")).lower(), line(envelope.get("detail-type")).lower()
    if line(envelope.get("Name")).lower() == connect.FLOW:
        connect.flow(envelope, known, found)
    elif source == _CONNECT or kind in connect.DETAIL_TYPES:
        connect.event(envelope, known, found)
    elif source.startswith(_GENESYS) or kind.startswith(genesys_calls.TOPIC):
        genesys_calls.event(envelope, known, found)
    else:
        found.problems.append(Problem("unknown_event", "an event of a source not read here", delivery.body))


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200)


PROVIDER = Provider(
    name="eventbridge",
    title="Amazon Connect and Genesys Cloud (EventBridge)",
    media=(
        *("voice", "callback", "sms", "email", "chat", "video", "whatsapp", "messenger", "instagram"),
        *("x_dm", "line", "apple_messages", "genesys_open"),
    ),
    verified_by="key of the API destination",
    event_id="contact or conversation id and state",
    page="eventbridge",
    hooks={"/hooks/eventbridge": Adapter("eventbridge", verify, parse, reply)},
    settings=(API_KEYS,),
)

"""CloudEvents in: events in Frontdesk's own words from systems that have no module of their own.

By HTTP (`/hooks/cloudevents`) a delivery is proven by a bearer token, a key in the URL or a signature of Standard
Webhooks, whichever is set; by Kafka (services/intake/doors/cloudevents_kafka.py) by who may write the topic. Ids are
unique per source (CloudEvents 1.0, 3.1.1), so both make the fact's id, and an event that comes both ways is one fact.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Reading, Verdict
from services.intake.channels.adapter import Adapter
from services.intake.channels.authorization import credentials
from services.intake.channels.cloudevents_format import CloudEvent, from_http, from_kafka
from services.intake.channels.contact_events import kind_of, read_contact
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.channels.standard_signature import keys_fault, verify_standard
from services.intake.channels.url_keys import verify_url_key
from services.intake.values import Unreadable

BEARERS = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_BEARER_TOKENS",
    says="tokens that may post events (`Authorization: Bearer`)",
    in_cases=("bearer_token", "bearer_tokens"),
)
URL_KEYS = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_URL_KEYS",
    says="keys in the URL that events are posted to (`?key=`)",
    in_cases=("url_key", "url_keys"),
)
SIGNING_KEYS = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_SIGNING_KEYS",
    says="Standard Webhooks keys (`whsec_`, `whpk_`) that sign posted events",
    in_cases=("webhook_secret", "webhook_secrets"),
    fault=keys_fault,
)
KAFKA_BOOTSTRAP = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_KAFKA_BOOTSTRAP",
    says="brokers of the topic that events are read from",
    secret=False,
)
KAFKA_TOPIC = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_KAFKA_TOPIC", says="topic that events are read from", secret=False
)
KAFKA_GROUP = ProviderSetting(
    name="FRONTDESK_CLOUDEVENTS_KAFKA_GROUP",
    says="consumer group that reads it",
    secret=False,
    default=("frontdesk-intake",),
)
KAFKA_PREFIX = "FRONTDESK_CLOUDEVENTS_KAFKA"
KAFKA_SECURITY = tuple(
    ProviderSetting(name=f"{KAFKA_PREFIX}_{part}", says=says, secret=secret, single=secret)
    for part, says, secret in (
        (
            "SECURITY_PROTOCOL",
            "what those brokers speak, as `FRONTDESK_KAFKA_SECURITY_PROTOCOL` of our own",
            False,
        ),
        ("CA_FILE", "certificates (PEM) that prove those brokers", False),
        ("CERT_FILE", "our certificate chain (PEM) for mTLS with them", False),
        ("KEY_FILE", "its private key (PEM)", False),
        ("KEY_PASSWORD", "password of that key, where it has one", True),
        ("SASL_MECHANISM", "`SCRAM-SHA-512` (by default), `SCRAM-SHA-256` or `PLAIN`", False),
        ("USER", "user of `SASL_SSL`", False),
        ("PASSWORD", "its password", True),
    )
)
SOURCE = "cloudevents"


def verify(delivery: Delivery, known: Known) -> Verdict:
    """By the strongest that is set and there; a signature that is wrong is not mended by a key in the URL."""
    if "webhook-signature" in delivery.headers and known.of(SIGNING_KEYS):
        return verify_standard(delivery, known.of(SIGNING_KEYS))
    token = credentials(delivery, "bearer")
    if token:
        right = any_equal(token, (one for one in known.of(BEARERS) if one))
        return Verdict(right, "bearer", "" if right else "wrong token")
    return verify_url_key(delivery, known.of(URL_KEYS))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """Each event of a batch is read by itself."""
    for event in from_http(delivery.headers, delivery.body):
        if isinstance(event, bytes):
            found.problems.append(Problem("unreadable", "an entry of the batch is no event", event))
        else:
            take(event, known, found)


def take(event: CloudEvent, known: Known, found: Collector) -> None:
    """One event, from wherever it came."""
    kind = kind_of(event.type)
    if not kind:
        found.problems.append(Problem("unknown_event", "the event's type is none of ours", event.raw))
        return
    try:
        contact = read_contact(
            kind, event.data, known, event_id=event.id, scope=event.source, at_ms=event.at_ms
        )
    except Unreadable as error:
        found.problems.append(Problem("unreadable", str(error), event.raw))
    else:
        found.events.append(contact)


def record(headers: Mapping[str, bytes], value: bytes, known: Known) -> Reading:
    """What a Kafka record holds; never raises. Without a value it is a tombstone, and no event."""
    found = Collector()
    try:
        if value:
            take(from_kafka(headers, value), known, found)
        else:
            found.dropped.append("tombstone")
    except Unreadable as error:
        found.problems.append(Problem("unreadable", str(error), value))
    except Exception as error:  # a fault of ours: keep the evidence, go on
        detail = f"{SOURCE}'s reader failed with {type(error).__name__}"
        found.problems.append(Problem("reader_failed", detail, value))
    return found.reading(Verdict(True, "kafka"), ProviderReply(200))


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(202)


WEBHOOK = Adapter(
    SOURCE, verify, parse, reply, refused=ProviderReply(403, body="no token, key or signature of ours")
)
PROVIDER = Provider(
    name=SOURCE,
    title="CloudEvents (HTTP, Kafka)",
    media=("any that the event names",),
    verified_by="a bearer token, a key in the URL or a Standard Webhooks signature; by Kafka who may write",
    event_id="source and id",
    page="cloudevents",
    hooks={"/hooks/cloudevents": WEBHOOK},
    door="reads a Kafka topic as a group",
    settings=(BEARERS, URL_KEYS, SIGNING_KEYS, KAFKA_BOOTSTRAP, KAFKA_TOPIC, KAFKA_GROUP, *KAFKA_SECURITY),
    together=((KAFKA_BOOTSTRAP, KAFKA_TOPIC), (KAFKA_TOPIC, KAFKA_BOOTSTRAP)),
)

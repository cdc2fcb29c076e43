"""Contact events of Amazon Connect, as EventBridge brings them (docs.aws.amazon.com, "contact events").

AWS mixes `AgentInfo.AgentArn` with `queueInfo.queueArn` and `Voice` with `VOICE`: keys and values are matched
without case. A transfer is a further contact id of the same chain, whose first id is `initialContactId`; the chain
is one contact here. An event without `customerEndpoint`, as AWS's own samples are, names nobody; what a contact flow
gives to a Lambda function does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.intake import identity
from services.intake.canonical import CanonicalEvent, Collector, Customer, Known, Problem
from services.intake.values import Unreadable, dump, epoch_ms, ident, line, mail_date_ms, obj

DETAIL_TYPES = frozenset({"amazon connect contact event", "connect customer contact event"})
"""The second stands in newer samples of AWS's documentation."""
FLOW = "contactflowexecution"
"""Name of what a contact flow gives to a Lambda function, which may post it here as it is."""
_KINDS = {
    "initiated": "call_started",
    "connected_to_system": "call_started",
    "queued": "call_queued",
    "connected_to_agent": "call_connected",
    "disconnected": "call_ended",
}
_NO_EVENTS = frozenset(
    {"contact_data_updated", "completed", "paused", "resumed", "amd_disabled", "scheduled"}
)
_MEDIA = {
    "voice": ("phone", "voice"),
    "chat": ("social", "chat"),
    "email": ("email", "email"),
}
_SUBTYPES = {
    "connect:sms": ("phone", "sms"),
    "connect:whatsapp": ("social", "whatsapp"),
    "connect:apple": ("social", "apple_messages"),
}
"""What a chat is when its segment says that it came by text message or messenger."""
_OURS = frozenset({"outbound", "external_outbound", "callback", "agent_reply", "flow", "campaign_preview"})
"""Ways to begin that are our own; a call-back is our call in the customer's chain. By API we call, but a chat, and a text
message or mail that is handed on by API, is the customer's."""
_TRANSFERS = frozenset({"transfer", "queue_transfer", "disconnect"})
_MOVED_ON = frozenset({"transferred"})
Fields = Mapping[str, Any]


def event(envelope: Fields, known: Known, found: Collector) -> None:
    """One state of one contact. Raises Unreadable for an event that names no contact."""
    if line(envelope.get("detail-type")).lower() not in DETAIL_TYPES:
        found.problems.append(Problem("unknown_event", "no contact event", dump(envelope)))
        return
    detail = _lower(envelope.get("detail"))
    contact = ident(detail.get("contactid"))
    if not contact:
        raise Unreadable("no contactId")
    kind, medium, method = _word(detail, "eventtype"), _medium(detail), _word(detail, "initiationmethod")
    if kind in _NO_EVENTS:
        found.dropped.append(kind)
    elif medium is None:
        found.dropped.append("task" if _word(detail, "channel") == "task" else "channel")
    elif method == "monitor":
        found.dropped.append("monitor")
    elif kind not in _KINDS:
        found.problems.append(Problem("unknown_event", "an eventType that is not documented", dump(envelope)))
    else:
        found.events.append(_state(envelope, detail, contact, kind, medium, known))


def flow(envelope: Fields, known: Known, found: Collector) -> None:
    """The beginning of a contact, by its flow (docs.aws.amazon.com, "connect-lambda-functions")."""
    detail = _lower(obj(envelope.get("Details")).get("ContactData"))
    contact, medium = ident(detail.get("contactid")), _medium(detail)
    if not contact:
        raise Unreadable("no ContactId")
    if medium is None:
        found.dropped.append("task" if _word(detail, "channel") == "task" else "channel")
        return
    found.events.append(_state(envelope, detail, contact, "initiated", medium, known))


def _state(
    envelope: Fields, detail: Fields, contact: str, kind: str, medium: tuple[str, str], known: Known
) -> CanonicalEvent:
    chain = ident(detail.get("initialcontactid") or detail.get("previouscontactid")) or contact
    method = _word(detail, "initiationmethod")
    outbound = method in _OURS or (method == "api" and _word(detail, "channel") == "voice")
    further = contact != chain or method in _TRANSFERS
    moved = bool(ident(detail.get("nextcontactid"))) or _word(detail, "disconnectreason") in _MOVED_ON
    instance = line(detail.get("instancearn")).rpartition("/")[2]
    account = line(_lower(detail.get("systemendpoint")).get("address")) or instance
    return CanonicalEvent(
        channel=medium[0],
        medium=medium[1],
        account=ident(account),
        id_scope=ident(instance or account),
        provider_event_id=ident(envelope.get("id")) or f"{contact}:{kind}",
        kind=_KINDS[kind],
        direction="outbound" if outbound else "inbound",
        state=f"{kind}:{contact}" if contact != chain else kind,
        contact_ref=chain,
        customer=_customer(detail, account, known),
        thread_id=chain,
        leg=moved if kind == "disconnected" else further,
        occurred_at_ms=_instant(envelope.get("time")),
        language_hint=line(detail.get("languagecode"), 20),
        extras=_extras(detail, kind, moved, outbound),
    )


def _extras(detail: Fields, kind: str, moved: bool, outbound: bool) -> dict[str, Any]:
    """Wait and length in whole seconds, the agent, and how it ended: abandoned is queued and with no agent."""
    queue, agent = _lower(detail.get("queueinfo")), _lower(detail.get("agentinfo"))
    enqueued, connected = _at(queue, "enqueuetimestamp"), _at(agent, "connectedtoagenttimestamp")
    ended = _at(detail, "disconnecttimestamp")
    extras: dict[str, Any] = {}
    name = line(agent.get("agentarn")).rpartition("/")[2]
    if name:
        extras["agent"] = name
    queued = kind == "disconnected" and bool(enqueued or queue.get("queuearn"))
    abandoned = queued and not (connected or name or outbound or moved)
    until = connected or (ended if abandoned else 0)
    if kind in ("connected_to_agent", "disconnected") and enqueued and until >= enqueued:
        extras["wait_s"] = (until - enqueued) // 1000
    if kind == "disconnected":
        began = _at(detail, "connectedtosystemtimestamp") or _at(detail, "initiationtimestamp")
        if began and ended >= began:
            extras["duration_s"] = (ended - began) // 1000
        reason = _word(detail, "disconnectreason")
        extras["status"] = "abandoned" if abandoned else "transferred" if moved else reason or "disconnected"
        if abandoned:
            extras["abandoned"] = True
    return extras


def _customer(detail: Fields, account: str, known: Known) -> Customer:
    endpoint = _lower(detail.get("customerendpoint"))
    address, kind = line(endpoint.get("address")), _word(endpoint, "type")
    if not endpoint:
        return Customer(absent_reason="not_told")
    name = line(endpoint.get("displayname"))
    if kind == "email_address" or (not kind and "@" in address):
        return identity.writer(address, name)
    if kind in ("", "telephone_number", "voip"):
        return identity.caller(
            address, known.regions.get(account.lower(), "") or identity.region_of(account), name
        )
    return (
        Customer(type="external_id", value=ident(address)) if address else Customer(absent_reason="not_told")
    )


def _medium(detail: Fields) -> tuple[str, str] | None:
    """Channel and medium; None for a task, which nobody outside has sent."""
    subtype = _lower(_lower(detail.get("segmentattributes")).get("connect:subtype"))
    return _SUBTYPES.get(_word(subtype, "valuestring")) or _MEDIA.get(_word(detail, "channel"))


def _lower(value: Any) -> dict[str, Any]:
    return {name.lower(): one for name, one in obj(value).items()}


def _word(fields: Fields, name: str) -> str:
    return line(fields.get(name), 60).lower()


def _at(fields: Fields, name: str) -> int:
    return _instant(fields.get(name))


def _instant(value: Any) -> int:
    """ISO 8601, or an epoch; 0 when it is neither."""
    return epoch_ms(value) or mail_date_ms(value)

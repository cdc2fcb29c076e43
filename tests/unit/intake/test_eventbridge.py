"""EventBridge: Amazon Connect's contact events and Genesys's detail events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.contract.facts import CallerHungUp, ContactArrived, NonContactSeen
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known, Reading
from services.intake.channels import PATHS
from services.intake.channels import connect as connect_module
from services.intake.channels import genesys_calls as genesys_module
from services.intake.channels.eventbridge import API_KEYS, PROVIDER
from services.intake.interpret import Interpreted, Interpreter
from tests.unit.intake.world import IDENTITY_KEY, NOON_MS, needs

KNOWN = Known(values={API_KEYS.name: ("old", "new")}, regions={"+4930901820": "DE"})
ACCOUNTS = Accounts({"+4930901820": Account("acme", "DE")}, "acme")
HOOK = PATHS["/hooks/eventbridge"]
INSTANCE = "arn:aws:connect:eu-central-1:111122223333:instance/i1"


def posted(body: Any, key: str = "new") -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery.of("POST", "https://desk.example/hooks/eventbridge", [("X-Api-Key", key)], raw, NOON_MS)


def connect(kind: str, contact: str = "c1", **detail: Any) -> Delivery:
    return posted(
        {
            "id": f"e-{contact}-{kind}",
            "detail-type": "Amazon Connect Contact Event",
            "source": "aws.connect",
            "time": "2026-04-03T09:00:00Z",
            "detail": {
                "eventType": kind,
                "contactId": contact,
                "initialContactId": "c1",
                "channel": "VOICE",
                "instanceArn": INSTANCE,
                "initiationMethod": "INBOUND",
                "customerEndpoint": {"type": "TELEPHONE_NUMBER", "address": "+4915112345678"},
                "systemEndpoint": {"type": "TELEPHONE_NUMBER", "address": "+4930901820"},
                **detail,
            },
        }
    )


def genesys(topic: str, conversation: str = "conv-1", **body: Any) -> Delivery:
    return posted(
        {
            "id": f"g-{topic}",
            "detail-type": f"v2.detail.events.conversation.{{id}}.{topic}",
            "source": "aws.partner/genesys.com/cloud/org-1/eb",
            "time": "2026-04-03T10:01:41Z",
            "detail": {
                "topicName": f"v2.detail.events.conversation.{{id}}.{topic}",
                "eventBody": {
                    "eventTime": 1775210500123,
                    "conversationId": conversation,
                    "participantId": "p1",
                    "sessionId": "s1",
                    "mediaType": "VOICE",
                    "direction": "INBOUND",
                    "ani": "tel:+4915112345678",
                    "dnis": "tel:+4930901820",
                    **body,
                },
            },
        }
    )


def read(delivery: Delivery) -> Reading:
    return HOOK.read(delivery, KNOWN)


def only(delivery: Delivery) -> CanonicalEvent:
    (event,) = read(delivery).events
    return event


def interpreted(delivery: Delivery) -> Interpreted:
    return Interpreter(KNOWN, ACCOUNTS, needs(), IDENTITY_KEY).webhook(HOOK, delivery)


def fact(delivery: Delivery) -> Any:
    (one,) = interpreted(delivery).facts
    return one


@pytest.mark.parametrize("key", ["", "wrong", "newer", "new,old", "\udcff"])
def test_a_wrong_key_publishes_nothing(key: str) -> None:
    reading = read(posted({}, key))
    assert (reading.reply.status, reading.events, reading.problems) == (403, (), ())


def test_an_unknown_source_is_a_dead_letter_and_200() -> None:
    reading = read(posted({"source": "aws.ec2", "detail-type": "EC2 Instance", "detail": {}}))
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unknown_event"])


def test_the_states_of_a_call_are_one_contact() -> None:
    queue = {"queueArn": "arn:queue/q", "enqueueTimestamp": "2026-04-03T09:00:10.100Z"}
    agent = {"agentArn": "arn:agent/a-77", "connectedToAgentTimestamp": "2026-04-03T09:00:58.200Z"}
    facts = [
        fact(connect("INITIATED")),
        fact(connect("CONNECTED_TO_SYSTEM")),
        fact(connect("QUEUED", queueInfo=queue)),
        fact(connect("CONNECTED_TO_AGENT", queueInfo=queue, agentInfo=agent)),
        fact(connect("DISCONNECTED", queueInfo=queue, agentInfo=agent)),
    ]
    assert [type(one.body) for one in facts] == [
        ContactArrived,
        ContactArrived,
        NonContactSeen,
        NonContactSeen,
        CallerHungUp,
    ]
    assert facts[0].fact_id == facts[1].fact_id
    assert len({one.fact_id for one in facts}) == 4
    assert len({one.body.contact_id for one in facts}) == 1
    assert facts[3].body.wait_ms == 48_000


def test_a_queued_call_without_an_agent_is_abandoned() -> None:
    event = only(
        connect(
            "DISCONNECTED",
            queueInfo={"queueArn": "q", "enqueueTimestamp": "2026-04-03T09:00:10Z"},
            agentInfo=None,
            connectedToSystemTimestamp="2026-04-03T09:00:00Z",
            disconnectTimestamp="2026-04-03T09:00:53Z",
            disconnectReason="CUSTOMER_DISCONNECT",
        )
    )
    assert event.extras == {"wait_s": 43, "duration_s": 53, "abandoned": True, "status": "abandoned"}


def test_a_call_of_ours_that_nobody_took_is_not_abandoned() -> None:
    event = only(
        connect("DISCONNECTED", initiationMethod="OUTBOUND", queueInfo={"queueArn": "q"}, agentInfo=None)
    )
    assert (event.direction, dict(event.extras)) == ("outbound", {"status": "disconnected"})


def test_a_chain_without_its_first_id_goes_by_the_one_before() -> None:
    later = connect("QUEUED", "c2", initialContactId=None, previousContactId="c1")
    assert fact(later).body.contact_id == fact(connect("INITIATED")).body.contact_id


def test_what_a_flow_gives_to_a_function_begins_the_same_contact_and_names_the_caller() -> None:
    data = {
        "ContactId": "c1",
        "InitialContactId": "c1",
        "PreviousContactId": "c1",
        "Channel": "VOICE",
        "InstanceARN": INSTANCE,
        "InitiationMethod": "INBOUND",
        "LanguageCode": "de-DE",
        "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+4930901820"},
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+4915112345678"},
    }
    flow = posted({"Name": "ContactFlowExecution", "Details": {"ContactData": data, "Parameters": {}}})
    assert fact(flow).fact_id == fact(connect("INITIATED", customerEndpoint=None)).fact_id
    arrived = fact(flow).body
    assert (arrived.customer.value, arrived.language.code) == ("+4915112345678", "de")


def test_the_newer_name_of_the_event_is_known() -> None:
    body = connect("QUEUED").body.replace(b"Amazon Connect Contact", b"Connect Customer Contact")
    assert only(posted(body)).kind == "call_queued"


def test_a_transfer_is_a_state_of_its_chain_and_no_new_contact() -> None:
    first = fact(connect("INITIATED"))
    moved = fact(connect("DISCONNECTED", nextContactId="c2"))
    second = fact(connect("INITIATED", "c2", previousContactId="c1", initiationMethod="TRANSFER"))
    ended = fact(connect("DISCONNECTED", "c2", previousContactId="c1", initiationMethod="TRANSFER"))

    assert [type(one.body) for one in (first, moved, second, ended)] == [
        ContactArrived,
        NonContactSeen,
        NonContactSeen,
        CallerHungUp,
    ]
    assert {one.body.contact_id for one in (first, moved, second, ended)} == {first.body.contact_id}
    assert len({one.fact_id for one in (first, moved, second, ended)}) == 4


def test_an_event_without_endpoints_belongs_to_the_same_contact() -> None:
    bare = fact(connect("DISCONNECTED", customerEndpoint=None, systemEndpoint=None))
    assert bare.body.contact_id == fact(connect("INITIATED")).body.contact_id


@pytest.mark.parametrize("method", ["OUTBOUND", "external_outbound", "CALLBACK", "API", "AGENT_REPLY"])
def test_calls_that_we_began_open_no_contact(method: str) -> None:
    assert isinstance(fact(connect("INITIATED", initiationMethod=method)).body, NonContactSeen)


def test_a_chat_begun_by_api_is_the_customers() -> None:
    event = only(connect("INITIATED", channel="CHAT", initiationMethod="API", customerEndpoint=None))
    assert (event.channel, event.medium, event.direction) == ("social", "chat", "inbound")
    assert event.customer is not None and event.customer.absent_reason == "not_told"


def test_a_text_message_by_way_of_a_chat_keeps_its_number() -> None:
    event = only(
        connect(
            "INITIATED",
            channel="CHAT",
            initiationMethod="API",
            segmentAttributes={"connect:Subtype": {"valueString": "connect:SMS"}},
        )
    )
    assert (event.channel, event.medium, event.direction) == ("phone", "sms", "inbound")
    assert event.customer is not None and event.customer.value == "+4915112345678"


def test_names_and_values_are_matched_without_case() -> None:
    event = only(
        connect(
            "connected_to_agent",
            channel="Voice",
            QueueInfo={"EnqueueTimestamp": "2026-04-03T17:29:04.000Z"},
            AgentInfo={"AgentArn": "arn:agent/z", "ConnectedToAgentTimestamp": "2026-04-03T17:29:09.000Z"},
        )
    )
    assert (event.kind, event.extras) == ("call_connected", {"agent": "z", "wait_s": 5})


@pytest.mark.parametrize(
    ("detail", "dropped"),
    [
        ({"kind": "CONTACT_DATA_UPDATED"}, "contact_data_updated"),
        ({"kind": "COMPLETED"}, "completed"),
        ({"kind": "INITIATED", "channel": "TASK"}, "task"),
        ({"kind": "INITIATED", "initiationMethod": "MONITOR"}, "monitor"),
    ],
)
def test_what_is_no_contact_is_counted(detail: dict[str, Any], dropped: str) -> None:
    reading = read(connect(**detail))
    assert (reading.events, reading.dropped) == ((), (dropped,))


def test_an_unknown_event_type_is_a_dead_letter_and_200() -> None:
    reading = read(connect("TELEPORTED"))
    assert (reading.reply.status, [one.reason for one in reading.problems]) == (200, ["unknown_event"])


def test_a_conversation_is_one_contact() -> None:
    facts = [
        fact(genesys("customer.start")),
        fact(genesys("acd.start", sessionId="s2")),
        fact(genesys("user.start", sessionId="s3", userId="u1", dnis="sip:agent@org;user=phone")),
        fact(genesys("customer.end", interactionDurationMs=61_500, disconnectType="PEER")),
    ]
    assert [type(one.body) for one in facts] == [
        ContactArrived,
        NonContactSeen,
        NonContactSeen,
        CallerHungUp,
    ]
    assert len({one.body.contact_id for one in facts}) == 1
    assert (facts[3].body.duration_seconds, facts[3].body.status) == (61, "peer")


def test_a_topic_may_name_its_conversation() -> None:
    delivery = genesys("acd.start")
    body = delivery.body.replace(b"{id}", b"5f0c2a1e-1111-2222-3333-444455556666")
    assert only(posted(body)).kind == "call_queued"


@pytest.mark.parametrize(
    "ani",
    [
        "tel:+4915112345678",
        "TEL:+4915112345678",
        "sip:+4915112345678@edge.example;user=phone",
        "+4915112345678",
    ],
)
def test_a_caller_is_its_number_whatever_scheme_it_has(ani: str) -> None:
    event = only(genesys("customer.start", ani=ani))
    assert event.customer is not None and event.customer.value == "+4915112345678"


def test_a_call_of_ours_has_its_customer_at_the_other_end() -> None:
    event = only(
        genesys("customer.start", direction="OUTBOUND", ani="tel:+4930901820", dnis="tel:+4915112345678")
    )
    assert event.direction == "outbound" and event.account == "+4930901820"
    assert event.customer is not None and event.customer.value == "+4915112345678"


@pytest.mark.parametrize(
    ("body", "medium", "customer"),
    [
        (
            {"mediaType": "MESSAGE", "messageType": "whatsapp", "ani": "", "addressFrom": "+4915112345678"},
            "whatsapp",
            "phone",
        ),
        (
            {"mediaType": "MESSAGE", "messageType": "WHATSAPP", "ani": "", "addressFrom": "4915112345678"},
            "whatsapp",
            "phone",
        ),
        ({"mediaType": "MESSAGE", "messageType": "open", "ani": "x1"}, "genesys_open", "external_id"),
        ({"mediaType": "EMAIL", "ani": "", "addressFrom": "Ana@Example.pt"}, "email", "email"),
        ({"mediaType": "CALLBACK"}, "callback", "phone"),
    ],
)
def test_each_medium_has_its_own_kind_of_customer(body: dict[str, Any], medium: str, customer: str) -> None:
    event = only(genesys("customer.start", **body))
    assert event.medium == medium
    assert event.customer is not None and event.customer.type == customer


@pytest.mark.parametrize("topic", ["acd.end", "user.end", "ivr.start", "voicemail.end", "wrapup", "outbound"])
def test_what_is_no_state_of_the_customer_is_counted(topic: str) -> None:
    reading = read(genesys(topic))
    assert reading.events == () and len(reading.dropped) == 1


WRONG: list[Any] = [None, 7, "x", [], {}, [1], {"a": 1}, True, -1.5, "9" * 400]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_no_node_of_a_wrong_type_raises_or_is_a_fault_of_ours(wrong: Any) -> None:
    for delivery in (connect("DISCONNECTED"), genesys("customer.start")):
        envelope = json.loads(delivery.body)
        nodes = [(envelope, name) for name in envelope]
        detail = envelope["detail"]
        nodes += [(detail, name) for name in detail]
        nodes += [(detail["eventBody"], name) for name in detail.get("eventBody", {})]
        for holder, name in nodes:
            kept, holder[name] = holder[name], wrong
            found = interpreted(posted(envelope))
            assert found.reading.reply.status == 200
            assert "reader_failed" not in [one.reason for one in found.problems], name
            holder[name] = kept


def test_the_declaration_names_every_medium() -> None:
    tables = (
        connect_module._MEDIA,
        connect_module._SUBTYPES,
        genesys_module._MEDIA,
        genesys_module._MESSAGES,
    )
    media = {medium for table in tables for _, medium in table.values()}
    assert media == set(PROVIDER.media)

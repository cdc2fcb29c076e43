"""Amazon SES through SNS: signatures, where a certificate may come from, mails and reports (channels.md 2.2)."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from services.intake.canonical import Known, Report, Wanted
from services.intake.channels import ses as module
from services.intake.channels import sns as envelopes
from tests.unit.intake.mailed import CERTIFICATE_URL, RAW_MAIL, SES_KNOWN, TOPIC, certificate, received, sns
from tests.unit.intake.world import NOON_MS, read

STRANGE_URLS = [
    "http://sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com:8443/a.pem",
    "https://sns.eu-central-1.amazonaws.com:443x/a.pem",
    "https://user@sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem",
    "https://sns.eu-central-1.amazonaws.com:x@evil.example/a.pem",
    "https://evil.example\\@sns.eu-central-1.amazonaws.com/a.pem",
    "https://evil.example\\.sns.eu-central-1.amazonaws.com/a.pem",
    "https:\\\\sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
    "https://sns.eu-central-1.amazonaws.community/a.pem",
    "https://sns.eu-central-1.amazonaws.com.cn.evil.example/a.pem",
    "https://evilsns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.evil.amazonaws.com/a.pem",
    "https://sns.s3.amazonaws.com.evil.example/a.pem",
    "https://sns.s3.amazonaws.com/a.pem",
    "https://sns.s3-us-west-2.amazonaws.com/a.pem",
    "https://sns.eu-central-1.elb.amazonaws.com/a.pem",
    "https://my-bucket.s3.amazonaws.com/sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns..amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com./a.pem",
    "https://xn--sns-abc.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.соm/a.pem",
    "https://sns。eu-central-1.amazonaws.com/a.pem",
    "https://127.0.0.1/a.pem",
    "https://[::1]/a.pem",
    "https://169.254.169.254/latest/meta-data/a.pem",
    "https://2130706433/a.pem",
    "https://localhost/a.pem",
    "https://sns.eu-central-1.amazonaws.com\n.evil.example/a.pem",
    "https://sns.eu-central-1.amazonaws.com\t/a.pem",
    " https://sns.eu-central-1.amazonaws.com/a.pem",
    "//sns.eu-central-1.amazonaws.com/a.pem",
    "file:///etc/a.pem",
    "gopher://sns.eu-central-1.amazonaws.com/a.pem",
    "",
]
ODD_PATHS = ["/?Action=x", "/a.pem?x=1", "/a.pem#x", "/a/../b.pem", "/a.txt", "/%2e.pem", "/a.pem/"]


def events_of(message: Any, **changed: Any) -> tuple[Any, ...]:
    return read(sns(message, **changed), SES_KNOWN).events


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES Email Receipt Notification", None, "Ünïcode"])
def test_mail_comes_with_either_version_of_the_signature(version: str, subject: str | None) -> None:
    (event,) = events_of(received(), version=version, Subject=subject)

    assert (event.customer.value, event.customer.name) == ("srecko@x.example", "Srećko")
    assert (event.subject, event.text) == ("Повраћај", "Где је мој новац?")
    assert (event.provider_event_id, event.thread_id) == ("ses-id-1", "<ses1@x.example>")
    assert (event.account, event.occurred_at_ms) == ("help@acme.example", NOON_MS + 123)


@pytest.mark.parametrize("told", [True, False])
def test_content_in_base64_keeps_every_byte(told: bool) -> None:
    raw = RAW_MAIL.replace("utf-8\r\n", "windows-1251\r\n").encode("cp1251", "replace")
    action = {"type": "SNS", **({"encoding": "BASE64"} if told else {})}
    notice = received(b64encode(raw).decode(), receipt={"recipients": ["a+t3@b.example"], "action": action})
    (event,) = events_of(notice)

    assert (event.text, event.account, event.thread_id) == ("Где је мој новац?", "a@b.example", "t3")


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (received(None, receipt={"action": {"type": "S3", "bucketName": "b"}}), "S3"),
        (received(None), "SNS action"),
        (received("  "), "SNS action"),
        (received("=====", receipt={"action": {"encoding": "BASE64"}}), "BASE64"),
    ],
)
def test_notice_without_the_mail_is_a_dead_letter_that_says_why(notice: dict[str, Any], words: str) -> None:
    (problem,) = read(sns(notice), SES_KNOWN).problems

    assert (problem.reason, words in problem.detail) == ("unreadable", True)


def test_mail_that_lies_in_s3_is_a_contact_with_the_subject_that_its_headers_tell() -> None:
    fields = {
        "From": "Ana <ana@x.example>",
        "Subject": "=?utf-8?q?Moja_naro=C4=8Dilnica?=",
        "References": "<a@x>",
    }
    notice = received(None, receipt={"recipients": ["help@acme.example"], "action": {"type": "S3"}})
    notice["mail"]["headers"] = [{"name": name, "value": value} for name, value in fields.items()]
    (event,) = events_of(notice)

    assert (event.kind, event.subject, event.text) == ("message", "Moja naročilnica", "")
    assert (event.customer.value, event.thread_id) == ("ana@x.example", "<a@x>")


@pytest.mark.parametrize(
    "url", STRANGE_URLS + [f"https://sns.eu-central-1.amazonaws.com{one}" for one in ODD_PATHS]
)
def test_certificate_from_a_strange_address_is_never_wanted_and_never_counts(url: str) -> None:
    delivery = sns(received(), SigningCertURL=url)

    assert module.WEBHOOK.wanted(delivery, SES_KNOWN) == ()
    assert (
        read(replace(delivery, fetched={url: certificate(), "": certificate()}), SES_KNOWN).reply.status
        == 403
    )


@pytest.mark.parametrize("url", STRANGE_URLS)
def test_subscription_is_confirmed_at_amazons_addresses_only(url: str) -> None:
    reading = read(sns("x", kind="SubscriptionConfirmation", Token="t", SubscribeURL=url), SES_KNOWN)

    assert (reading.follow, reading.events) == ((), ())
    assert [problem.reason for problem in reading.problems] == ["unreadable"]


def test_certificate_is_wanted_once_everything_that_is_free_to_check_is_right() -> None:
    wanted = (Wanted(CERTIFICATE_URL, "sns"),)

    assert module.WEBHOOK.wanted(sns(received(), fetched=False), SES_KNOWN) == wanted
    assert module.WEBHOOK.wanted(sns(received(), TopicArn=TOPIC + "x"), SES_KNOWN) == ()
    assert module.WEBHOOK.wanted(sns(received(), kind="Moon"), SES_KNOWN) == ()
    assert module.WEBHOOK.wanted(sns(received(), MessageId=7), SES_KNOWN) == ()
    assert module.WEBHOOK.wanted(sns(received()), Known()) == ()
    assert envelopes.RULE.allows("https://sns.cn-north-1.amazonaws.com.cn/a.pem")


def test_certificate_that_could_not_be_fetched_makes_sns_come_again() -> None:
    reading = read(sns(received(), fetched=False), SES_KNOWN)

    assert (reading.reply.status, reading.events, reading.problems) == (503, (), ())


@pytest.mark.parametrize(
    "changed",
    [
        {"Signature": "AAAA"},
        {"Signature": ""},
        {"Signature": 7},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 1},
        {"Timestamp": None},
        {"Message": ["x"]},
        {"Message": None},
        {"TopicArn": "arn:aws:sns:eu-central-1:222222222222:mail"},
        {"TopicArn": None},
        {"SigningCertURL": None},
    ],
)
def test_envelope_that_is_wrong_is_refused(changed: dict[str, Any]) -> None:
    reading = read(sns(received(), **changed), SES_KNOWN)

    assert (reading.reply.status, reading.events, reading.problems, reading.follow) == (403, (), (), ())


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"])
def test_every_signed_field_counts(name: str) -> None:
    delivery = sns(received())
    envelope = json.loads(delivery.body)
    envelope[name] += " "
    known = Known(values={module.TOPICS.name: ("*",)})

    assert read(delivery, known).verdict.signature_valid
    assert read(replace(delivery, body=json.dumps(envelope).encode()), known).reply.status == 403


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", b"\xff" * 99]
)
def test_certificate_that_is_none_verifies_nothing(pem: bytes) -> None:
    assert read(replace(sns(received()), fetched={CERTIFICATE_URL: pem}), SES_KNOWN).reply.status == 403


@pytest.mark.parametrize(("days", "genuine"), [(0, True), (6, True), (8, False), (400, False), (-1, True)])
def test_envelope_counts_for_as_long_as_its_facts_are_remembered(days: int, genuine: bool) -> None:
    """A clock of Amazon's that is ahead of ours harms nobody; what is old could be a replay."""
    later = replace(sns(received()), received_at_ms=NOON_MS + days * 24 * 3_600_000)
    reading = read(later, SES_KNOWN)

    assert reading.verdict.signature_valid is genuine
    assert bool(reading.events) is genuine


def test_subscription_is_followed_and_publishes_nothing() -> None:
    url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    reading = read(sns("x", kind="SubscriptionConfirmation", Token="t", SubscribeURL=url), SES_KNOWN)
    assert (reading.follow, reading.events, reading.problems) == ((Wanted(url, "sns"),), (), ())

    end = read(sns("x", kind="UnsubscribeConfirmation", Token="t", SubscribeURL=url), SES_KNOWN)
    assert (end.follow, end.dropped) == ((), ("unsubscribed",))


def test_raw_delivery_needs_a_key_in_the_url() -> None:
    known = Known(values={**SES_KNOWN.values, module.URL_KEYS.name: ("k1",)})
    raw = replace(sns(received()), body=json.dumps(received()).encode())

    assert read(raw, known).reply.status == 403
    assert read(replace(raw, url=raw.url + "?key=k1"), SES_KNOWN).reply.status == 403
    assert len(read(replace(raw, url=raw.url + "?key=k1"), known).events) == 1
    forged = sns(received(), Signature="AAAA")
    assert read(replace(forged, url=forged.url + "?key=k1"), known).reply.status == 403


def told(kind: str, name: str, detail: dict[str, Any], *, event: bool = False) -> dict[str, Any]:
    return {
        "eventType" if event else "notificationType": kind,
        "mail": {
            "timestamp": "2026-04-03T11:59:00.000Z",
            "source": "Support+t1@acme.example",
            "messageId": "out-1",
            "destination": ["a@x.example", "b@x.example"],
            "commonHeaders": {"messageId": "<o1@acme.example>", "subject": "Your order"},
        },
        name: {"timestamp": "2026-04-03T12:00:00.000Z", **detail},
    }


@pytest.mark.parametrize("event", [False, True])
def test_bounce_names_each_recipient(event: bool) -> None:
    people = [
        {"emailAddress": "a@x.example", "status": "5.1.1", "action": "failed"},
        {"emailAddress": "b@x.example", "diagnosticCode": "smtp; 552 5.2.2 full"},
        {"emailAddress": "c@x.example"},
        "nonsense",
    ]
    detail = {"bounceType": "Permanent", "feedbackId": "f-1", "bouncedRecipients": people}
    (found,) = events_of(told("Bounce", "bounce", detail, event=event))

    assert (found.kind, found.provider_event_id, found.about_id) == ("bounce", "f-1", "<o1@acme.example>")
    assert found.account == "support@acme.example"
    assert found.reports == (
        Report("a@x.example", "failed", "5.1.1"),
        Report("b@x.example", "failed", "5.2.2"),
        Report("c@x.example", "failed", "5.0.0"),
    )
    assert found.occurred_at_ms == NOON_MS


@pytest.mark.parametrize(
    ("notice", "kind", "report"),
    [
        (
            told(
                "Complaint",
                "complaint",
                {"feedbackId": "f", "complainedRecipients": [{"emailAddress": "a@x.example"}]},
            ),
            "complaint",
            Report("a@x.example", "abuse", ""),
        ),
        (
            told(
                "Bounce",
                "bounce",
                {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": "a@x.example"}]},
            ),
            "bounce",
            Report("a@x.example", "delayed", "4.0.0"),
        ),
        (
            told(
                "DeliveryDelay",
                "deliveryDelay",
                {"delayedRecipients": [{"emailAddress": "a@x.example", "status": "4.4.1"}]},
            ),
            "bounce",
            Report("a@x.example", "delayed", "4.4.1"),
        ),
        (told("Reject", "reject", {"reason": "Bad content"}), "bounce", Report("a@x.example", "failed", "")),
    ],
)
def test_other_reports_are_typed(notice: dict[str, Any], kind: str, report: Report) -> None:
    (found,) = events_of(notice)

    assert (found.kind, found.reports[0]) == (kind, report)


@pytest.mark.parametrize("kind", ["Delivery", "Send", "Open", "Click", "Subscription", "Rendering Failure"])
def test_receipts_are_counted_only(kind: str) -> None:
    reading = read(sns(told(kind, kind.lower(), {})), SES_KNOWN)

    assert (reading.events, reading.problems) == ((), ())
    assert reading.dropped == (kind.lower().replace(" ", "_"),)


@pytest.mark.parametrize(
    ("message", "reasons", "dropped"),
    [
        ("Successfully validated SNS topic for Amazon SES event publishing.", [], ("subscribed",)),
        ({"notificationType": "AmazonSnsSubscriptionSucceeded"}, [], ("subscribed",)),
        ({"notificationType": "Moon"}, ["unknown_event"], ()),
        ({}, ["unknown_event"], ()),
        ("no JSON", ["unreadable"], ()),
        ("[]", ["unreadable"], ()),
        ("[" * 100_000, ["unreadable"], ()),
        ({"notificationType": "Bounce"}, ["unreadable"], ()),
    ],
)
def test_what_is_no_mail_is_told_apart(message: Any, reasons: list[str], dropped: tuple[str, ...]) -> None:
    reading = read(sns(message), SES_KNOWN)

    assert ([problem.reason for problem in reading.problems], reading.dropped) == (reasons, dropped)
    assert (reading.reply.status, reading.events) == (200, ())


def test_bounce_that_comes_as_a_mail_is_read_as_one() -> None:
    content = (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    (found,) = events_of(received(content))

    assert (found.kind, found.reports) == ("bounce", (Report("a@x.example", "failed", "5.1.1"),))


@pytest.mark.parametrize(("given", "wrong"), [((TOPIC,), False), (("*",), False), (("mail",), True)])
def test_topics_are_arns(given: tuple[str, ...], wrong: bool) -> None:
    assert module.TOPICS.fault is not None
    assert bool(module.TOPICS.fault(given)) == wrong

"""SendGrid's Inbound Parse: a mail as a form, its parts apart or raw (channels.md 2.2).

    parsed   headers, from, to, subject, text, html ... each in a charset of its own, which `charsets` tells
    raw      the mail itself in `email`

The security policy signs timestamp + raw body by ECDSA P-256. Where its key is configured, nothing else opens the
door; a bearer token or a secret in the URL count only for whoever has no key. What is signed is the whole body, so
a replay is the same fact again and harmless: the window for the timestamp is as long as SendGrid repeats (3 days).
"""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from services.intake.canonical import Collector, Delivery, Known, ProviderReply, Verdict
from services.intake.channels.adapter import Adapter
from services.intake.channels.authorization import credentials
from services.intake.channels.forms import Form, form_of
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal, canonical_base64
from services.intake.channels.url_keys import verify_url_key
from services.intake.mail.event import mail_event, mail_of_fields
from services.intake.mail.headers import mailboxes, words
from services.intake.mail.parse import Mail, derived_id, first_person, parse_mail
from services.intake.values import Unreadable, items, line, load_json, obj, text, whole

SIGNED_SECONDS_MAX = 4 * 24 * 3_600
"""Oldest timestamp that is taken: SendGrid repeats for 3 days, and need not sign anew."""
AHEAD_SECONDS_MAX = 300
"""How far the sender's clock may be ahead of ours."""
ATTACHMENTS_MAX = 1_000


def public_key(given: str) -> ec.EllipticCurvePublicKey:
    """A P-256 key from PEM, or from the base64 DER that SendGrid shows; raises ValueError for anything else."""
    try:
        if "-----BEGIN" in given:
            key = load_pem_public_key(given.replace("\\n", "\n").encode())
        else:
            key = load_der_public_key(b64decode("".join(given.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise ValueError("no public key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("no P-256 key")
    return key


def _key_fault(given: tuple[str, ...]) -> str:
    for one in given:
        try:
            public_key(one)
        except ValueError:
            return "must be a P-256 public key, PEM or base64"
    return ""


PUBLIC_KEYS = ProviderSetting(
    name="FRONTDESK_SENDGRID_PUBLIC_KEYS",
    says="public keys of SendGrid's signature policy (PEM, or base64 as SendGrid shows it)",
    in_cases=("ecdsa_public_key_pem", "ecdsa_public_key"),
    fault=_key_fault,
)
BEARER_TOKENS = ProviderSetting(
    name="FRONTDESK_SENDGRID_BEARER_TOKENS",
    says="tokens that SendGrid's OAuth policy brings; counts only without a public key",
    in_cases=("bearer_token", "bearer_tokens"),
)
URL_KEYS = ProviderSetting(
    name="FRONTDESK_SENDGRID_URL_KEYS",
    says="secret in the webhook's address (`?key=`); counts only without a policy",
    in_cases=("url_key", "url_keys"),
)


def verify(delivery: Delivery, known: Known) -> Verdict:
    """By the strongest scheme that is configured, and by no other."""
    keys, tokens = known.of(PUBLIC_KEYS), known.of(BEARER_TOKENS)
    if keys:
        return _signed(delivery, keys)
    if tokens:
        given = credentials(delivery, "bearer")
        right = any_equal(given, tokens)
        return Verdict(right, "bearer", "" if right else ("wrong token" if given else "no token"))
    return verify_url_key(delivery, known.of(URL_KEYS))


def _signed(delivery: Delivery, keys: tuple[str, ...]) -> Verdict:
    given = delivery.headers.get("x-twilio-email-event-webhook-signature", "")
    stamp = delivery.headers.get("x-twilio-email-event-webhook-timestamp", "")
    if not given or not stamp:
        return Verdict(False, "ecdsa", "no signature")
    if not _is_signature(given, stamp.encode("utf-8", "surrogateescape") + delivery.body, keys):
        return Verdict(False, "ecdsa", "wrong signature")
    at = whole(stamp)
    age = None if at is None else delivery.received_at_ms // 1000 - at
    if age is None or not -AHEAD_SECONDS_MAX <= age <= SIGNED_SECONDS_MAX:
        return Verdict(False, "ecdsa", "timestamp out of the window")
    return Verdict(True, "ecdsa")


def _is_signature(given: str, signed: bytes, keys: tuple[str, ...]) -> bool:
    try:
        signature = canonical_base64(given)
    except ValueError:
        return False
    found = False
    for key in keys:
        try:
            public_key(key).verify(signature, signed, ec.ECDSA(SHA256()))
            found = True
        except (InvalidSignature, ValueError):
            continue
    return found


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One mail."""
    del known
    form = form_of(delivery)
    raw = form.value("email")
    envelope = _json(form.value("envelope"))
    mail = parse_mail(raw) if raw.strip() else _mail(form)
    if not mail.headers.fields and not mail.from_.address:
        raise Unreadable("neither headers nor a sender")
    recipients = [line(one) for one in items(envelope.get("to"))] or _to(form, mail)
    sender = envelope.get("from")
    found.events.append(
        mail_event(
            mail,
            recipients=[one for one in recipients if one],
            event_id=mail.message_id or _derived(form, raw, mail),
            null_sender=isinstance(sender, str) and sender.strip("<> ") == "",
        )
    )


def _mail(form: Form) -> Mail:
    """From the parts: headers as they came; the other fields stand in where they say nothing."""
    charsets = {name: line(value, 60) for name, value in _json(form.value("charsets")).items()}

    def read(name: str) -> str:
        return form.text(name, charsets.get(name) or "utf-8")

    headers = parse_mail(form.value("headers").rstrip() + b"\r\n\r\n").headers
    from_ = first_person(headers.first("from"))
    if not from_.address:
        from_ = first_person(read("from"))
    told = max(0, whole(form.text("attachments")) or 0)
    kinds = [text(obj(one).get("type"), 100) for one in _json(form.value("attachment-info")).values()]
    return mail_of_fields(
        headers,
        from_=from_,
        subject=words(read("subject")),
        text=read("text"),
        html=read("html"),
        attachments=min(max(told, len(form.files)), ATTACHMENTS_MAX),
        attached=[
            *((kind, b"") for kind in kinds),
            *((part.content_type, part.value) for part in form.files),
        ],
    )


def _to(form: Form, mail: Mail) -> list[str]:
    """Without an envelope: the address fields."""
    fields = mail.headers.first("to") or form.text("to")
    return [one.address for one in mailboxes(fields) if "@" in one.address]


def _derived(form: Form, raw: bytes, mail: Mail) -> str:
    """For a mail without an id: of envelope, date and body, which a repeated post has again."""
    if raw.strip():
        return derived_id(raw, mail.headers)
    names = ("envelope", "headers", "from", "to", "subject", "text", "html")
    parts = [form.value(name) for name in names]
    return "sha256:" + sha256(b"\x1f".join(sha256(part).digest() for part in parts)).hexdigest()


def _json(value: bytes) -> dict[str, object]:
    try:
        return load_json(value)
    except Unreadable:
        return {}


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


INBOUND = Adapter("sendgrid", verify, parse, reply)
PROVIDER = Provider(
    name="sendgrid",
    title="SendGrid Inbound Parse",
    media=("email",),
    verified_by="ECDSA P-256 over timestamp and raw body; else a bearer token or a secret in the URL",
    event_id="Message-ID, else a hash",
    page="sendgrid",
    hooks={"/hooks/sendgrid": INBOUND},
    settings=(PUBLIC_KEYS, BEARER_TOKENS, URL_KEYS),
)

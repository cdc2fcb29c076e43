"""What reads a request before anybody knows who sent it: verifiers, what they want fetched, nonces.

An input is a byte that chooses the path, header lines, an empty line and the body. Every provider has keys, so that no
verifier ends at once for want of them; the certificates and keys that are fetched are the input's own bytes.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.intake.canonical import Delivery, Known
from services.intake.channels import PATHS, PROVIDERS, google_push, sendgrid, ses
from services.intake.channels.standard_signature import PUBLIC, SECRET
from services.intake.values import NotNow

HEADERS_MAX = 50
NOON_MS = 1_775_217_600_000
_PEM = (
    ec.derive_private_key(1, ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
_SIGNING = (SECRET + "a2V5a2V5a2V5a2V5", PUBLIC + "A" * 43 + "=")
KNOWN = Known(
    values={
        **{one.name: ("key",) for provider in PROVIDERS for one in provider.settings if one.secret},
        **{
            one.name: _SIGNING
            for provider in PROVIDERS
            for one in provider.settings
            if one.name.endswith("_SIGNING_KEYS") and provider.name in ("standard_webhooks", "cloudevents")
        },
        sendgrid.PUBLIC_KEYS.name: (_PEM,),
        ses.TOPICS.name: (ses.ANY_TOPIC,),
        google_push.AUDIENCE.name: ("desk",),
        google_push.EMAIL.name: ("push@x.example",),
    }
)


def verifiers(data: bytes) -> None:
    """Nothing raises but NotNow. What the keys "key" verify is of no interest here."""
    paths = sorted(PATHS)
    path = paths[(data[0] if data else 0) % len(paths)]
    adapter, delivery = PATHS[path], _delivery(path, data[1:])
    for one in adapter.wants(delivery, KNOWN):
        delivery = replace(delivery, fetched={**delivery.fetched, one.url: delivery.body})
    adapter.nonce(delivery)
    with contextlib.suppress(NotNow):
        adapter.verify(delivery, KNOWN)


def _delivery(path: str, data: bytes) -> Delivery:
    head, _, body = data.partition(b"\n\n")
    lines = [line.decode("latin-1").partition(":") for line in head.split(b"\n")[:HEADERS_MAX]]
    headers = [(name.strip(), value.strip()) for name, _, value in lines]
    query = next((value for name, value in headers if name == "query"), "")
    method = "GET" if any(name == "get" for name, _ in headers) else "POST"
    return Delivery.of(method, f"https://desk.example{path}?{query}", headers, body, NOON_MS)


def seeds(deliveries: list[Delivery]) -> list[bytes]:
    """Recorded deliveries in the form that the target reads."""
    paths, found = sorted(PATHS), []
    for one in deliveries:
        path, _, query = one.url.partition("?")
        path = "/" + path.split("/", 3)[3]
        head = [f"{name}: {value}" for name, value in one.headers.items()] + [f"query: {query}"]
        head += ["get: 1"] if one.method == "GET" else []
        if path in PATHS:
            text = "\n".join(head).encode("latin-1", "replace")
            found.append(bytes([paths.index(path)]) + text + b"\n\n" + one.body)
    return found

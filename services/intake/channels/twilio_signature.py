"""Twilio's signature: base64 HMAC-SHA1 over the public URL and the sorted, decoded form values.

    form      URL + name1 + value1 + name2 ... by name; a repeated name has its distinct values sorted
    JSON      the URL alone, whose bodySHA256 must be the hash of the body
    GET       the URL alone; what was sent stands in its query

A form's names and values are signed run together, so whoever holds one signed request can move the borders between
them. An id is where that would pay, for each new one is a new contact: it must be all that stands between its name and
the next one. Twilio's are two letters and 32 hexadecimal digits; others' (a tool that tries the address) are let be.

The URL counts as Twilio was given it, and Twilio adds or drops the port: both are tried (channels.md 1, rule 2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from services.intake.canonical import Delivery, Verdict
from services.intake.channels.signing import any_equal

SCHEME = "twilio"
FIELDS_MAX = 1_000
"""Form fields of one delivery; Twilio sends some forty."""
ID_FIELDS = ("CallSid", "MessageSid", "SmsSid", "SmsMessageSid")
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
URLS_REMEMBERED_MAX = 64
"""A deployment's lines have few addresses; those with an id in the query push one another out."""
_PORTS = {"https": 443, "http": 80}
Form = list[tuple[str, str]]


def form_of(delivery: Delivery) -> Form | None:
    """The form's names and values, decoded once and with blank values; None when there is no form, or it has
    more than FIELDS_MAX fields."""
    if delivery.method == "GET":
        raw = urlsplit(delivery.url).query
    elif delivery.headers.get("content-type", "").lower().startswith("application/json"):
        return None
    else:
        raw = delivery.body.decode("utf-8", "surrogateescape")
    return _parsed(raw)


@lru_cache(maxsize=4)
def _parsed(raw: str) -> Form | None:
    """Decoded once for the verifier, the reader and the reply of one delivery; nobody changes the list."""
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="surrogateescape", max_num_fields=FIELDS_MAX)
    except ValueError:
        return None


def verify(delivery: Delivery, tokens: tuple[str, ...]) -> Verdict:
    """Whether one of the tokens signed this delivery."""
    given = delivery.headers.get("x-twilio-signature", "")
    if not tokens:
        return Verdict(False, SCHEME, "no key is configured")
    try:
        candidates = _urls(delivery.url)
    except ValueError:
        return Verdict(False, SCHEME, "the URL cannot be read")
    form = form_of(delivery)
    if form is None and not _body_hash_fits(delivery.url, delivery.body):
        return Verdict(False, SCHEME, "bodySHA256 is missing or wrong")
    signed = "" if form is None or delivery.method == "GET" else _joined(form)
    if not any_equal(given, [_sign(key, url + signed) for url in candidates for key in tokens if key]):
        return Verdict(False, SCHEME, "wrong signature" if given else "no signature")
    if signed and form is not None and _moved(form):
        return Verdict(False, SCHEME, "the borders between fields were moved")
    return Verdict(True, SCHEME)


def _moved(form: Form) -> bool:
    """Whether an id goes on behind its end, or in the name of the field that comes next."""
    fields = sorted(set(form))
    following = [name for name, _ in fields[1:]] + [""]
    return any(
        name in ID_FIELDS and not _SID.fullmatch(value) and _SID.match(value + behind)
        for (name, value), behind in zip(fields, following, strict=True)
    )


def _sign(key: str, text: str) -> str:
    mac = hmac.digest(key.encode(), text.encode("utf-8", "surrogateescape"), "sha1")
    return b64encode(mac).decode()


def _joined(form: Form) -> str:
    values: dict[str, set[str]] = {}
    for name, value in form:
        values.setdefault(name, set()).add(value)
    return "".join(name + value for name in sorted(values) for value in sorted(values[name]))


@lru_cache(maxsize=URLS_REMEMBERED_MAX)
def _urls(public: str) -> tuple[str, ...]:
    """The URL as it is, without a port, and with the scheme's own; raises ValueError."""
    url = urlsplit(public)
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    plain = url.netloc.rpartition("@")[2]
    user = url.netloc[: len(url.netloc) - len(plain)]
    if url.port is not None:
        host = plain.rpartition(":")[0]
    elif plain:
        host = plain
    with_port = f"{user}{host}:{url.port or _PORTS.get(url.scheme, 443)}"
    netlocs = dict.fromkeys((url.netloc, f"{user}{host}", with_port))
    return tuple(url._replace(netloc=netloc).geturl() for netloc in netlocs)


def _body_hash_fits(url: str, body: bytes) -> bool:
    hashes = [value for name, value in parse_qsl(urlsplit(url).query) if name == "bodySHA256"]
    return len(hashes) == 1 and any_equal(hashes[0], [hashlib.sha256(body).hexdigest()])

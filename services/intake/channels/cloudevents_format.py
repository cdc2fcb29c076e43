"""CloudEvents 1.0: the envelope, out of HTTP and of Kafka (CNCF specifications: core, JSON format, HTTP and Kafka bindings).

binary       attributes in headers (`ce-id` in HTTP, percent-encoded; `ce_id` in Kafka, UTF-8), the body is the data
structured   content type application/cloudevents+json: attributes and data in one JSON object
batched      content type application/cloudevents-batch+json, HTTP only: a list of those
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from services.intake.values import Unreadable, clean, dump, ident, line, load_json, mail_date_ms, obj, text

STRUCTURED = "application/cloudevents"
BATCHED = "application/cloudevents-batch"
VERSION = "1.0"
BATCH_MAX = 1_000
ATTRIBUTES_MAX = 100
ATTRIBUTE_CHARS_MAX = 4_000
DATA_CHARS_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event: its required attributes, its instant (0 when absent), subject and data. `raw` is its evidence."""

    id: str
    source: str
    type: str
    at_ms: int
    subject: str
    data: Any
    raw: bytes


def from_http(headers: Mapping[str, str], body: bytes) -> list[CloudEvent | bytes]:
    """Events of a request, in order; of an entry in a batch that is none, its bytes. Raises Unreadable."""
    content_type = _media_type(headers.get("content-type", ""))
    if content_type.startswith(BATCHED):
        _only_json(content_type)
        return _batch(body)
    if content_type.startswith(STRUCTURED):
        _only_json(content_type)
        return [_structured(load_json(body), body)]
    attributes = {name[3:]: _header_value(value) for name, value in headers.items() if name.startswith("ce-")}
    return [_binary(attributes, content_type, body)]


def from_kafka(headers: Mapping[str, bytes], value: bytes) -> CloudEvent:
    """The event of a record; header names are compared without case. Raises Unreadable."""
    folded = {name.lower(): raw.decode("utf-8", "replace") for name, raw in headers.items()}
    content_type = _media_type(folded.get("content-type", ""))
    if content_type.startswith(BATCHED):
        raise Unreadable("Kafka carries no batches")
    if content_type.startswith(STRUCTURED):
        _only_json(content_type)
        return _structured(load_json(value), value)
    return _binary(
        {name[3:]: one for name, one in folded.items() if name.startswith("ce_")}, content_type, value
    )


def _batch(body: bytes) -> list[CloudEvent | bytes]:
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON ({type(error).__name__})") from None
    if not isinstance(entries, list):
        raise Unreadable("a batch is a list")
    if len(entries) > BATCH_MAX:
        raise Unreadable(f"more than {BATCH_MAX} events")
    found: list[CloudEvent | bytes] = []
    for entry in entries:
        raw = dump(entry)
        try:
            found.append(_structured(obj(entry), raw))
        except Unreadable:
            found.append(raw)
    return found


def _structured(body: dict[str, Any], raw: bytes) -> CloudEvent:
    """JSON format 1.0: `data` is a JSON value, `data_base64` bytes; absent content type means JSON."""
    content_type = _media_type(text(body.get("datacontenttype"), 500))
    if "data_base64" in body:
        try:
            data = _data(content_type, b64decode(text(body["data_base64"], DATA_CHARS_MAX), validate=True))
        except ValueError:
            raise Unreadable("data_base64 is not base64") from None
    else:
        data = body.get("data")
    return _event(body, data, raw)


def _binary(attributes: Mapping[str, str], content_type: str, body: bytes) -> CloudEvent:
    if len(attributes) > ATTRIBUTES_MAX:
        raise Unreadable(f"more than {ATTRIBUTES_MAX} attributes")
    return _event(attributes, _data(content_type, body), body)


def _event(attributes: Mapping[str, Any], data: Any, raw: bytes) -> CloudEvent:
    if text(attributes.get("specversion"), 20) != VERSION:
        raise Unreadable(f"specversion is not {VERSION}")
    event_id, source, kind = (
        text(attributes.get(name), ATTRIBUTE_CHARS_MAX) for name in ("id", "source", "type")
    )
    if not (event_id and source and kind):
        raise Unreadable("id, source or type is missing")
    return CloudEvent(
        ident(event_id),
        ident(source),
        kind,
        mail_date_ms(attributes.get("time")),
        line(attributes.get("subject")),
        data,
        raw,
    )


def _data(content_type: str, raw: bytes) -> Any:
    """JSON where the type says so or says nothing, else the bytes as they are."""
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        return raw
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the data is not JSON ({type(error).__name__})") from None


def _header_value(value: str) -> str:
    """HTTP binding 3.1.3.2: a quoted string first, then percent-encoded UTF-8."""
    value = value[:ATTRIBUTE_CHARS_MAX].strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _unquoted(value[1:-1])
    try:
        return clean(unquote(value, errors="strict"))
    except UnicodeDecodeError:
        raise Unreadable("a header is not percent-encoded UTF-8") from None


def _unquoted(value: str) -> str:
    """RFC 9110 5.6.4: a backslash stands before a letter that is meant as such."""
    parts, plain = [], True
    for letter in value:
        if plain and letter == "\\":
            plain = False
            continue
        parts.append(letter)
        plain = True
    return "".join(parts)


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _only_json(content_type: str) -> None:
    if content_type not in (f"{STRUCTURED}+json", f"{BATCHED}+json"):
        raise Unreadable("events are read in JSON only")

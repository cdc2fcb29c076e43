"""Every webhook case of the providers that intake has: verdict, reply, events; forged, repeated, shuffled.

Compared as the cases' README says: white space folded, an `X_also_ok` value counts, null is untested, hr and bs
count for Serbian in Latin script. A thread is compared by which events share it, not by its form.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from services.intake.accounts import Accounts
from services.intake.canonical import Delivery
from services.intake.channels import PATHS
from services.intake.channels.adapter import COME_BACK
from services.intake.interpret import Interpreter
from services.intake.replay import DESK, Replay, delivery_of, known_of, received_at_ms
from services.intake.served import served
from tests.outside.data import DATA, folded, load, need_data, told
from tests.unit.intake.world import IDENTITY_KEY, needs

need_data()
CASES = DATA / "webhooks/cases"
ALL = {path.stem: load(f"webhooks/cases/{path.name}") for path in sorted(CASES.glob("*.json"))}
OURS = {name: case for name, case in ALL.items() if urlsplit(case["request"]["url"]).path in PATHS}
SKIPPED_FIELDS = ("thread_id", "timestamp_note", "note")
SERBIAN = {"sr", "hr", "bs", "sh"}
ALIASES = {"provider_event_id": "id"}
KEY_HEADERS = {"api_key": "x-api-key", "secret_token": "x-telegram-bot-api-secret-token"}
"""Header that a key travels in, of providers that sign nothing."""


@pytest.fixture(scope="module")
def replay() -> Replay:
    return Replay(Accounts(default_desk=DESK))


def test_what_is_compared_and_what_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    left: dict[str, int] = defaultdict(int)
    for name, case in ALL.items():
        if name not in OURS:
            left[case["provider"]] += 1
    told(
        capsys,
        f"\nwebhook cases: {len(OURS)} of {len(ALL)} compared; no module yet for {dict(sorted(left.items()))}",
    )

    assert OURS


@pytest.mark.parametrize("name", OURS)
def test_case_is_equal(name: str, replay: Replay) -> None:
    wanted, line = load(f"webhooks/expected/{name}.json"), replay.line(OURS[name], CASES)

    http = {field: value for field, value in wanted["http"].items() if field != "why"}

    assert line["signature_valid"] == wanted["signature_valid"]
    assert {field: answered(line["http"], field, http) for field in http} == http
    assert len(line["events"]) == len(wanted["events"])
    for event, expected in zip(line["events"], wanted["events"], strict=True):
        assert differences(event, expected) == {}


def answered(http: dict[str, Any], field: str, wanted: dict[str, Any]) -> Any:
    """A field of the answer; `json` is its body read, `body_contains` a part of it."""
    body = http.get("body", "")
    if field == "json":
        return json.loads(body) if http["content_type"] == "application/json" else None
    if field == "body_contains":
        return wanted[field] if wanted[field] in body else body
    return http.get(field)


def differences(event: dict[str, Any], wanted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ, with what came and what was wanted."""
    found = {}
    for field, value in wanted.items():
        if value is None or field in SKIPPED_FIELDS or field.endswith("_also_ok"):
            continue
        also = wanted.get(f"{ALIASES.get(field, field)}_also_ok", [])
        right = [folded(one) for one in (value, *also)]
        if field == "language" and value in SERBIAN:
            right += SERBIAN
        if field == "timestamp_utc" and same_instant(event.get(field), value):
            continue
        if folded(event.get(field)) not in right:
            found[field] = (event.get(field), value)
    return found


def same_instant(one: Any, other: str) -> bool:
    """10:00:00.000Z and 10:00:00Z are one instant."""
    return isinstance(one, str) and datetime.fromisoformat(one) == datetime.fromisoformat(other)


def test_equal_threads_are_shared_and_different_ones_are_not(replay: Replay) -> None:
    pairs = set()
    for name, case in OURS.items():
        wanted = load(f"webhooks/expected/{name}.json")["events"]
        for event, expected in zip(replay.line(case, CASES)["events"], wanted, strict=True):
            pairs.add(((event["account"], event["thread_id"]), expected["thread_id"]))

    ours, theirs = {one for one, _ in pairs}, {one for _, one in pairs}
    assert len(pairs) == len(ours) == len(theirs)


def interpreter(case: dict[str, Any]) -> Interpreter:
    accounts = Accounts(default_desk=DESK)
    return Interpreter(known_of(case["secrets"], accounts), accounts, needs(), IDENTITY_KEY)


def flipped(case: dict[str, Any], delivery: Delivery, rng: random.Random) -> list[Delivery]:
    """The delivery with one byte changed in what its scheme signs."""
    if delivery.method == "GET":
        return [replace(delivery, url=delivery.url.partition("?")[0])]
    if "x-twilio-signature" in delivery.headers:
        fields = parse_qsl(delivery.body.decode(), keep_blank_values=True)
        place = rng.randrange(len(fields))
        name, value = fields[place]
        fields[place] = (name, value + "x")
        return [
            replace(delivery, body=urlencode(fields).encode()),
            replace(delivery, url=delivery.url + "?x=1"),
        ]
    if "basic_auth" in case["secrets"]:
        given = delivery.headers["authorization"]
        place = rng.randrange(6, len(given))
        changed = given[:place] + chr(ord(given[place]) ^ 1) + given[place + 1 :]
        return [replace(delivery, headers={**delivery.headers, "authorization": changed})]
    for secret, header in KEY_HEADERS.items():
        if secret in case["secrets"]:
            given = delivery.headers[header]
            place = rng.randrange(len(given))
            changed = given[:place] + chr(ord(given[place]) ^ 1) + given[place + 1 :]
            return [replace(delivery, headers={**delivery.headers, header: changed})]
    if "url_key" in case["secrets"]:
        return [replace(delivery, url=one_off(delivery.url, case["secrets"]["url_key"], rng))]
    if "webhook_signing_key" in case["secrets"]:
        text = delivery.body.decode("latin-1")
        form = dict(parse_qsl(text, encoding="latin-1"))
        signed = (form[name] for name in ("timestamp", "token", "signature"))
        return [replace(delivery, body=one_off(text, one, rng).encode("latin-1")) for one in signed]
    if "signing_cert_pem" in case["secrets"]:
        text, envelope = delivery.body.decode(), json.loads(delivery.body)
        signed = (json.dumps(envelope[name])[1:-1] for name in ("Message", "Timestamp", "Signature"))
        return [replace(delivery, body=one_off(text, one, rng).encode()) for one in signed]
    changed_bytes = bytearray(delivery.body)
    changed_bytes[rng.randrange(len(changed_bytes))] ^= 1 << rng.randrange(8)
    return [replace(delivery, body=bytes(changed_bytes))]


def one_off(text: str, part: str, rng: random.Random) -> str:
    """The text with one character of its part changed."""
    place = text.index(part) + rng.randrange(len(part))
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


SIGNED = [name for name, case in OURS.items() if set(case["secrets"]) - {"resource_to_fetch"}]
"""Where a case gives no key at all, the network in front of intake is what verifies."""


@pytest.mark.parametrize("name", SIGNED)
def test_one_flipped_byte_publishes_nothing(name: str) -> None:
    case, rng = OURS[name], random.Random(name)
    delivery = delivery_of(case["request"], received_at_ms(case))
    adapter = PATHS[urlsplit(delivery.url).path]
    known = known_of(case["secrets"], Accounts(default_desk=DESK))

    assert 401 <= adapter.refused.status < 500
    for _ in range(20):
        for forged in flipped(case, delivery, rng):
            found = interpreter(case).webhook(adapter, served(adapter, forged, known, case, CASES))
            assert (found.facts, found.problems, found.reading.follow) == ((), (), ())
            another_certificate = "signing_cert_pem" in case["secrets"] and found.reading.reply == COME_BACK
            assert found.reading.reply == adapter.refused or another_certificate


def test_twice_and_shuffled_is_the_same_set_of_facts() -> None:
    """What is read of each; test_twice_with_a_restart.py sends them through the whole of it."""

    def facts(names: list[str]) -> set[str]:
        found = set()
        for name in names:
            case = OURS[name]
            delivery = delivery_of(case["request"], received_at_ms(case))
            adapter = PATHS[urlsplit(delivery.url).path]
            known = known_of(case["secrets"], Accounts(default_desk=DESK))
            interpreted = interpreter(case).webhook(adapter, served(adapter, delivery, known, case, CASES))
            found |= {fact.fact_id for fact in interpreted.facts}
        return found

    names = list(OURS)
    shuffled = names * 2
    random.Random(1).shuffle(shuffled)

    assert facts(names) == facts(shuffled)

"""Every webhook case through the whole of it, twice and out of order, with restarts: the same facts, contacts and cases.

Real intakes over HTTP, a durable log (SQLite, and a real Kafka where one can be started) and the router that folds it.
In order and once is what the shuffled run is compared with (channels.md 7, goal 3).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.contract.codec import decode_decision, decode_fact, encode_fact
from services.contract.decisions import CaseOpened, ContactOpened, DuplicateIgnored, MentionNoted
from services.contract.facts import DeskConfigured, Fact
from services.contract.topics import DECISIONS, FACTS, partition_of
from services.intake.accounts import Accounts
from services.intake.build import build as build_intake
from services.intake.canonical import Known, Wanted
from services.intake.channels import PATHS, PROVIDERS
from services.intake.fetch import Fetcher
from services.intake.fetch_faults import FetchFailed
from services.intake.interpret import Interpreter
from services.intake.provider_setting import ProviderSetting
from services.intake.replay import DESK, delivery_of, known_of, received_at_ms
from services.intake.served import resources, served
from services.router.build import Router, topics
from services.router.build import build as build_router
from services.router.settings import RouterSettings
from services.runtime import broker
from services.runtime.clock import ManualClock
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import Log
from services.runtime.sqlite_log import SqliteLog
from tests.integration.router_shell import DESK as DESK_SETTINGS
from tests.outside.data import load, need_data, told
from tests.outside.test_webhook_cases import CASES, OURS
from tests.unit.intake.world import IDENTITY_KEY, needs, settings

need_data()
PARTITIONS = 2
PARTITION = partition_of(DESK, PARTITIONS)
PUBLIC_URL = "https://contact.example.com"
DAY_MS = 24 * 3_600_000
RETRIES_END_DAYS = 7
"""The longest that a provider repeats (WhatsApp, Google)."""
ROUTER_MS = received_at_ms({"received_at": "2026-05-13T00:00:00Z"})
"""After every case; the router's clock does not go back."""
UNTOLD_MS = received_at_ms({"received_at": "2026-04-03T12:00:00Z"})
"""When a case came that does not say it."""
SECONDS_MAX = 60.0


def sent_at_ms(case: Mapping[str, Any]) -> int:
    return received_at_ms(case) if case.get("received_at") else UNTOLD_MS


def apart(case: Mapping[str, Any]) -> bool:
    """SendGrid counts a secret in the address only where no policy is set, so these have an intake of their own."""
    return case["provider"] == "sendgrid" and "ecdsa_public_key_pem" not in case["secrets"]


def own_settings(case: Mapping[str, Any]) -> tuple[ProviderSetting, ...]:
    """Of the provider that the case is of: secrets of several providers have one name in the cases."""
    path = urlsplit(case["request"]["url"]).path
    return next(one.settings for one in PROVIDERS if path in one.hooks)


@cache
def known(of_those_apart: bool) -> Known:
    """All keys of the cases together, as one deployment has them."""
    accounts, values = Accounts(default_desk=DESK), dict[str, tuple[str, ...]]()
    for case in OURS.values():
        if apart(case) == of_those_apart:
            given = known_of(case["secrets"], accounts)
            for setting in own_settings(case):
                keys = dict.fromkeys((*values.get(setting.name, ()), *given.values.get(setting.name, ())))
                values[setting.name] = tuple(keys)
    return Known(values={name: keys for name, keys in values.items() if keys})


@cache
def there() -> dict[str, bytes]:
    """What the cases serve in place of the network, by address."""
    return {url: body for case in OURS.values() for url, body in resources(case["secrets"], CASES).items()}


class CaseFetcher(Fetcher):
    """The real fetcher's rules, and the cases' answers."""

    async def fetch(self, wanted: Wanted) -> bytes:
        self._checked(wanted)
        if wanted.url not in there():
            raise FetchFailed("unreachable")
        return there()[wanted.url]


@dataclass
class Desk:
    """Intakes and a router on one log; all end when the block does, and only the log stays."""

    log: Log
    router: Router
    clock: ManualClock
    http: aiohttp.ClientSession
    ports: dict[bool, int]

    async def deliver(self, names: Sequence[str], *, days_later: int = 0) -> Counter[int]:
        """Sends the cases one after the other, each at its own time; what was answered, by status."""
        answers: Counter[int] = Counter()
        for name in names:
            case = OURS[name]
            at_ms = sent_at_ms(case) + days_later * DAY_MS
            self.clock.advance_ms(at_ms - self.clock.now_ms())
            delivery = delivery_of(case["request"], at_ms)
            url = f"http://127.0.0.1:{self.ports[apart(case)]}" + delivery.url.removeprefix(PUBLIC_URL)
            sending = self.http.request(
                delivery.method, url, data=delivery.body, headers=dict(delivery.headers)
            )
            async with sending as answer:
                await answer.read()
                answers[answer.status] += 1
        return answers

    async def decided(self) -> None:
        """Once the router has decided every fact in the log."""
        end = await self.log.end_offset(FACTS, PARTITION)
        async with asyncio.timeout(SECONDS_MAX):
            while self.router.tail.state(PARTITION).last_fact < end - 1:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def desk_on(log: Log, *, days_later: int = 0) -> AsyncIterator[Desk]:
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        router = build_router(
            RouterSettings("test", PARTITIONS, 100, 100),
            clock=ManualClock(ROUTER_MS + days_later * DAY_MS),
            log=log,
            registry=CollectorRegistry(),
        )
        running = asyncio.ensure_future(router.run())

        async def stop() -> None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        stack.push_async_callback(stop)
        await router.ready()
        ports = {}
        for one in (False, True):
            intake = build_intake(
                settings(known=known(one), accounts=Accounts(default_desk=DESK), public_url=PUBLIC_URL),
                clock=clock,
                appender=log,
                partitions=PARTITIONS,
                registry=CollectorRegistry(),
                needs=needs(),
                make_fetcher=CaseFetcher,
            )
            stack.push_async_callback(intake.close)
            ports[one] = await intake.front_door.open("127.0.0.1", 0)
            stack.push_async_callback(intake.front_door.close)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Desk(log, router, clock, http, ports)


async def configured(log: Log) -> None:
    await log.create_topics(topics(PARTITIONS))
    now_ms = ROUTER_MS - DAY_MS
    fact = Fact(
        fact_id="configure",
        desk_id=DESK,
        occurred_at_ms=now_ms,
        received_at_ms=now_ms,
        source="t",
        body=DeskConfigured(desk=replace(DESK_SETTINGS, desk_id=DESK)),
    )
    await log.append(FACTS, PARTITION, DESK.encode(), encode_fact(fact))


async def values(log: Log, topic: str) -> list[bytes]:
    """All values of the desk's partition."""
    end, found = await log.end_offset(topic, PARTITION), list[bytes]()
    tail = await log.tail(topic, {PARTITION: 0})
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while len(found) < end:
                found += [record.value for record in await tail.read()]
    finally:
        await tail.close()
    return found[:end]


@dataclass(frozen=True)
class Outcome:
    """What the log holds, and what the router made of it."""

    facts: Counter[str]
    contacts: frozenset[str]
    cases: frozenset[frozenset[str]]
    """Contacts by the case that they share."""
    mentions: frozenset[str]
    states: dict[str, str]
    ignored: int


async def outcome(log: Log, router: Router) -> Outcome:
    facts = Counter(decode_fact(value).fact_id for value in await values(log, FACTS))
    cases: dict[str, set[str]] = {}
    mentions: set[str] = set()
    contacts: list[str] = []
    ignored = 0
    for value in await values(log, DECISIONS):
        for event in decode_decision(value).events:
            if isinstance(event, ContactOpened):
                contacts.append(event.contact_id)
                cases.setdefault(event.case_id, set()).add(event.contact_id)
            elif isinstance(event, CaseOpened):
                cases.setdefault(event.case_id, set())
            elif isinstance(event, MentionNoted):
                mentions.add(event.contact_id)
            ignored += isinstance(event, DuplicateIgnored)
    assert len(contacts) == len(set(contacts))
    state = router.tail.state(PARTITION).desks[DESK]
    return Outcome(
        facts,
        frozenset(contacts),
        frozenset(frozenset(one) for one in cases.values()),
        frozenset(mentions),
        {one.contact_id: one.state.name for one in state.contacts.values()},
        ignored,
    )


def same(one: Outcome, other: Outcome) -> None:
    assert set(one.facts) == set(other.facts)
    assert one.contacts == other.contacts
    assert one.cases == other.cases
    assert one.mentions == other.mentions
    assert one.states == other.states


@asynccontextmanager
async def opened(place: str) -> AsyncIterator[Log]:
    """The log there, a file's or a broker's; what it holds stays when the block ends."""
    log: Log
    log = await (SqliteLog.open(place) if place.endswith(".db") else KafkaLog.connect(place))
    try:
        yield log
    finally:
        await log.close()


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the log of the shuffled run is, empty."""
    if request.param == "sqlite":
        yield str(tmp_path / "twice.db")
        return
    if not broker.can_run():
        pytest.skip("no real Kafka here: " + broker.INSTALL)
    node = broker.start(tmp_path / "kafka", port=0)
    yield node.bootstrap
    node.stop()


def fact_ids(name: str) -> frozenset[str]:
    """Ids of what the case holds, read by itself."""
    case, accounts = OURS[name], Accounts(default_desk=DESK)
    delivery = delivery_of(case["request"], sent_at_ms(case))
    adapter = PATHS[urlsplit(delivery.url).path]
    keys = known_of(case["secrets"], accounts)
    found = Interpreter(keys, accounts, needs(), IDENTITY_KEY).webhook(
        adapter, served(adapter, delivery, keys, case, CASES)
    )
    return frozenset(fact.fact_id for fact in found.facts)


@cache
def names() -> dict[str, frozenset[str]]:
    """Cases with the ids of their facts; of those whose source blanked their messages' ids into one, the first."""
    found: dict[str, frozenset[str]] = {}
    for name in OURS:
        ids = fact_ids(name)
        if not any(ids & others for others in found.values()):
            found[name] = ids
    return found


async def in_order(place: str) -> tuple[Outcome, Counter[int]]:
    """Each case once, as the files stand."""
    async with opened(place) as log:
        await configured(log)
        async with desk_on(log) as desk:
            answers = await desk.deliver(list(names()))
            await desk.decided()
            return await outcome(log, desk.router), answers


async def test_twice_and_shuffled_with_restarts_it_is_the_same_desk(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once, answers = await in_order(str(tmp_path / "once.db"))
    assert answers == Counter(load(f"webhooks/expected/{name}.json")["http"]["status"] for name in names())
    assert once.facts == Counter({"configure": 1, **{one: 1 for ids in names().values() for one in ids}})
    assert once.contacts and once.mentions and once.ignored == 0

    shuffled = list(names()) * 2
    random.Random(1).shuffle(shuffled)
    half = len(shuffled) // 2
    async with opened(place) as log:
        await configured(log)
        async with desk_on(log) as desk:
            await desk.deliver(shuffled[:half])
    async with opened(place) as log:
        async with desk_on(log) as desk:
            await desk.deliver(shuffled[half:])
            await desk.decided()
            twice = await outcome(log, desk.router)
        async with desk_on(log, days_later=RETRIES_END_DAYS) as desk:
            late = await desk.deliver(list(names()), days_later=RETRIES_END_DAYS)
            await desk.decided()
            again = await outcome(log, desk.router)

    same(once, twice)
    assert twice.ignored == twice.facts.total() - len(twice.facts) > 0
    assert set(again.facts) == set(once.facts) and again.contacts == once.contacts
    assert again.ignored == again.facts.total() - len(again.facts) > twice.ignored
    assert max(late) < 500
    told(
        capsys,
        f"\nwebhook cases through HTTP, log ({'SQLite' if place.endswith('.db') else 'Kafka'}) and router: {len(names())} once"
        f" ({len(OURS) - len(names())} more have the id of one of them), then {len(shuffled)} shuffled with a restart:"
        f" {len(twice.facts)} facts and {len(twice.contacts)} contacts in {len(twice.cases)} cases both times,"
        f" {twice.ignored} repeats ignored, and {again.ignored - twice.ignored} more after"
        f" {RETRIES_END_DAYS} days and another restart",
    )

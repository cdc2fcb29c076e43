"""Each client over mTLS and over SASL with TLS, on a real broker with generated certificates and ACLs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
import yaml
from prometheus_client import CollectorRegistry

from services.contract.codec import encode_decision
from services.contract.topics import DEAD_LETTERS, DECISIONS, FACTS
from services.metrics import build as metrics_build
from services.metrics.settings import MetricsSettings
from services.runtime import broker
from services.runtime.clock import WallClock
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import LogError, LogRefused, LogUnavailable, Record, Tail, TopicSpec
from tests.integration import secured_kafka
from tests.integration.secured_kafka import Right, Secured
from tests.unit.metrics.world import random_log

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow]
TOPIC, OTHER, APP = "frontdesk.test.v1", "frontdesk.forbidden.v1", "frontdesk-metrics"
PASSWORD = "correct horse battery staple"
RIGHTS: tuple[Right, ...] = (
    ("topic", "literal", TOPIC, ("read", "write", "describe")),
    ("topic", "prefix", APP, ("read", "write", "describe")),
    ("group", "prefix", "frontdesk-", ("read",)),
)
SECONDS_MAX = 40


@pytest.fixture(scope="module")
def kafka(kafka_state: Path) -> Iterator[Secured]:
    if not broker.can_run():
        pytest.skip("no real Kafka here: " + broker.INSTALL)
    started = secured_kafka.start(kafka_state / "secured", {"plain-user": PASSWORD})
    if started.node.kind == "docker":
        started.node.stop()
        pytest.skip(
            "these listeners need the broker as a process (Java and Maven), Docker publishes one port only"
        )
    asyncio.run(_topics(started.node.bootstrap))
    started.scram("scram-user", PASSWORD)
    for user in ("router", "scram-user", "plain-user"):
        started.let(user, RIGHTS)
    yield started
    started.node.stop()


async def _topics(bootstrap: str) -> None:
    log = await KafkaLog.connect(bootstrap)
    try:
        await log.create_topics(
            [
                TopicSpec(TOPIC, partitions=1),
                TopicSpec(OTHER, partitions=1),
                *metrics_build.topics(1, app_id=APP),
            ]
        )
    finally:
        await log.close()


def settings_of(kafka: Secured, way: str) -> Mapping[str, str]:
    if way == "mtls":
        return kafka.certificate("router")
    return kafka.password("scram-user" if way != "PLAIN" else "plain-user", PASSWORD, way)


@asynccontextmanager
async def connected(access: str | KafkaAccess) -> AsyncIterator[KafkaLog]:
    log = await KafkaLog.connect(access, client_id="secured", answer_ms_max=10_000)
    try:
        yield log
    finally:
        await log.close()


@pytest.mark.parametrize("way", ["mtls", "SCRAM-SHA-512", "PLAIN"])
async def test_every_client_speaks_to_a_broker_that_asks_who_it_is(kafka: Secured, way: str) -> None:
    access = kafka.access(settings_of(kafka, way))
    async with connected(access) as log:
        await log.create_topics([TopicSpec(TOPIC, partitions=1)])  # exists: needs no right to create
        decision = encode_decision(random_log(1, 1)[0])
        at = await log.append(TOPIC, 0, b"acme", decision)
        assert (await log.read_at(TOPIC, 0, at)).value == decision
        owned = await _first_owned(log)
        assert owned.value
    await asyncio.wait_for(_metrics_follow(access), SECONDS_MAX)


async def _first_owned(log: KafkaLog) -> Record:
    class Listener:
        def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
            return dict.fromkeys(partitions, 0)

        def revoked(self, partitions: Sequence[int]) -> None: ...

    member = await log.own(TOPIC, "frontdesk-test", Listener())
    try:
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                if found := await member.read():
                    return found[0]
    finally:
        await member.close()


async def _metrics_follow(access: KafkaAccess) -> None:
    """Faust joins its group, recovers its table and is ready."""
    metrics = metrics_build.build_kafka(
        MetricsSettings(app_id=APP, publish_ms=50, session_timeout_ms=6_000),
        clock=WallClock(),
        bootstrap=access,
        partitions=1,
        registry=CollectorRegistry(),
        decisions=TOPIC,
    )
    running = asyncio.ensure_future(metrics.run())
    getting_ready = asyncio.ensure_future(metrics.ready())
    await asyncio.wait([running, getting_ready], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_broker_of_another_authority_is_not_trusted(kafka: Secured, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    settings = kafka.certificate("router") | {"FRONTDESK_KAFKA_CA_FILE": str(stranger)}
    with pytest.raises(LogRefused, match="its certificate is not proven by FRONTDESK_KAFKA_CA_FILE"):
        await KafkaLog.connect(kafka.access(settings))


async def test_a_certificate_of_another_authority_is_not_taken(kafka: Secured) -> None:
    settings = kafka.certificate("router", trustme.CA())
    with pytest.raises(LogRefused, match="wants a client certificate that it trusts"):
        await KafkaLog.connect(kafka.access(settings))


async def test_without_a_certificate_the_broker_hangs_up(kafka: Secured) -> None:
    settings = {"FRONTDESK_KAFKA_SECURITY_PROTOCOL": "SSL", "FRONTDESK_KAFKA_CA_FILE": str(kafka.ca_file())}
    with pytest.raises(LogRefused, match="wants a client certificate that it trusts"):
        await KafkaLog.connect(kafka.access(settings))


async def test_a_wrong_password_is_said_and_not_shown(kafka: Secured) -> None:
    settings = kafka.password("scram-user", "not this one")
    with pytest.raises(LogRefused, match="does not take FRONTDESK_KAFKA_USER") as refused:
        await KafkaLog.connect(kafka.access(settings))
    assert "not this one" not in str(refused.value)


async def test_a_mechanism_that_the_broker_lacks_is_said(kafka: Secured) -> None:
    settings = kafka.password("scram-user", PASSWORD, "SCRAM-SHA-256")
    with pytest.raises(LogRefused, match="it has no SCRAM-SHA-256"):
        await KafkaLog.connect(kafka.access(settings))


async def test_an_unencrypted_client_is_told_that_the_listener_wants_tls(kafka: Secured) -> None:
    with pytest.raises(LogRefused, match="FRONTDESK_KAFKA_SECURITY_PROTOCOL=SSL"):
        await KafkaLog.connect(kafka.mtls, answer_ms_max=6_000)


async def test_a_broker_that_is_away_is_still_only_away(kafka: Secured) -> None:
    access = KafkaAccess.from_env(kafka.certificate("router"), "127.0.0.1:1")
    with pytest.raises(LogUnavailable) as away:
        await KafkaLog.connect(access)
    assert not isinstance(away.value, LogRefused)


async def test_who_has_no_rights_is_told_which_are_missing(kafka: Secured) -> None:
    kafka.let("reader", [("topic", "literal", TOPIC, ("write",)), ("topic", "literal", OTHER, ("describe",))])
    access = kafka.access(kafka.certificate("reader"))
    async with connected(access) as log:
        with pytest.raises(LogRefused, match=f"does not let this user write to {OTHER}: an ACL is missing"):
            await log.append(OTHER, 0, b"acme", b"x")
        tail = await log.tail(OTHER, {0: 0})
        with pytest.raises(LogRefused, match=f"read {OTHER}"):
            await asyncio.wait_for(_until_read(tail), SECONDS_MAX)


async def test_who_may_write_nowhere_is_told_at_once(kafka: Secured) -> None:
    with pytest.raises(LogRefused, match="does not let this user write to any topic"):
        await KafkaLog.connect(kafka.access(kafka.certificate("nobody")))


async def test_an_operator_with_the_rights_of_the_manifests_lists_dead_letters(kafka: Secured) -> None:
    text = (ROOT / "deploy/k8s/components/strimzi/users.yaml").read_text(encoding="utf-8")
    (user,) = [one for one in yaml.safe_load_all(text) if one["metadata"]["name"] == "frontdesk-operator"]
    rights = [
        (
            acl["resource"]["type"],
            "literal",
            acl["resource"]["name"],
            tuple(map(str.lower, acl["operations"])),
        )
        for acl in user["spec"]["authorization"]["acls"]
    ]
    kafka.let("frontdesk-operator", rights)
    async with connected(kafka.node.bootstrap) as log:
        await log.create_topics(
            [TopicSpec(topic, partitions=1) for topic in (DEAD_LETTERS, DECISIONS, FACTS)]
        )
        await log.append(DEAD_LETTERS, 0, b"acme", b"{}")
    access = kafka.access(kafka.certificate("frontdesk-operator"))
    log = await KafkaLog.connect(access, reads_only=True)
    try:
        for topic, records in ((DEAD_LETTERS, 1), (DECISIONS, 0)):
            assert await log.end_offset(topic, 0) == records
        assert (await log.read_at(DEAD_LETTERS, 0, 0)).value == b"{}"
        with pytest.raises(LogRefused):
            await log.append(DEAD_LETTERS, 0, b"acme", b"{}")
        with pytest.raises(LogError):
            await log.partitions(FACTS)
    finally:
        await log.close()


async def test_a_topic_that_may_not_be_created_is_told(kafka: Secured) -> None:
    async with connected(kafka.access(kafka.certificate("router"))) as log:
        with pytest.raises(LogRefused, match="create topics"):
            await log.create_topics([TopicSpec("frontdesk.nobody.v1", partitions=1)])


async def _until_read(tail: Tail) -> None:
    while True:
        await tail.read()

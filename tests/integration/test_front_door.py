"""How intake opens to the network: TLS of its own, and one port for several processes."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme
from prometheus_client import CollectorRegistry

from services.cli.plan import ServeSettings
from services.intake.build import Intake, build
from services.runtime.clock import ManualClock
from services.runtime.settings import SettingsError
from tests.unit.intake.world import MemoryLog, needs, settings


def made() -> Intake:
    return build(
        settings(),
        clock=ManualClock(),
        appender=MemoryLog(),
        partitions=3,
        registry=CollectorRegistry(),
        needs=needs(),
    )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings that name a certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate = authority.issue_cert("desk.example", "127.0.0.1")
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    return {"FRONTDESK_HTTP_TLS_CERT_FILE": str(chain), "FRONTDESK_HTTP_TLS_KEY_FILE": str(key)}


async def test_intake_can_end_tls_itself(authority: trustme.CA, files: dict[str, str]) -> None:
    tls = ServeSettings.from_env(files).http_tls
    intake, trusting = made(), ssl.create_default_context()
    authority.configure_trust(trusting)
    port = await intake.front_door.open("127.0.0.1", 0, tls=tls)
    try:
        async with aiohttp.ClientSession() as http:
            async with http.get(f"https://127.0.0.1:{port}/healthz", ssl=trusting) as answer:
                assert (answer.status, await answer.text()) == (200, "alive\n")
            with pytest.raises(aiohttp.ClientError):
                await http.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        await intake.front_door.close()


def test_certificate_and_key_come_together_and_must_be_usable(files: dict[str, str], tmp_path: Path) -> None:
    certificate, key = files.values()
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("hunter2")
    for wrong in (
        {"FRONTDESK_HTTP_TLS_CERT_FILE": certificate},
        {"FRONTDESK_HTTP_TLS_KEY_FILE": key},
        {**files, "FRONTDESK_HTTP_TLS_KEY_FILE": str(nonsense)},
        {**files, "FRONTDESK_HTTP_TLS_CERT_FILE": str(tmp_path / "absent.pem")},
    ):
        with pytest.raises(SettingsError, match="FRONTDESK_HTTP_TLS") as told:
            ServeSettings.from_env(wrong)
        assert "hunter2" not in str(told.value)
    assert ServeSettings.from_env({}).http_tls is None


async def test_several_processes_may_share_a_port() -> None:
    one, other = made(), made()
    port = await one.front_door.open("127.0.0.1", 0, reuse_port=True)
    try:
        assert await other.front_door.open("127.0.0.1", port, reuse_port=True) == port
        with pytest.raises(OSError, match="in use"):
            await made().front_door.open("127.0.0.1", port)
    finally:
        await one.front_door.close()
        await other.front_door.close()


async def test_delivery_that_never_ends_does_not_keep_the_door_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.front_door.CLOSING_SECONDS_MAX", 0.1)
    intake = made()
    port = await intake.front_door.open("127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /hooks/meta HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{")
    async with asyncio.timeout(30):
        while intake.front_door.connections == 0 or intake.front_door.waiting:
            await asyncio.sleep(0.001)
        await intake.front_door.close()
    writer.close()

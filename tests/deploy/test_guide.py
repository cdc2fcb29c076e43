"""What docs/operations.md tells people to do, done: its certificates open their doors and no others, its copies are logs."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.client import Endpoint, IntakeClient, Refused, RouterClient
from frontdesk.v1 import facts_pb2
from services.cli.demo import system
from services.cli.demo.system import Process

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
COMMAND_SECONDS_MAX = 120
CONTACTS = 5


def commands(program: str) -> list[str]:
    """The guide's commands of one program, in order."""
    return re.findall(rf"^ *\$ ({program} .*)$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the guide's own commands."""
    if shutil.which("openssl") is None:
        said = "openssl is missing, which the guide uses"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    folder = tmp_path_factory.mktemp("certificates")
    for command in commands("openssl req"):
        subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)
    return folder


def embedded(data: Path, log: Path, **more: str) -> Process:
    """All services in one process."""
    env = {
        **{f"FRONTDESK_{door}_PORT": "0" for door in ("HTTP", "GRPC", "SMTP", "METRICS")},
        "FRONTDESK_IDENTITY_KEY": "only-for-this-test-0123456789",
        "FRONTDESK_ACCOUNTS_FILE": str(ROOT / "examples/accounts.toml"),
        "FRONTDESK_DATA": str(data),
        **more,
    }
    return Process((), ("--desk", str(ROOT / "examples/desk.toml")), env, log)


@pytest.fixture
async def serving(
    certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Process]:
    """All services with the settings of components/grpc-mtls."""
    monkeypatch.setattr(system, "READY_SECONDS_MAX", 180)
    tls = {
        "FRONTDESK_GRPC_HEALTH_PORT": "0",
        "FRONTDESK_GRPC_TLS_CERT_FILE": str(certificates / "tls.crt"),
        "FRONTDESK_GRPC_TLS_KEY_FILE": str(certificates / "tls.key"),
        "FRONTDESK_GRPC_TLS_CLIENT_CA_FILE": str(certificates / "clients-ca.crt"),
    }
    process = embedded(tmp_path / "frontdesk.db", tmp_path / "log", **tls)
    await process.start()
    yield process
    await process.stop()


def frontdesk(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS_MAX,
    )


async def test_who_has_a_certificate_of_the_guide_is_let_in_and_nobody_else(
    serving: Process, certificates: Path
) -> None:
    port = serving.addresses["grpc"].rpartition(":")[2]
    asked = ("kpis", "--desk", "acme", "--address", f"localhost:{port}")
    trusting = ("--tls-ca", str(certificates / "tls.crt"))

    shown = [str(certificates / f"desktop-1.{part}") for part in ("crt", "key")]
    let_in = frontdesk(*asked, *trusting, "--tls-cert", shown[0], "--tls-key", shown[1])
    assert let_in.returncode == 0, let_in.stderr

    proof = [str(certificates / f"operator.{part}") for part in ("crt", "key")]
    asked_by_operator = ("desk", "show", "acme", "--address", f"localhost:{port}", *trusting)
    told = frontdesk(*asked_by_operator, "--tls-cert", proof[0], "--tls-key", proof[1])
    assert 'desk_id = "acme"' in told.stdout, told.stderr

    strangers = [
        str(certificates / f"tls.{part}") for part in ("crt", "key")
    ]  # a certificate, not of that authority
    for shown in ([], ["--tls-cert", strangers[0], "--tls-key", strangers[1]]):
        assert frontdesk(*asked, *trusting, *shown).returncode != 0

    asked_without_tls = frontdesk(*asked)
    assert asked_without_tls.returncode != 0
    assert frontdesk("health", "--address", serving.addresses["health"]).returncode == 0


def test_the_secrets_that_the_guide_makes_are_those_that_pods_mount() -> None:
    names = set(re.findall(r"create secret generic (\S+)", PAGE))
    assert names == {"frontdesk-secrets", "frontdesk-grpc-tls", "frontdesk-operator-grpc"}
    component = (ROOT / "deploy/k8s/components/grpc-mtls/kustomization.yaml").read_text(encoding="utf-8")
    (command,) = [one for one in commands("kubectl") if "frontdesk-grpc-tls" in one]
    for name in re.findall(r"/run/secrets/grpc-tls/(\S+?) ", component):
        assert f"--from-file={name}" in command
    (command,) = [one for one in commands("kubectl") if "secret generic frontdesk-operator-grpc" in one]
    mounted = set(re.findall(r"/run/secrets/grpc/(\S+)", PAGE))
    assert mounted == set(re.findall(r"--from-file=(\S+)", command))


async def test_a_copy_of_the_embedded_log_taken_while_it_runs_is_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SQLite's own backup, which is what sqlite3's .backup does."""
    monkeypatch.setattr(system, "READY_SECONDS_MAX", 180)
    assert 'sqlite3 frontdesk.db ".backup copy.db"' in PAGE
    data, copy = tmp_path / "frontdesk.db", tmp_path / "copy.db"
    running = embedded(data, tmp_path / "running")
    await running.start()
    try:
        for number in range(CONTACTS):
            await submit(running, number)
        with closing(sqlite3.connect(data)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        await submit(running, CONTACTS)  # after the copy: lost with the original
    finally:
        await running.stop()
    data.unlink()

    restored = embedded(copy, tmp_path / "restored")
    await restored.start()
    try:
        async with RouterClient(Endpoint(restored.addresses["grpc"]), deadline_seconds=30) as router:
            for number in range(CONTACTS):
                assert (await router.get_contact("acme", f"c{number}")).contact_id == f"c{number}"
            with pytest.raises(Refused):
                await router.get_contact("acme", f"c{CONTACTS}")
    finally:
        await restored.stop()


async def submit(process: Process, number: int) -> None:
    """Returns once it is decided."""
    address = Endpoint(process.addresses["grpc"])
    contact = facts_pb2.ContactArrived(
        contact_id=f"c{number}",
        channel="CHANNEL_SOCIAL",
        medium="messenger",
        thread_key=f"t{number}",
        text="I was charged twice.",
    )
    async with IntakeClient(address, deadline_seconds=30) as intake:
        await intake.submit("acme", request_id=f"c{number}", contact_arrived=contact)
    async with RouterClient(address, deadline_seconds=30) as router, asyncio.timeout(COMMAND_SECONDS_MAX):
        while True:
            try:
                await router.get_contact("acme", f"c{number}")
            except Refused:
                await asyncio.sleep(0.05)
            else:
                return

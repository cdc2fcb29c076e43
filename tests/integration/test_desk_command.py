"""frontdesk desk apply and explain, at a router behind a port."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frontdesk.client import RouterClient
from frontdesk.v1 import router_pb2
from services.cli.desk import main
from services.cli.explain import main as explain
from services.contract.codec import to_message
from services.contract.desk import DeskLimits
from services.contract.topics import partition_of
from services.router.replica import Replica
from services.runtime.ports import free_port
from tests.integration.router_shell import PARTITIONS, Running, running, stack

__all__ = ["running", "stack"]  # fixtures

FILE = """
desk_id = "{desk}"
version = "2"

[[topics]]
id = "billing"

[[queues]]
id = "all"

[[agents]]
id = "ana"
topics = ["billing"]
languages = ["en"]
"""


def written(folder: Path, desk: str) -> str:
    path = folder / f"{desk}.toml"
    path.write_text(FILE.format(desk=desk), encoding="utf-8")
    return str(path)


async def test_a_file_takes_the_place_of_what_was_in_force_and_a_new_desk_begins(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [written(tmp_path, "acme"), written(tmp_path, "telko")]

    assert await asyncio.to_thread(main, ["apply", *files, "--address", running.address]) == 0

    said = capsys.readouterr().out
    for desk in ("acme", "telko"):
        assert f"desk {desk} is in force, by decision " in said
        assert running.desk(desk).desk.version == "2"
        assert set(running.desk(desk).agents) == {"ana"}


async def test_what_is_in_force_is_shown_as_a_file_that_puts_the_same_in_force(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = running.desk().desk
    assert await asyncio.to_thread(main, ["show", "acme", "--address", running.address]) == 0
    path = tmp_path / "shown.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")

    assert await asyncio.to_thread(main, ["apply", str(path), "--address", running.address]) == 0

    assert running.desk().desk == replace(before, limits=DeskLimits())
    capsys.readouterr()
    assert await asyncio.to_thread(main, ["show", "elsewhere", "--address", running.address]) == 1
    assert "no such desk is configured" in capsys.readouterr().err


async def test_a_configuration_is_read_where_it_was_written(running: Running) -> None:
    async with RouterClient(running.address) as router:
        desk = to_message(replace(running.desk().desk, version="3"))
        written = await router.configure_desk(desk)
        found = await router.get_desk("acme", min_position=written.position)

    assert found.desk == desk
    assert found.position.offset >= written.position.offset


async def test_a_replica_that_has_not_folded_a_new_desk_yet_waits_for_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in the log, before the position that its configuration was answered with."""
    reach, telko = Replica.reach, replace(running.desk().desk, desk_id="telko")

    async def folded_meanwhile(replica: Replica, desk_id: str, position: Any, *, seconds: float) -> None:
        await running.router.api.configure("c9", telko, timeout_seconds=10)
        await reach(replica, desk_id, position, seconds=seconds)

    monkeypatch.setattr(Replica, "reach", folded_meanwhile)
    position = router_pb2.Position(generation=1, partition=partition_of("telko", PARTITIONS), offset=0)
    async with RouterClient(running.address, deadline_seconds=1) as router:
        found = await router.get_desk("telko", min_position=position)

    assert found.desk == to_message(telko)


async def test_a_router_that_is_away_is_told_with_its_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.desk.APPLY_SECONDS_MAX", 1.0)
    address = f"127.0.0.1:{free_port()}"

    assert await asyncio.to_thread(main, ["apply", written(tmp_path, "acme"), "--address", address]) == 1

    assert f"no router answers at {address} without TLS" in capsys.readouterr().err


async def test_a_file_of_tls_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = str(tmp_path / "ca.crt")

    for command, asked in ((main, ["show", "acme"]), (explain, ["one"])):
        assert await asyncio.to_thread(command, [*asked, "--tls-ca", gone]) == 1
        assert f"{gone} cannot be read (FileNotFoundError)" in capsys.readouterr().err


async def test_two_desks_are_two_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["show", "acme", "telko"])
    assert "show prints the file of one desk" in capsys.readouterr().err


async def test_explain_tells_a_wrong_desk_from_a_wrong_contact(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["no-such-contact", "--address", running.address]

    assert await asyncio.to_thread(explain, [*asked, "--desk", "elsewhere"]) == 1
    assert "no such desk is configured" in capsys.readouterr().err
    assert await asyncio.to_thread(explain, [*asked, "--desk", "acme"]) == 1
    assert "no decision names this contact" in capsys.readouterr().err


async def test_explain_of_nobody_gives_up_within_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.explain.REACHED_SECONDS_MAX", 1.0)
    address = f"127.0.0.1:{free_port()}"

    async with asyncio.timeout(10):  # an answer may take thirty seconds
        assert await asyncio.to_thread(explain, ["one", "--address", address]) == 1

    assert f"no router answers at {address} without TLS" in capsys.readouterr().err

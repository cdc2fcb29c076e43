"""The commands that ask a router find the one that `serve` runs in the same environment."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from services.cli.address import add_desk, add_endpoint, endpoint_of, grpc_address, health_address
from services.runtime.settings import SettingsError


@pytest.mark.parametrize(
    ("port", "address"),
    [(None, "127.0.0.1:50051"), ("50077", "127.0.0.1:50077"), ("0", "127.0.0.1:50051")],
)
def test_the_port_is_that_of_the_setting(port: str | None, address: str) -> None:
    assert grpc_address({} if port is None else {"FRONTDESK_GRPC_PORT": port}) == address


def test_a_port_that_is_none_is_a_fault_of_the_settings() -> None:
    with pytest.raises(SettingsError, match="FRONTDESK_GRPC_PORT"):
        grpc_address({"FRONTDESK_GRPC_PORT": "many"})


def test_health_is_asked_at_its_own_port_where_there_is_one() -> None:
    assert health_address({"FRONTDESK_GRPC_HEALTH_PORT": "50059"}) == "127.0.0.1:50059"
    assert health_address({"FRONTDESK_GRPC_PORT": "50077"}) == "127.0.0.1:50077"


def test_a_command_speaks_tls_when_it_is_told_to() -> None:
    parser = argparse.ArgumentParser()
    add_endpoint(parser)
    plain = endpoint_of(parser.parse_args([]), {})
    assert (plain.targets, plain.tls) == ("127.0.0.1:50051", None)
    secure = endpoint_of(parser.parse_args(["--address", "a:1,b:2", "--tls-ca", "ca.pem"]), {})
    assert secure.listed == ("a:1", "b:2")
    assert secure.tls is not None and secure.tls.ca == Path("ca.pem")


@pytest.mark.parametrize("address", [",", "", " , "])
def test_an_address_that_names_nothing_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_endpoint(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--address", address])
    assert "no address in it; write HOST:PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("env", "argv", "desk"),
    [
        ({}, [], "acme"),
        ({"FRONTDESK_DEFAULT_DESK": "telko"}, [], "telko"),
        ({"FRONTDESK_DEFAULT_DESK": ""}, [], "acme"),
        ({"FRONTDESK_DEFAULT_DESK": "telko"}, ["--desk", "house"], "house"),
    ],
)
def test_the_desk_is_that_of_the_environments_accounts_unless_it_is_named(
    env: dict[str, str], argv: list[str], desk: str
) -> None:
    parser = argparse.ArgumentParser()
    add_desk(parser, env)
    assert parser.parse_args(argv).desk == desk

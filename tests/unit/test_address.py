"""The commands that ask a router find the one that `serve` runs in the same environment."""

from __future__ import annotations

import pytest

from services.cli.address import grpc_address
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

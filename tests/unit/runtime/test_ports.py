"""Ports that servers of one's own are told to take."""

from __future__ import annotations

import socket

import pytest

from services.runtime.ports import Ports, free_port, is_free


def test_ports_are_different_free_and_below_those_of_outgoing_connections() -> None:
    found = [free_port() for _ in range(50)]
    assert len(set(found)) == 50
    assert all(1_024 < port < 32_768 and is_free(port) for port in found)


def test_they_go_round_and_leave_out_what_is_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        assert not is_free(taken)
        ports = Ports(taken - 1, taken + 1, first=taken)
        assert [ports.free() for _ in range(3)] == [taken + 1, taken - 1, taken + 1]


def test_a_range_that_is_taken_is_told_with_the_last_port() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        taken = server.getsockname()[1]
        with pytest.raises(OSError, match=f"no free port found on 127.0.0.1; the last one tried was {taken}"):
            Ports(taken, taken, first=taken).free()

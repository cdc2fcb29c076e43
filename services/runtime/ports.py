"""Ports of the loopback address that a server of one's own may take."""

from __future__ import annotations

import errno
import secrets
import socket

LOWEST, HIGHEST = 20_000, 31_999
"""Below the ports that systems give to outgoing connections (Linux from 32768, macOS from 49152)."""
TRIES_MAX = 1_000


def is_free(port: int) -> bool:
    """Whether a listener on 127.0.0.1 could take the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Ports:
    """Gives ports in turn, from `lowest` to `highest` and round again, so that none is given twice in a while."""

    def __init__(self, lowest: int, highest: int, first: int) -> None:
        self._lowest, self._count = lowest, highest - lowest + 1
        self._given = first - lowest

    def free(self) -> int:
        """The next that is free now; raises OSError (EADDRINUSE) after 1,000 that are not."""
        for _ in range(min(TRIES_MAX, self._count)):
            port = self._lowest + self._given % self._count
            self._given += 1
            if is_free(port):
                return port
        raise OSError(errno.EADDRINUSE, f"no free port found on 127.0.0.1; the last one tried was {port}")


_PORTS = Ports(LOWEST, HIGHEST, LOWEST + secrets.randbelow(HIGHEST - LOWEST + 1))
"""Each process begins somewhere else: two that look for ports at once hardly meet."""


def free_port() -> int:
    """A port that is free now, that this process was not given before, and that no outgoing connection is ever given.

    A port of that range (what `bind` to port 0 gives) can be taken by any program between being found and being
    listened on, or while its server is down for a moment; a client that keeps trying to reach it may even connect
    to itself. Raises OSError (EADDRINUSE) where many in a row are taken.
    """
    return _PORTS.free()

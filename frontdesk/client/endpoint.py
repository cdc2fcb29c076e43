"""Where replicas are, and channels to them.

Calls go round all replicas (round_robin); a stream of its own takes one of them at random and the next one when it is
gone. Lost replicas are noticed by pings that the services admit.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc

KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS = 15_000, 5_000
"""Silence after which a replica is asked whether it is there, and how long it has to answer; services admit a ping
every ten seconds."""
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 3_000),
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    ("grpc.enable_retries", 0),
)
"""Without gRPC's own retries: what was never sent it repeats at once and without a bound, in the memory of the call, so that one
call takes gigabytes within seconds where each connection closes as it opens. `retry.py` repeats, after a pause and within a
deadline."""
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "xds:")


@dataclass(frozen=True)
class Tls:
    """PEM files: authorities of the services' certificates (the system's when None), and the caller's own for mutual TLS.

    `server_name` is the name in the services' certificates where targets are addresses.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read now; raises OSError for a file that cannot be read."""
        ca, key, chain = (_read(path) for path in (self.ca, self.key, self.certificate))
        return grpc.ssl_channel_credentials(ca, key, chain)


@dataclass(frozen=True)
class Endpoint:
    """The replicas of a service.

    `targets` is one target of gRPC (`dns:///name:port` finds all addresses of a name), or `host:port` several times,
    in a sequence or with commas between.
    """

    targets: str | Sequence[str]
    tls: Tls | None = None
    options: tuple[tuple[str, int | str], ...] = field(default=())
    """Further options of gRPC, for those who know them."""

    @classmethod
    def of(cls, given: Endpoint | str | Sequence[str]) -> Endpoint:
        """An endpoint, also from targets alone (plaintext)."""
        return given if isinstance(given, Endpoint) else cls(given)

    @property
    def listed(self) -> tuple[str, ...]:
        """The targets one by one."""
        if isinstance(self.targets, str) and self.targets.startswith(_SCHEMES):
            return (self.targets,)
        parts = self.targets.split(",") if isinstance(self.targets, str) else self.targets
        return tuple(part.strip() for part in parts if part.strip())

    def __str__(self) -> str:
        return ", ".join(self.listed)

    async def channel(self, *, one_replica: bool = False) -> grpc.aio.Channel:
        """A channel over all replicas, or to one of them (the next one once it fails).

        Raises OSError when a name of a list is unknown.
        """
        target = await self._target(shuffled=one_replica)
        policy = {"pick_first": {"shuffleAddressList": True}} if one_replica else {"round_robin": {}}
        options: list[tuple[str, int | str]] = [
            *OPTIONS,
            ("grpc.service_config", json.dumps({"loadBalancingConfig": [policy]})),
            *self.options,
        ]
        if one_replica:
            options.append(("grpc.use_local_subchannel_pool", 1))
        if self.tls is None:
            return grpc.aio.insecure_channel(target, options=options)
        if self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return grpc.aio.secure_channel(target, self.tls.credentials(), options=options)

    async def _target(self, *, shuffled: bool) -> str:
        """One target of gRPC for all of them."""
        listed = list(self.listed)
        if not listed:
            raise ValueError("an endpoint needs a target, for example 127.0.0.1:50051")
        if len(listed) == 1:
            return listed[0] if listed[0].startswith(_SCHEMES) else f"dns:///{listed[0]}"
        if shuffled:
            random.shuffle(listed)
        found = [address for target in listed for address in await _addresses(target)]
        families = {family for family, _ in found}
        if len(families) > 1:  # gRPC takes one family in a list
            found = [one for one in found if one[0] == "ipv4"]
        return f"{found[0][0]}:" + ",".join(address for _, address in found)


async def _addresses(target: str) -> list[tuple[str, str]]:
    """(family, address:port) of one host:port."""
    host, _, port = target.rpartition(":")
    host = host.strip("[]")
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        infos = await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        known_as = sorted({info[4][0] for info in infos})
        return [one for address in known_as for one in await _addresses(f"[{address}]:{port}")]
    if known.version == 4:
        return [("ipv4", f"{host}:{port}")]
    return [("ipv6", f"[{host}]:{port}")]


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()

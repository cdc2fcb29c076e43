"""Which addresses intake connects to: public ones, judged after the name was resolved.

A name on the allow-list may still resolve to the machine itself, to a neighbour or to a cloud's metadata service:
by a fault, or because somebody rebinds it between the check and the connection. So the check is in the resolver
that the connection uses, and the connection goes to the very address that was checked (decision 0030).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

LOOKUPS_AT_ONCE_MAX = 4
"""Threads for look-ups, of their own: a name server that hangs must not take the threads that read long bodies."""
ADDRESSES_MAX = 16
"""Addresses of one name that are tried."""

_NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})"
)
_UNICAST6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NOT_PUBLIC6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols, Teredo with an IPv4 address inside (RFC 2928, 4380)
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4, with an IPv4 address inside (RFC 3056)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NOT_PUBLIC4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "192.0.0.0/24",  # protocols (RFC 6890)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "168.63.129.16/32",  # Azure's own services for its machines
        ),
    )
)

Lookup = Callable[[str, int, int], Awaitable[list[str]]]
"""Addresses of a name, for a port and a family; raises OSError."""


class NotPublic(OSError):
    """The name leads to an address that is not on the public internet."""


def is_public_name(host: str) -> bool:
    """Whether it is a full host name in lower case: no address in any notation, no single word, no last dot."""
    return _NAME.fullmatch(host) is not None


def is_public(address: str) -> bool:
    """Whether it is a unicast address of the public internet (IANA's registries, RFC 6890); never raises."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        if found in _NAT64:  # a network without IPv4 reaches public IPv4 hosts by these (RFC 6052)
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        return found in _UNICAST6 and not any(found in network for network in _NOT_PUBLIC6)
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and not any(found in network for network in _NOT_PUBLIC4)
    )


class SystemLookup:
    """The system's resolver, in a few threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE_MAX, thread_name_prefix="lookup")

    async def __call__(self, host: str, port: int, family: int) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class PublicResolver(AbstractResolver):
    """aiohttp's resolver; a name with a single address that is not public is refused whole."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._system = SystemLookup()
        self._lookup: Lookup = lookup or self._system

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Addresses to connect to; raises NotPublic, and OSError for a name that does not resolve."""
        if not is_public_name(host):
            raise NotPublic("not a full host name")
        found = (await self._lookup(host, port, family))[:ADDRESSES_MAX]
        if not found:
            raise OSError("no address")
        if not all(map(is_public, found)):
            raise NotPublic("not a public address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        self._system.close()

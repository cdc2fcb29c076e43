"""Which addresses are public, and that a name is judged by all of its addresses."""

from __future__ import annotations

import pytest

from services.intake.public_addresses import NotPublic, PublicResolver, is_public, is_public_name

INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 168.63.129.16
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b:1::1
100::1 2001::1 2001:0:7f00:1:: 2001:db8::1 2002:7f00:1:: 2002:0808:0808:: 3fff::1 fc00::1 fd00:ec2::254 fe80::1
fe80::1%eth0 2606:4700::1111%eth0 fec0::1 ff02::1 4000::1 5f00::1
2130706433 0x7f000001 0177.0.0.1 127.1 localhost
""".split()  # noqa: SIM905
OUTSIDE = """
8.8.8.8 93.184.215.14 172.32.0.1 100.128.0.1 2606:4700::1111 2a00:1450:4001::200e 64:ff9b::8.8.8.8
""".split()  # noqa: SIM905
NAMES = ("sns.us-east-1.amazonaws.com", "mybusiness.googleapis.com", "xn--bcher-kva.example", "a.xn--p1ai")
NO_NAMES = [
    *("localhost", "", ".", "a", "example.com.", ".example.com", "a..b.com", "-a.com", "a-.com", "127.0.0.1", "1.2.3"),
    *("0x7f.1", "a.b1", "A.com", "a_b.com", "a.com/x", "a.com:443", "[::1]", "::1", "b\u00fccher.de", "a.com\n"),
    *("a" * 64 + ".com", "a." * 130 + "com", "a.com\x00", "a com.de", "a%2ecom.de"),
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("name", NAMES)
def test_full_host_name_is_a_name(name: str) -> None:
    assert is_public_name(name)


@pytest.mark.parametrize("name", NO_NAMES)
def test_anything_else_is_no_name(name: str) -> None:
    assert not is_public_name(name)


async def test_name_with_one_address_inside_is_refused_whole() -> None:
    for inside in INSIDE[:-5]:
        with pytest.raises(NotPublic):
            await PublicResolver(Answering("8.8.8.8", inside)).resolve("api.example.com", 443)


async def test_name_leads_to_the_addresses_that_were_checked() -> None:
    found = await PublicResolver(Answering("8.8.8.8", "2606:4700::1111")).resolve("api.example.com", 443)
    assert [(one["host"], one["port"]) for one in found] == [("8.8.8.8", 443), ("2606:4700::1111", 443)]


async def test_name_without_an_address_is_a_failure() -> None:
    with pytest.raises(OSError, match="no address"):
        await PublicResolver(Answering()).resolve("api.example.com", 443)


async def test_the_systems_own_resolver_is_judged_too() -> None:
    resolver = PublicResolver()
    with pytest.raises(NotPublic):
        await resolver.resolve("localhost", 443)
    await resolver.close()


class Answering:
    """A look-up that always finds these."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def __call__(self, host: str, port: int, family: int) -> list[str]:
        return self.addresses

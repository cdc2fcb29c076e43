"""What the text of a setting means that is more than one word: an address, a list."""

from __future__ import annotations

PORT_MAX = 65_535


def host_port(text: str, port_default: int = 0) -> tuple[str, int] | None:
    """Host and port of HOST:PORT or [ADDRESS]:PORT, and of a host alone where there is a default; else None."""
    value = text.strip()
    host, colon, port = value.rpartition(":")
    if not colon or value.endswith("]"):
        host, port = value, str(port_default)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None  # an IPv6 address without brackets: where would its port begin?
    if not host or any(letter <= " " or letter in "[]" for letter in host):
        return None
    if not (port.isascii() and port.isdecimal() and len(port) < 6):
        return None
    return (host, int(port)) if 0 < int(port) <= PORT_MAX else None


def listed(text: str) -> list[str]:
    """The values between commas, without blanks around them; an empty one is none."""
    return [one.strip() for one in text.split(",") if one.strip()]

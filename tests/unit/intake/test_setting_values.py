"""Addresses and lists in settings."""

from __future__ import annotations

import pytest

from services.intake.channels.setting_values import host_port, listed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail.example:143", ("mail.example", 143)),
        (" mail.example ", ("mail.example", 993)),
        ("127.0.0.1:5038", ("127.0.0.1", 5038)),
        ("[::1]:143", ("::1", 143)),
        ("[::1]", ("::1", 993)),
        ("::1", None),
        ("::1:143", None),
        ("mail.example:", None),
        ("mail.example:0", None),
        ("mail.example:65536", None),
        ("mail.example:٩٩", None),
        ("mail example:143", None),
        ("[mail.example:143", None),
        (":143", None),
        ("", None),
    ],
)
def test_address_is_a_host_and_a_port(text: str, found: tuple[str, int] | None) -> None:
    assert host_port(text, 993) == found


def test_without_a_default_the_port_is_required() -> None:
    assert host_port("mail.example") is None


def test_list_has_no_empty_values() -> None:
    assert listed(" a, b c,,d ,") == ["a", "b c", "d"]
    assert listed("") == []

"""What modules read of a request besides its body: credentials, and parameters of the URL."""

from __future__ import annotations

import pytest

from services.intake.canonical import Delivery
from services.intake.channels.authorization import credentials
from services.intake.channels.query import FIELDS_MAX, parameter


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER abc", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("abc", ""),
        ("", ""),
        ("Bearer abc, Bearer def", "abc, Bearer def"),
    ],
)
def test_credentials_are_those_of_the_scheme(header: str, given: str) -> None:
    """A doubled header is joined, so it is no token of anybody's."""
    assert credentials(Delivery("POST", "https://x/", {"authorization": header}, b"", 0), "bearer") == given


def test_without_the_header_there_are_no_credentials() -> None:
    assert credentials(Delivery("POST", "https://x/", {}, b"", 0), "bearer") == ""


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("key=abc", "abc"),
        ("a=1&key=a%2Bb+c", "a+b c"),
        ("key=abc&key=abc", ""),
        ("key=", ""),
        ("Key=abc", ""),
        ("", ""),
        ("&".join(["a=1"] * FIELDS_MAX) + "&key=abc", ""),
    ],
)
def test_parameter_counts_once(query: str, value: str) -> None:
    assert parameter(Delivery("GET", f"https://x/hooks?{query}", {}, b"", 0), "key") == value


def test_parameter_of_a_url_that_is_none_is_absent() -> None:
    assert parameter(Delivery("GET", "https://[broken?key=abc", {}, b"", 0), "key") == ""

"""SIP's torture messages and Asterisk's logs, as files; and each of them cut short or with bytes changed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from services.intake.channels.sip_message import read_message
from services.intake.values import Unreadable
from tests.outside.data import DATA, need_data, told

need_data()
SIP = DATA / "phone/sip"
VALID = {path.stem: path.read_bytes() for path in sorted((SIP / "valid").glob("*.dat"))}
INVALID = {path.stem: path.read_bytes() for path in sorted((SIP / "invalid").glob("*.dat"))}
VARIANTS = 30


def harmed(data: bytes, seed: str) -> Iterator[bytes]:
    """The data cut short, with a byte changed, with a part doubled."""
    rng = random.Random(seed)
    for _ in range(VARIANTS):
        place = rng.randrange(len(data))
        yield data[:place]
        changed = bytearray(data)
        changed[place] = rng.randrange(256)
        yield bytes(changed)
        yield data[:place] + data[rng.randrange(len(data)) :]


def start_of(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("utf-8", "replace")


@pytest.mark.parametrize("name", VALID)
def test_valid_sip_is_read_without_a_mark(name: str) -> None:
    message = read_message(VALID[name])
    start = start_of(VALID[name])

    assert message.marks == ()
    assert message.call_id.startswith(name) or name in ("mpart01",)
    assert message.caller.uri and message.caller.tag
    if message.status:
        assert start.startswith(f"SIP/2.0 {message.status}")
    else:
        assert start.split(" ")[0] == message.method


def test_invalid_sip_is_refused_or_marked(capsys: pytest.CaptureFixture[str]) -> None:
    refused, marked = [], []
    for name, data in INVALID.items():
        try:
            assert read_message(data).marks, name
            marked.append(name)
        except Unreadable:
            refused.append(name)
    told(
        capsys,
        f"phone/sip: {len(VALID)} valid read; of {len(INVALID)} invalid {len(refused)} refused, {len(marked)} marked.",
    )


@pytest.mark.parametrize("name", [*VALID, *INVALID])
def test_harmed_sip_raises_nothing_but_unreadable(name: str) -> None:
    for data in harmed({**VALID, **INVALID}[name], name):
        try:
            read_message(data)
        except Unreadable:
            continue

"""Rows of numbers, strings and bytes as MessagePack, and ids in as few bytes as they hold.

Keyed hashes and ids from outside are written as hexadecimal digits (services/contract/ids.py); their bytes take a
third of that. What has another form stays a string, so every id comes back as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from services.contract import kernels

Short = bytes | str
"""An id: 16 bytes for 32 hexadecimal digits; a zero byte, 16 of a UUID and the number behind "-c" of a case; else itself."""
_BIG = 1
"""MessagePack extension of whole numbers beyond 64 bits."""
_CASE = "-c"
_HEX_LENGTH, _UUID_LENGTH = 32, 36
_NUMBER_BYTES = 8
_NUMBER_MAX = 1 << 64


def encode(value: Any) -> bytes:
    """The row as bytes; whole numbers may have any size."""
    try:
        return _ENCODER.encode(value)
    except OverflowError:
        return _ENCODER.encode(_wrapped(value))


def reader(kind: Any) -> Callable[[bytes | memoryview], Any]:
    """Reads rows of this type; raises msgspec.MsgspecError, or ValueError."""
    return msgspec.msgpack.Decoder(kind, ext_hook=_extended).decode


def shortened(text: str) -> Short:
    """The id in as few bytes as it holds."""
    length = len(text)
    if length < _HEX_LENGTH:
        return text
    digits, tail = text, b""
    try:
        if length != _HEX_LENGTH:
            if text[8:24:5] != "----":
                return text
            digits = text[:_UUID_LENGTH].replace("-", "")
            tail = _number(text[_UUID_LENGTH:])
        data = bytes.fromhex(digits)
    except ValueError:
        return text
    if len(data) != _HEX_LENGTH // 2 or data.hex() != digits:
        return text
    return data if length == _HEX_LENGTH else b"\0" + data + tail


def _number(tail: str) -> bytes:
    """The number behind a UUID as bytes; raises ValueError when something else is there."""
    if not tail:
        return b""
    number = int(tail[len(_CASE) :])
    data = number.to_bytes(_NUMBER_BYTES, "big").lstrip(b"\0") if 0 < number < _NUMBER_MAX else b""
    if not data or tail != f"{_CASE}{number}":
        raise ValueError(tail)
    return data


def lengthened(short: Short) -> str:
    """The id that was shortened."""
    if isinstance(short, str):
        return short
    if len(short) == _HEX_LENGTH // 2:
        return short.hex()
    digits = short[1:17].hex()
    text = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return f"{text}{_CASE}{int.from_bytes(short[17:], 'big')}" if len(short) > 17 else text


shortened_by_python, lengthened_by_python = shortened, lengthened
if kernels.COMPILED:
    shortened, lengthened = kernels.ids.shortened, kernels.ids.lengthened


def _wrapped(value: Any) -> Any:
    """The value with whole numbers beyond 64 bits as extensions."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return msgspec.msgpack.Ext(_BIG, int(value).to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, tuple):
        return [_wrapped(one) for one in value]
    return value


def _extended(code: int, data: memoryview) -> int:
    if code != _BIG:
        raise ValueError(f"an extension of code {code}")
    return int.from_bytes(data, "big", signed=True)


_ENCODER = msgspec.msgpack.Encoder()

"""Canonical bytes by compiled code are those that Python writes, for whatever a state may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import immutables
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract import kernels
from services.router.log import canonical
from services.router.log.canonical import entry_by_python, text_by_python
from tests.unit.router.test_golden_log import folded


class Colour(IntEnum):
    NONE = 0
    RED = 7


class Pair(NamedTuple):
    left: object
    right: object


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    number: int
    share: float
    flag: bool
    blob: bytes
    colour: Colour
    inner: object
    at_ms: int | None = None
    sums: int = field(default=0, metadata={"derived": True})


@dataclass(frozen=True)
class WithDict:
    only: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


TEXTS = st.text(max_size=12) | st.text("ab'\\\"\x7f\n ~é", max_size=6)
SCALARS = (
    TEXTS
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.binary(max_size=6)
    | st.none()
    | st.sampled_from(Colour)
)
ARRAYS = st.lists(st.floats(-1e9, 1e9), max_size=4).map(lambda values: np.array(values, dtype=np.float64))
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.builds(Pair, inner, inner)
        | st.builds(WithDict, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Nothing)
        | st.dictionaries(TEXTS, inner, max_size=3).map(immutables.Map)
        | st.builds(
            Slotted,
            TEXTS,
            st.integers(),
            st.floats(allow_nan=False),
            st.booleans(),
            st.binary(max_size=4),
            st.sampled_from(Colour),
            inner,
            st.none() | st.integers(),
        )
    ),
    max_leaves=12,
)


def written_by(write: Any, *values: object) -> bytes | type[BaseException]:
    """The bytes, or the kind of error."""
    try:
        return bytes(write(*values))
    except Exception as error:  # that both ways must raise alike
        return type(error)


@pytest.fixture(autouse=True)
def compiled() -> None:
    assert kernels.COMPILED, kernels.WHY_NOT
    assert canonical.text is not text_by_python


@given(VALUES, VALUES)
def test_compiled_code_writes_the_bytes_that_python_writes(key: object, value: object) -> None:
    assert written_by(canonical.text, value) == written_by(text_by_python, value)
    assert written_by(canonical.entry, key, value) == written_by(entry_by_python, key, value)


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        2**63 - 1,
        -(2**63),
        2**63,
        10**40,
        0.1,
        1e300,
        -0.0,
        float("inf"),
        "x" * 10_000,
        (),
        ((),),
        (1,),
    ],
    ids=str,
)
def test_numbers_and_texts_at_their_bounds_are_written_alike(value: object) -> None:
    assert canonical.text(value) == text_by_python(value)


@pytest.mark.parametrize("value", [object(), {1: 2}, [1], (1, object())], ids=lambda one: type(one).__name__)
def test_what_has_no_canonical_form_is_refused_alike(value: object) -> None:
    refused = written_by(text_by_python, value)
    assert isinstance(refused, type)
    assert written_by(canonical.text, value) is refused


def test_what_is_nested_too_deep_is_refused_alike() -> None:
    deep: object = ()
    for _ in range(50_000):
        deep = (deep,)
    assert written_by(canonical.text, deep) is RecursionError
    assert written_by(text_by_python, deep) is RecursionError


def test_a_state_has_the_same_digest_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    state = folded(11).state
    compiled = list(canonical.digest_in_steps(state))[-1]
    monkeypatch.setattr(canonical, "text", text_by_python)
    monkeypatch.setattr(canonical, "entry", entry_by_python)
    assert list(canonical.digest_in_steps(state))[-1] == compiled

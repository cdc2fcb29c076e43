"""Records made and copied by compiled code are those that Python makes, and it is there where it counts."""

from __future__ import annotations

import copy
import dataclasses
import gc
import importlib
import os
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.contract import decisions, facts, kernels
from services.contract.record import quick_record
from services.router.model import Contact, Map, PartitionState, changed, changed_by_python
from services.router.policy.labels import Statement
from services.router.policy.learning import Key, Result
from services.router.policy.outcomes import Open, OpenResults
from tests.contract.test_records import Sample
from tests.unit.router.world import World, desk

ROOT = Path(__file__).resolve().parents[2]
SERVICES = Path(__file__).resolve().parents[2] / "services"
MODULES = sorted(
    ".".join(file.relative_to(SERVICES).with_suffix("").parts)
    for file in SERVICES.rglob("*.py")
    if "@quick_record\n" in file.read_text(encoding="utf-8")
)
RESULT = Result(Key("ana", "refund", 0), 0, 1, 2, 3, 4, 5, 6)
BY_PYTHON: Any = type.__call__
"""Makes an object as a class does that has no compiled constructor."""
FOLDS_AND_DECIDES = """
import hashlib, sys
if sys.argv[1] == "python":
    sys.modules["services.contract.kernels.records"] = None
from services.contract import kernels
assert kernels.COMPILED is (sys.argv[1] == "compiled")
from benchmarks.latency import desk
from benchmarks.loop import _contact, _fact
from services.contract.codec import decode_decision, decode_fact, encode_decision
from services.contract.facts import DeskConfigured
from services.contract.topics import PARTITION_HASH
from services.router.decide import decide_fact, decide_genesis
from services.router.log.canonical import digest
from services.router.log.fold import fold
from services.router.model import PartitionState
from tests.unit.router.test_golden_log import folded, records
import time
time.time_ns = lambda: 1_700_000_000_000_000_000
told = hashlib.blake2b(digest_size=16)
for form in (1, 11):
    told.update(digest(folded(form).state))
    for record in records(form):
        told.update(encode_decision(decode_decision(record)))
state, at_ms = PartitionState.empty(), 1_700_000_000_000
made = decide_genesis(
    generation=1, partitions=1, partition_hash=PARTITION_HASH, first_fact_offset=0, now_ms=at_ms, decision_id=1, owner="o"
)
state = fold(state, made).state
values = [_fact("desk-1", 1, DeskConfigured(desk=desk("bench-1"))), *[_contact(number, 1) for number in range(1_000)]]
for offset, value in enumerate(values):
    fact = decode_fact(value)
    made = decide_fact(
        state, fact, offset=offset, now_ms=at_ms + offset // 10, decision_id=offset + 2, owner="o", partition=0
    )
    state = fold(state, made).state
    told.update(encode_decision(made))
told.update(digest(state))
print(told.hexdigest())
"""


def quick_kinds() -> list[type]:
    """Every class that a module of the services calls a quick record."""
    found: dict[type, None] = {}
    for name in MODULES:
        module = importlib.import_module(f"services.{name}")
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        for at in text.split("@quick_record\n")[1:]:
            name = at[at.index("class ") + 6 :].split(":")[0].split("(")[0]
            found[getattr(module, name)] = None
    return list(found)


@pytest.fixture(autouse=True)
def built() -> None:
    if not kernels.COMPILED:
        said = f"not compiled: {kernels.WHY_NOT}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)


def outcome(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What comes of a call: the record, or the error as it is told."""
    try:
        return call(*args, **named)
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


def alike(one: Any, other: Any) -> bool:
    """The same class, fields, text and state."""
    return (
        type(one) is type(other)
        and repr(one) == repr(other)
        and (one == other or not type(one).__dataclass_params__.eq)
    )


def test_ci_runs_the_compiled_way() -> None:
    assert kernels.COMPILED
    assert "built-in" in repr(changed)
    assert all(kernels.records.construct(kind) for kind in quick_kinds())


def test_every_module_with_quick_records_is_compared() -> None:
    told = {
        ".".join(path.relative_to(ROOT / "services").with_suffix("").parts)
        for path in (ROOT / "services").rglob("*.py")
        if "@quick_record\n" in path.read_text(encoding="utf-8")
    }
    assert told == set(MODULES)
    assert len(quick_kinds()) > 100


@pytest.mark.parametrize("kind", quick_kinds(), ids=lambda kind: kind.__name__)
def test_every_quick_record_is_made_as_python_makes_it(kind: Any) -> None:
    names = [part.name for part in dataclasses.fields(kind)]
    ordered = [part.name for part in dataclasses.fields(kind) if not part.kw_only]
    values = {name: f"value of {name}" for name in names}
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((), {}),
        ((), values),
        ((), dict(reversed(values.items()))),
        (tuple(ordered), {}),
        (tuple(ordered), {name: 1 for name in names if name not in ordered}),
        ((*ordered, "one", "too many"), {}),
        ((), {**values, "no_such_field": 1}),
        ((1,), values),
        *[((), {other: values[other] for other in names if other != name}) for name in names],
        *[((), {name: 1}) for name in names],
        *[(tuple(ordered[:count]), {}) for count in range(len(ordered))],
    ]
    for args, named in calls:
        ours, theirs = outcome(kind, *args, **named), outcome(BY_PYTHON, kind, *args, **named)
        assert alike(ours, theirs), (args, named)
    full = kind(**values)
    other = BY_PYTHON(kind, **values)
    assert not gc.is_tracked(full)  # strings only: nothing for the collector
    assert sys.getsizeof(full) == sys.getsizeof(other)
    assert alike(copy.copy(full), full)
    assert alike(pickle.loads(pickle.dumps(full)), full)  # noqa: S301 - just written here
    assert dataclasses.asdict(full) == values
    if kind.__hash__ is not None and kind.__eq__ is not object.__eq__:
        assert hash(full) == hash(other)
    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(full, name, 1)
        for one in (
            {name: 1},
            {name: 1, names[0]: 2},
            {"no_such_field": 1},
            {name: 1, "no_such_field": 1},
            {},
        ):
            ours, theirs = outcome(changed, full, **one), outcome(changed_by_python, full, **one)
            assert alike(ours, theirs), one


@quick_record
@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    """Whatever it is given."""

    one: Any = None
    other: Any = None
    third: Any = None


class Plain:
    """May refer to anything, and be referred to weakly."""


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, 2.5, "text", b"bytes", True, (), facts.Channel.PHONE, range(3)),
        *(("a", 1), ("a", (b"b", (None, facts.Channel.EMAIL)))),
        *(Holder(), (Holder(one=(Holder("a"), 1)),), Open("c", 1, Statement.SETTLED, RESULT)),
    ],
    ids=repr,
)
def test_a_record_through_which_no_cycle_can_go_is_hidden_from_the_collector(value: Any) -> None:
    made = Holder(one=value, third=("x", value))
    assert not gc.is_tracked(made)
    assert not gc.is_tracked(made.third)
    assert not gc.is_tracked(changed(made, other=value))


@pytest.mark.parametrize(
    "value",
    [[], {}, set(), frozenset({"a"}), Plain(), Plain, len, lambda: None, Map(), ([],), ("a", ({},))],
    ids=lambda value: type(value).__name__,
)
def test_a_record_that_holds_what_may_be_changed_is_seen_by_the_collector(value: Any) -> None:
    for made in (Holder(one=value), Holder(third=("x", value)), changed(Holder("a"), other=value)):
        assert gc.is_tracked(made)
        assert gc.is_tracked(Holder(one=made))
        assert gc.is_tracked(changed(made, one="a", other=value))
        assert not gc.is_tracked(changed(made, one=1, other=2, third=3))


def test_cycles_through_records_are_collected() -> None:
    gc.collect()
    ends = []
    for hidden in (None, Holder("a")):
        box, plain = [hidden], Plain()
        box += [Holder(one=(box, hidden), other=plain), changed(Holder(hidden), third=(1, (box,)))]
        ends.append(weakref.ref(plain))
        del box, plain
    assert all(end() is not None for end in ends)
    gc.collect()
    assert all(end() is None for end in ends)


def test_tuples_nested_deeper_than_is_looked_are_left_to_the_collector() -> None:
    value: Any = Holder("a")
    for _ in range(8):
        value = (value, "x")
    assert gc.is_tracked(Holder(one=value))


def test_what_a_map_of_cases_keeps_is_hidden_where_it_may_be() -> None:
    kept, seen = Open("c", 1, Statement.SETTLED, RESULT), Open("c", 1, Statement.SETTLED, [])  # type: ignore[arg-type]
    assert gc.is_tracked(kept)
    OpenResults().add(1, kept).set(2, seen)
    assert not gc.is_tracked(kept)
    assert gc.is_tracked(seen)


def test_names_that_are_not_interned_are_found() -> None:
    name = "".join(["con", "tact", "_id"])
    named = {str(bytes(name, "ascii"), "ascii"): "c"}
    assert decisions.ContactQueued(**named) == decisions.ContactQueued(contact_id="c")  # type: ignore[arg-type]
    assert changed(decisions.ContactQueued(), **named).contact_id == "c"


def test_a_factory_is_called_for_each_record_and_its_error_is_told() -> None:
    made: list[int] = []

    def count() -> int:
        if len(made) == 3:
            raise LookupError("no more")
        made.append(len(made))
        return len(made)

    @quick_record
    @dataclasses.dataclass(frozen=True, slots=True)
    class Counted:
        one: int = dataclasses.field(default_factory=count)
        other: int = 0
        third: object = None

    assert [Counted().one, Counted(other=1).one, Counted(5).one, Counted().one] == [1, 2, 5, 3]
    with pytest.raises(LookupError, match="no more"):
        Counted(third=object())


def test_a_class_that_keeps_a_field_elsewhere_is_made_by_python() -> None:
    @dataclasses.dataclass(frozen=True)
    class Loose:
        one: int = 1

    @dataclasses.dataclass(frozen=True, slots=True)
    class Checked:
        one: int = 1

        def __post_init__(self) -> None:
            raise LookupError

    assert not kernels.records.construct(Loose)
    assert not kernels.records.construct(Checked)
    assert changed(Loose(), one=2) == Loose(2)
    with pytest.raises(LookupError):
        Checked()


def test_a_derived_class_is_made_by_its_own_constructor() -> None:
    class Derived(decisions.FactCause):
        def __new__(cls) -> Any:
            raise LookupError

    with pytest.raises(LookupError):
        Derived()


def test_a_copy_of_what_is_not_full_is_refused_alike() -> None:
    empty = object.__new__(Contact)
    ours, theirs = outcome(changed, empty), outcome(changed_by_python, empty)
    assert ours[0] is theirs[0] is AttributeError
    assert outcome(changed) == (TypeError, outcome(changed_by_python)[1])
    assert outcome(changed, 1, 2) == (TypeError, outcome(changed_by_python, 1, 2)[1])


def test_states_with_a_dictionary_are_copied_alike() -> None:
    state = PartitionState.empty()
    for record in (state, World(desk()).desk):
        for values in ({}, {"desk_id": "e"}, {"no_such_field": 1}):
            ours, theirs = changed(record, **values), changed_by_python(record, **values)
            assert type(ours) is type(theirs)
            assert list(ours.__dict__.items()) == list(theirs.__dict__.items())
            assert ours.__dict__ is not record.__dict__


def test_nothing_is_kept_or_lost() -> None:
    """References to what a record holds, after records of all sorts and calls that fail, are as many as before."""
    held, factory_made = object(), Sample(1).third
    queued, contact = decisions.ContactQueued, Contact.__dataclass_fields__
    arguments = dict.fromkeys(contact, held)

    def churn() -> None:
        for _ in range(200):
            one = Contact(**arguments)  # type: ignore[arg-type]
            changed(one, need=held, **{next(iter(contact)): held})
            outcome(changed, one, no_such_field=held)
            outcome(Contact, held, **arguments)
            outcome(Contact, **{**arguments, "no_such_field": held})
            outcome(queued, *[held] * 99)
            Sample(held)  # type: ignore[arg-type]
            changed(Sample(held), third=held)  # type: ignore[arg-type]
            outcome(Sample)
            state = PartitionState.empty()
            changed(state, held=held)

    def counted() -> list[int]:
        gc.collect()
        watched = (held, Contact, queued, Sample, PartitionState, factory_made, None, 0, ())
        return [sys.getrefcount(one) for one in watched]

    churn()
    before = counted()
    churn()
    after = counted()
    assert all(abs(one - other) < 50 for one, other in zip(before, after, strict=True)), (before, after)
    assert before[0] == after[0]


def test_a_circle_of_records_is_collected() -> None:
    circle: list[Any] = []
    circle.append(Sample(1, "b", circle))
    gc.collect()
    del circle
    assert gc.collect() >= 2


def test_both_ways_fold_old_logs_and_decide_to_the_same_bytes() -> None:
    """2,537 records of the golden logs and a thousand decisions anew, as one hash; each way in a process of its own."""
    told = [
        subprocess.run(
            [sys.executable, "-c", FOLDS_AND_DECIDES, way],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for way in ("compiled", "python")
    ]
    assert told[0] == told[1]
    assert len(told[0].strip()) == 32

"""The accept rule of decision partitions, as every downstream reader applies it."""

from __future__ import annotations

from functools import reduce

import pytest

from services.contract.chain import Chain, UnknownCause
from services.contract.decisions import CloseCause, Decision, FactCause, GenesisCause, TimerCause


def genesis(decision_id: int = 1, *, first: int = 0, prev: int = 0) -> Decision:
    return Decision(decision_id=decision_id, prev_id=prev, cause=GenesisCause(first_fact_offset=first))


def fact(decision_id: int, prev: int, offset: int) -> Decision:
    return Decision(decision_id=decision_id, prev_id=prev, fact_offset=offset, cause=FactCause())


def timer(decision_id: int, prev: int, offset: int) -> Decision:
    return Decision(decision_id=decision_id, prev_id=prev, fact_offset=offset, cause=TimerCause())


def close(decision_id: int, prev: int, offset: int) -> Decision:
    return Decision(decision_id=decision_id, prev_id=prev, fact_offset=offset, cause=CloseCause())


def fold(*records: Decision) -> tuple[Chain, list[int]]:
    """The chain after the records, and the ids that it accepted."""
    accepted: list[int] = []

    def step(chain: Chain, record: Decision) -> Chain:
        if not chain.accepts(record):
            return chain
        accepted.append(record.decision_id)
        return chain.after(record)

    return reduce(step, records, Chain()), accepted


def test_empty_chain_takes_only_genesis() -> None:
    for record in (fact(1, 0, 0), timer(1, 0, -1), close(1, 0, -1), genesis(1, prev=9)):
        assert not Chain().accepts(record)
    assert Chain().accepts(genesis())


def test_genesis_sets_the_fact_before_the_first() -> None:
    assert fold(genesis(7, first=40))[0] == Chain(head=7, last_fact=39, started=True)


def test_second_genesis_is_rejected_even_when_it_names_the_head() -> None:
    chain, accepted = fold(genesis(1), genesis(2), genesis(3, prev=1))

    assert accepted == [1]
    assert chain.head == 1


def test_facts_are_taken_one_after_the_other() -> None:
    chain, accepted = fold(genesis(1), fact(2, 1, 0), fact(3, 2, 2), fact(4, 2, 0), fact(5, 2, 1))

    assert accepted == [1, 2, 5]  # 3 leaves a hole, 4 decides fact 0 again
    assert chain == Chain(head=5, last_fact=1, started=True)


def test_timer_repeats_the_offset_of_the_last_fact() -> None:
    assert fold(genesis(1), timer(2, 1, -1), fact(3, 2, 0), timer(4, 3, 1), timer(5, 3, 0))[1] == [1, 2, 3, 5]


def test_speculation_on_a_rejected_record_dies_whole() -> None:
    """Owners A (2, 4, 6) and B (3, 5) decide the same facts; A's first record lands first."""
    chain, accepted = fold(
        genesis(1), fact(2, 1, 0), fact(3, 1, 0), fact(5, 3, 1), fact(4, 2, 1), fact(6, 4, 2)
    )

    assert accepted == [1, 2, 4, 6]
    assert chain.last_fact == 2


def test_redelivered_record_is_rejected() -> None:
    assert fold(genesis(1), fact(2, 1, 0), fact(2, 1, 0))[1] == [1, 2]


def test_nothing_is_taken_after_close() -> None:
    chain, accepted = fold(genesis(1), fact(2, 1, 0), close(3, 2, 0), fact(4, 3, 1), timer(5, 3, 0))

    assert accepted == [1, 2, 3]
    assert chain == Chain(head=3, last_fact=0, closed=True, started=True)


def test_id_of_nothing_is_rejected() -> None:
    assert fold(genesis(0), genesis(1), fact(0, 1, 0))[1] == [1]


def test_unknown_cause_stops_only_where_it_continues_the_chain() -> None:
    chain, _ = fold(genesis(1))

    assert not chain.accepts(Decision(decision_id=2, prev_id=9))
    with pytest.raises(UnknownCause, match="0000000000000002"):
        chain.accepts(Decision(decision_id=2, prev_id=1))

"""The watchdog ends the process when a condition lasts, and for no other reason."""

from __future__ import annotations

import pytest

from services.runtime.watchdog import BLOCKED, Watchdog


class Bench:
    """A watchdog whose clock and end are the test's."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.ended: list[int] = []
        self.dog = Watchdog({BLOCKED: 30, "stuck": 10}, clock=lambda: self.now, end=self.ended.append)
        self.dog.beat()

    def pass_seconds(self, seconds: float, *, beating: bool = True) -> None:
        """Second by second, as the thread looks."""
        for _ in range(int(seconds)):
            self.now += 1
            if beating:
                self.dog.beat()
            self.dog.look()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_loop_that_turns_lives(bench: Bench) -> None:
    bench.pass_seconds(600)
    assert not bench.ended


def test_a_blocked_loop_ends_the_process(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.pass_seconds(30, beating=False)
    assert not bench.ended
    bench.pass_seconds(1, beating=False)
    assert bench.ended == [1]
    assert '"condition": "loop_blocked"' in capfd.readouterr().err


def test_a_condition_ends_the_process_once_it_lasts(bench: Bench) -> None:
    for _ in range(5):
        bench.dog.stands("stuck", bad=True)
        bench.pass_seconds(2)
    assert not bench.ended
    bench.pass_seconds(1)
    assert bench.ended == [1]


def test_a_condition_that_passes_begins_anew(bench: Bench) -> None:
    for _ in range(5):
        bench.dog.stands("stuck", bad=True)
        bench.pass_seconds(9)
        bench.dog.stands("stuck", bad=False)
    assert not bench.ended


def test_a_condition_may_be_older_than_its_telling(bench: Bench) -> None:
    bench.dog.stands("stuck", bad=True, since=bench.now - 9)
    bench.pass_seconds(2)
    assert bench.ended == [1]


def test_what_passed_while_the_process_was_stopped_does_not_count(bench: Bench) -> None:
    bench.dog.stands("stuck", bad=True)
    bench.now += 500
    bench.dog.look()
    assert not bench.ended
    bench.pass_seconds(10)
    assert not bench.ended
    bench.pass_seconds(1)
    assert bench.ended == [1]


def test_a_condition_without_a_limit_is_a_mistake(bench: Bench) -> None:
    bench.dog.stands("unheard_of", bad=True)
    with pytest.raises(KeyError):
        bench.dog.look()

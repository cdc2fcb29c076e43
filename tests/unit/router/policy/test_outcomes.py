"""Labels before the repeat window is over, and their corrections."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from services.router.policy.labels import ELAPSED, Statement, no_repeat, returned_by
from services.router.policy.learning import Before, Key, Skills, Strengths
from services.router.policy.memory import DAY_MS, weight_on
from services.router.policy.outcomes import OPEN_PER_CASE_MAX, Open, Outcomes

WINDOW_MS = 7 * DAY_MS
USUAL = Before(0.8)


@dataclass
class Desk:
    """Sums and open results, with time by hand."""

    now_ms: int = 0
    skills: Skills = field(default_factory=Skills)
    outcomes: Outcomes = field(default_factory=Outcomes)

    @property
    def today(self) -> int:
        return weight_on(self.now_ms // DAY_MS, 30.0)

    def end(self, case_id: str, agent_id: str = "A", topic_id: str = "billing") -> None:
        label = self.outcomes.provisional(topic_id, Statement.SETTLED, 0.0, self.today)
        key = Key(agent_id, topic_id, 0)
        result = self.skills.result(key, label, USUAL, Strengths(), self.today)
        entry = Open(case_id, self.now_ms, Statement.SETTLED, result)
        self.skills, self.outcomes = self.outcomes.entered(self.skills, entry, 0.8)
        self.look()

    def look(self) -> None:
        self.skills, self.outcomes, _ = self.outcomes.looked_at(
            self.skills, lambda _: 0.8, self.share_since, self.today
        )

    def come_back(self, case_id: str, *, timed: bool = True, **topics: float) -> None:
        self.skills, self.outcomes = self.outcomes.came_back(
            self.skills,
            self.outcomes.of(case_id),
            topics,
            lambda _: 0.8,
            self.share_since,
            today=self.today,
            timed=timed,
        )

    def close_window(self, case_id: str) -> None:
        results = self.outcomes.of(case_id)
        self.skills, self.outcomes = self.outcomes.window_over(self.skills, results, lambda _: 0.8)

    def share_since(self, at_ms: int) -> float:
        return (self.now_ms - at_ms) / WINDOW_MS

    def value(self, agent_id: str = "A") -> float:
        """Mean label of the agent's results."""
        sums = self.skills.agents[agent_id]
        return sums.s / sums.n / 2**16


def test_a_contact_that_just_ended_counts_as_its_kind_usually_holds() -> None:
    """Its label stands for a day, so that of half a day: .85 / (1 - .15 x .37)."""
    desk = Desk()
    desk.end("case")

    assert desk.value() == pytest.approx(0.9, abs=1e-4)


def test_a_result_counts_more_the_longer_nothing_comes_back() -> None:
    """After a day .53 of the repeats had come: .85 / (1 - .15 x .53) = .923."""
    labels = [no_repeat(0.15, returned_by(share, (), 1)) for share in (0.0, *ELAPSED)]

    assert labels == sorted(labels)
    assert labels[0] == 0.85
    assert labels[3] == pytest.approx(0.85 / (1 - 0.15 * 0.53))
    assert labels[-1] == 1.0


def test_a_repeat_on_the_same_topic_makes_it_a_failure() -> None:
    desk = Desk()
    desk.end("case")
    desk.come_back("case", billing=0.9)

    assert desk.value() == 0.0
    assert not desk.outcomes.opened


def test_a_repeat_whose_topic_nobody_knows_counts() -> None:
    desk = Desk()
    desk.end("case")
    desk.come_back("case")

    assert desk.value() == 0.0


def test_a_repeat_on_another_topic_is_none() -> None:
    desk = Desk()
    desk.end("case")
    desk.come_back("case", delivery=0.95, billing=0.05)
    desk.close_window("case")

    assert desk.value() == pytest.approx(1.0)


def test_time_alone_corrects_results_as_others_end() -> None:
    desk = Desk()
    desk.end("case")
    desk.now_ms = DAY_MS
    desk.end("other", "B")
    after_a_day = desk.value()
    desk.now_ms = 3 * DAY_MS + 1
    desk.end("another", "B")

    assert after_a_day == pytest.approx(0.85 / (1 - 0.15 * 0.71), abs=0.01)
    assert after_a_day < desk.value() < 1.0


def test_corrections_by_time_keep_up_with_any_pace() -> None:
    desk = Desk()
    for number in range(500):
        desk.now_ms = 0
        desk.end(f"case{number}")
    for number in range(500):
        desk.now_ms = 4 * DAY_MS
        desk.end(f"late{number}", "B")

    assert desk.outcomes.revised[0] >= 500
    assert desk.outcomes.revised[1] >= 500


def test_the_end_of_the_window_makes_it_a_success() -> None:
    desk = Desk()
    desk.end("case")
    desk.close_window("case")

    assert desk.value() == pytest.approx(1.0)
    assert (len(desk.outcomes.opened), len(desk.outcomes.of_case)) == (0, 0)


def test_a_case_keeps_few_results_open() -> None:
    desk = Desk()
    for _ in range(OPEN_PER_CASE_MAX + 3):
        desk.end("case")

    assert len(desk.outcomes.opened) == OPEN_PER_CASE_MAX
    desk.come_back("case")
    assert not desk.outcomes.opened


def test_labels_of_a_month_with_a_known_rate_of_repeats_are_right_on_average() -> None:
    """A third comes back, after two days on average: at every time the mean label is the share that holds."""
    rng = np.random.default_rng(4)
    desk, due, number, repeats = Desk(), list[tuple[int, int, str]](), 0, 0
    for hour in range(21 * 24):
        desk.now_ms = hour * DAY_MS // 24
        for _ in range(6):
            desk.end(f"c{number}")
            back_ms = desk.now_ms + int(rng.exponential(2.0) * DAY_MS)
            over_ms = desk.now_ms + WINDOW_MS
            repeat = rng.random() < 1 / 3 and back_ms < over_ms
            due.append((back_ms if repeat else over_ms, int(repeat), f"c{number}"))
            number, repeats = number + 1, repeats + repeat
        for at_ms, repeat_, case_id in sorted(one for one in due if one[0] <= desk.now_ms):
            due.remove((at_ms, repeat_, case_id))
            if repeat_:
                desk.come_back(case_id, timed=at_ms > WINDOW_MS)
            else:
                desk.close_window(case_id)

    assert desk.value() == pytest.approx(1 - repeats / number, abs=0.015)
    counts = desk.outcomes.returns
    assert returned_by(2 / 7, counts, desk.today) == pytest.approx(
        (1 - np.exp(-1)) / (1 - np.exp(-3.5)), abs=0.05
    )


def test_early_returns_alone_do_not_teach_when_repeats_come() -> None:
    desk = Desk()
    desk.end("case")
    desk.come_back("case", timed=False)

    assert desk.outcomes.returns == ()

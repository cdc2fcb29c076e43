"""What results say of people and topics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.policy.drift import BOUND, Watch
from services.router.policy.learning import (
    EVERY,
    Before,
    Key,
    Result,
    Skills,
    Strengths,
    TopicSums,
    stratum_of,
)
from services.router.policy.memory import NOTHING, VALUE, WEIGHT_BITS, Sums, weight_on

TODAY = weight_on(0, 30.0)
USUAL = Before(0.8)
STRENGTHS = Strengths()


def entered(skills: Skills, agent_id: str, value: float, **others: object) -> Skills:
    stratum = int(str(others.get("stratum", 0)))
    key = Key(agent_id, str(others.get("topic_id", "billing")), stratum)
    today = int(str(others.get("today", TODAY)))
    return skills.entered(skills.result(key, value, USUAL, STRENGTHS, today), USUAL.topic)


def chance(skills: Skills, agent_id: str, topic_id: str = "billing", today: int = TODAY) -> float:
    return skills.chance(agent_id, topic_id, USUAL, STRENGTHS, today)[0]


def test_before_the_first_result_the_configuration_holds() -> None:
    p, spread = Skills().chance("A", "billing", Before(0.8, 0.1), STRENGTHS, TODAY)

    assert (p, spread) == pytest.approx((0.9, (0.9 * 0.1 / 60) ** 0.5))


def test_one_failure_moves_topic_agent_and_cell_by_the_written_arithmetic() -> None:
    """m = 8/11; g = -.8/61; p = (60 (m + g) + 0) / 61."""
    skills = entered(Skills(), "A", 0.0)
    mean = 8 / 11

    assert skills.topic_mean("billing", 0.8, TODAY) == pytest.approx(mean)
    assert skills.agent_effect("A", STRENGTHS, TODAY) == pytest.approx(-0.8 / 61, abs=1e-5)
    assert chance(skills, "A") == pytest.approx(60 * (mean - 0.8 / 61) / 61, abs=1e-5)
    assert chance(skills, "B") == pytest.approx(mean)
    assert chance(skills, "A", "delivery") == pytest.approx(0.8 - 0.8 / 61, abs=1e-5)


def test_a_result_weighs_half_after_a_half_life() -> None:
    later = weight_on(30, 30.0)
    old = entered(Skills(), "A", 0.0)

    assert later == 2 * TODAY
    assert old.topic_mean("billing", 0.8, later) == pytest.approx(8 / 10.5)


def test_results_of_a_year_count_as_the_decay_says() -> None:
    """A result a day for ten half-lives is worth 1 / (1 - 2^(-1/30)) = 43.8 results of today."""
    sums = NOTHING
    for day in range(301):
        sums = sums.plus(weight_on(day, 30.0), 0, 0)

    assert sums.worth(weight_on(300, 30.0)) == pytest.approx(43.8, abs=0.1)


def test_spread_shrinks_with_results() -> None:
    skills = Skills()
    for _ in range(60):
        skills = entered(skills, "A", 1.0)
    p, spread = skills.chance("A", "billing", USUAL, STRENGTHS, TODAY)

    assert spread == pytest.approx((p * (1 - p) / 120) ** 0.5, abs=1e-9)


def test_who_gets_the_harder_cases_is_not_blamed_for_them() -> None:
    """A gets complaints only, resolved in 60 %; B and C the others, in 85 %: as people they are alike."""
    skills = Skills()
    hard, usual = stratum_of(0, complaint=True, repeat=False), stratum_of(0, complaint=False, repeat=False)
    for number in range(1_500):
        skills = entered(skills, "D", float(number % 5 < 3), stratum=hard)
        skills = entered(skills, "A", float(number % 5 < 3), stratum=hard)
        skills = entered(skills, "D", float(number % 20 < 17), stratum=usual)
        skills = entered(skills, "B", float(number % 20 < 17), stratum=usual)

    assert abs(chance(skills, "A") - chance(skills, "B")) < 0.06 < 0.25


def test_strata_are_numbered_apart() -> None:
    numbers = {
        stratum_of(level, complaint=complaint, repeat=repeat)
        for level in range(4)
        for complaint in (False, True)
        for repeat in (False, True)
    }

    assert len(numbers) == 16


@pytest.mark.parametrize("greedy", [False, True])
def test_chances_are_recovered_within_eight_days_of_forty_results_an_agent(greedy: bool) -> None:
    """The synthetic world of routing.md 6.1; routing.md 3 has .91 for its whole router on day 8."""
    world = World(seed=3)
    skills = Skills()
    for day in range(8):
        skills = world.worked(skills, weight_on(day, 30.0), greedy=greedy)
    found = world.chances(skills, weight_on(8, 30.0))
    actual = world.p[world.certified]

    assert np.corrcoef(found, actual)[0, 1] >= (0.85 if greedy else 0.90)
    assert np.sqrt(np.mean((found - actual) ** 2)) < 0.045


def test_a_fall_of_a_topic_is_recovered_within_seven_days() -> None:
    """A month of results, then one topic falls by .2 overnight: half of it is known in two days, all in seven."""
    world = World(seed=5)
    skills = Skills()
    for day in range(30):
        skills = world.worked(skills, weight_on(day, 30.0), every=4)
    before = world.topic_error(skills, 0, weight_on(30, 30.0))
    world.p[:, 0] -= 0.2
    errors = []
    for day in range(30, 37):
        skills = world.worked(skills, weight_on(day, 30.0), every=4)
        errors.append(world.topic_error(skills, 0, weight_on(day, 30.0)))

    assert abs(before) < 0.03
    assert abs(errors[1]) < 0.1
    assert abs(errors[6]) < 0.03
    assert skills.topics["t0"].period == 1


def test_people_keep_their_distances_when_their_topic_moves() -> None:
    skills = Skills()
    for number in range(2_000):
        skills = entered(skills, "A", float(number % 10 < 9))
        skills = entered(skills, "B", float(number % 10 < 7))
    apart = chance(skills, "A") - chance(skills, "B")
    for number in range(200):
        skills = entered(skills, f"C{number % 40}", float(number % 10 < 5))

    assert skills.topics["billing"].period == 1
    assert chance(skills, "A") - chance(skills, "B") == pytest.approx(apart, abs=0.03)
    assert chance(skills, "A") < 0.75


def test_a_topic_that_stays_as_it_is_raises_no_alarm() -> None:
    rng = np.random.default_rng(1)
    skills = Skills()
    for value in rng.random(30_000) < 0.8:
        skills = entered(skills, "A", float(value))

    assert skills.topics["billing"].period == 0


def test_the_watch_says_by_how_much_the_mean_moved() -> None:
    """Each result is .2 worse than expected: the sum rises by .14 and passes 14 at the 101st."""
    watch, count = Watch(), 0
    while not watch.moved_by():
        watch, count = watch.after(-0.2), count + 1

    assert (count, watch.fallen > BOUND) == (101, True)
    assert watch.moved_by() == pytest.approx(-0.2)


moves = st.lists(
    st.tuples(
        st.sampled_from(["enter", "correct", "withdraw", "move"]),
        st.integers(0, 5),
        st.floats(0.0, 1.0),
        st.integers(0, 400),
    ),
    max_size=40,
)


@given(moves=moves)
def test_whatever_is_corrected_and_taken_back_the_sums_are_those_of_what_is_left(
    moves: list[tuple[str, int, float, int]],
) -> None:
    """Counts are never negative; taking everything back leaves nothing at all, though topics moved meanwhile."""
    skills, results, day = Skills(), list[Result](), 0
    for what, who, value, days in moves:
        day += days
        today = weight_on(day, 30.0)
        at = who % max(1, len(results))
        if what == "move":
            skills = with_topic_moved(skills)
        elif what == "enter" or not results:
            key = Key("AB"[who % 2], ("billing", "refund")[who // 3], who)
            result = skills.result(key, value, USUAL, STRENGTHS, today)
            skills, results = skills.entered(result, 0.8), [*results, result]
        elif what == "correct":
            skills, results[at] = skills.corrected(results[at], value, 0.8)
        else:
            skills = skills.withdrawn(results.pop(at))
        assert all(cell.n >= 0 and cell.old_n >= 0 for cell in skills.cells.values())
        assert skills.agents.get("A", NOTHING) == summed([one for one in results if one.key.agent_id == "A"])
        assert skills.strata.get(EVERY, NOTHING).n == sum(one.weight for one in results)
    for result in results:
        skills = skills.withdrawn(result)

    assert (len(skills.cells), len(skills.agents), len(skills.strata)) == (0, 0, 0)


def with_topic_moved(skills: Skills) -> Skills:
    """A new period of billing begins; results of before are of one that ended."""
    topic = skills.topics.get("billing", TopicSums())
    moved = TopicSums(topic.period + 1, prior=VALUE // 2, ended=(*topic.ended, VALUE * 3 // 4))
    return replace(skills, topics=skills.topics.set("billing", moved))


def summed(results: list[Result]) -> Sums:
    sums = NOTHING
    for one in results:
        sums = sums.plus(one.weight, one.value, one.expected)
    return sums


def test_the_first_day_weighs_two_to_the_twenty() -> None:
    assert weight_on(0, 30.0) == 1 << WEIGHT_BITS


class World:
    """120 agents, 8 topics, 3 or 4 certificates each; p = base_k + .07 (.7 z_j + .714 z_jk)."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        agents, topics = 120, 8
        self.popularity = 1 / (np.arange(topics) + 2.0)
        self.popularity /= self.popularity.sum()
        weights = 0.5 * self.popularity + 0.5 / topics
        self.certified = np.zeros((agents, topics), bool)
        for one in range(agents):
            self.certified[
                one, self.rng.choice(topics, 3 + (self.rng.random() < 0.25), replace=False, p=weights)
            ] = True
        base = self.rng.permutation(np.linspace(0.74, 0.88, topics))
        people = 0.7 * self.rng.normal(size=(agents, 1)) + 0.714 * self.rng.normal(size=(agents, topics))
        self.p = np.clip(base + 0.07 * people, 0.3, 0.98)

    def worked(self, skills: Skills, today: int, *, greedy: bool = False, every: int = 1) -> Skills:
        """One day of 40 / `every` results an agent; greedy takes the best of the few who are free."""
        count = 40 * len(self.p) // every
        for topic in self.rng.choice(len(self.popularity), count, p=self.popularity).tolist():
            able = np.flatnonzero(self.certified[:, topic])
            free = able[self.rng.random(len(able)) < 0.05] if greedy else self.rng.choice(able, 1)
            if not len(free):
                continue
            who = int(free[0])
            if greedy:
                who = int(max(free, key=lambda one: chance(skills, f"a{one}", f"t{topic}", today)))
            value = float(self.rng.random() < self.p[who, topic])
            skills = entered(skills, f"a{who}", value, topic_id=f"t{topic}", today=today)
        return skills

    def chances(self, skills: Skills, today: int) -> npt.NDArray[np.float64]:
        return np.array([chance(skills, f"a{one}", f"t{topic}", today) for one, topic in self._pairs()])

    def topic_error(self, skills: Skills, topic: int, today: int) -> float:
        """Mean distance of what is believed of the topic's people from what holds."""
        able = np.flatnonzero(self.certified[:, topic])
        believed = [chance(skills, f"a{one}", f"t{topic}", today) for one in able]
        return float(np.mean(believed - self.p[able, topic]))

    def _pairs(self) -> list[tuple[int, int]]:
        return [(int(one), int(topic)) for one, topic in np.argwhere(self.certified)]

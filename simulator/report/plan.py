"""Which runs the report takes: those that goals need first, then what people want to see beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from simulator import goals
from simulator.report.plays import BASELINE, CHECK, DAYS, REFERENCE, Case, Play
from simulator.report.strained import SCENARIOS
from simulator.worlds import A, B, C, D, E, L, World

REPLICATIONS = 20
HALF_REPLICATIONS = 10
"""Of the upper bound and of a desk's first day."""
ABLATION_REPLICATIONS = 5
"""Of what no goal asks for."""
DAYS_REPLICATIONS = 2
LEARNING_DAYS = 17
"""10 to learn, and 7 after a topic's fall."""
KNOWING_DAYS = 10
LOADS = (0.72, 0.80, 0.88, 0.96)
LOAD_REPLICATIONS = 2
CHECKS_WORLD = replace(A, name=goals.CHECKS)

PRODUCTION = Play(goals.PRODUCTION)
CLAIRVOYANT = Play(goals.CLAIRVOYANT, clairvoyant=True)
FIRST_DAY = Play(goals.FIRST_DAY, known=False)
NO_HOLD = Play("no hold", settings=(("hold_phone_ms", 0), ("hold_message_ms", 0)))
NO_PRICES = Play("no prices", settings=(("price_max", 0.0),))
LONGEST_IDLE = Play(goals.LONGEST_IDLE, BASELINE)
REFERENCED = Play("reference policy", REFERENCE)
"""The specification's own simulation of the policy, [R1 fair]: what production is to beat."""
STATIC = tuple(Play(name, BASELINE) for name in goals.STATIC)
LEARNING = Play(goals.LEARNING, DAYS, known=False, days=LEARNING_DAYS)
KNOWING = Play(goals.KNOWING, DAYS, days=KNOWING_DAYS)
CHECKS = tuple(Play(name, CHECK) for name in ("erlang-a", "hold-rule", "explanations and replay"))

STRESS_REPLICATIONS = 3

SECONDS = {BASELINE: 0.7, CHECK: 5.0, REFERENCE: 1.6}
"""What a run of 120 agents takes on one core, about; for the time left."""
PRODUCTION_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Part:
    """Policies that meet the same replications of a world."""

    world: World
    plays: tuple[Play, ...]
    replications: int
    scenario: str = ""

    def cases(self) -> Iterator[Case]:
        """Replication by replication, so that what is there after a stop is paired."""
        for replication in range(self.replications):
            for play in self.plays:
                yield Case(self.world, play, replication, self.scenario)


def at_load(load: float) -> World:
    return replace(A, name=f"A at load {load:.2f}", load=load)


def stressed(scenario: str) -> World:
    return replace(D, name=f"D, {scenario}")


def parts(replications: int = REPLICATIONS) -> list[Part]:
    """All of the report: what most goals need first, and no long run at the very end, where a core would wait."""
    few, fewest = min(replications, ABLATION_REPLICATIONS), min(replications, DAYS_REPLICATIONS)
    half = min(replications, HALF_REPLICATIONS)
    judged = (PRODUCTION, LONGEST_IDLE, *STATIC, REFERENCED)
    return [
        *(Part(world, judged, replications) for world in (A, B, C)),
        *(Part(world, (CLAIRVOYANT,), half) for world in (A, B, C)),
        *(Part(world, (FIRST_DAY,), half) for world in (A, B)),
        Part(A, (LEARNING, KNOWING), fewest),
        *(Part(CHECKS_WORLD, (check,), 1) for check in CHECKS),
        *(Part(world, (NO_HOLD, NO_PRICES), few) for world in (A, B)),
        Part(C, (NO_HOLD,), few),
        *(Part(world, (PRODUCTION, LONGEST_IDLE, STATIC[1]), few) for world in (D, E)),
        *(
            Part(at_load(load), (PRODUCTION, LONGEST_IDLE, STATIC[1]), min(few, LOAD_REPLICATIONS))
            for load in LOADS
            if load != A.load
        ),
        *(
            Part(stressed(name), (PRODUCTION, STATIC[0]), min(few, STRESS_REPLICATIONS), name)
            for name in SCENARIOS
        ),
        Part(L, (PRODUCTION, LONGEST_IDLE, STATIC[1]), fewest),
    ]


def cases(of: Sequence[Part]) -> list[Case]:
    """Each once."""
    return list(dict.fromkeys(case for part in of for case in part.cases()))


def expected_seconds(case: Case) -> float:
    """Of one core; only for showing how far the report is."""
    one = SECONDS.get(case.play.kind, PRODUCTION_SECONDS)
    return one * case.play.days * case.world.agents / A.agents

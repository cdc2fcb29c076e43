"""The synthetic worlds of routing.md 6.1: how large a desk is, how loaded, and how far its agents differ."""

from __future__ import annotations

from dataclasses import dataclass

DAY_SECONDS = 8 * 3600.0
"""Contacts arrive, and occupancy is measured, over this time; the loop runs on to twice this."""
COUNTED_FROM_SECONDS, COUNTED_TO_SECONDS = 3600.0, 25_200.0
"""Only issues that arrive in this half-open range are counted: what comes before warms the queue up."""


@dataclass(frozen=True, slots=True)
class World:
    """What a pool of agents and a day of issues are drawn from."""

    name: str
    agents: int
    topics: int
    load: float
    """Talk expected at the mean rate over the agents' time, repeats and extra work (1.32) included."""
    certificates: int
    """Topics of an agent; one more from level 2."""
    spread: float
    """[sd_p] Standard deviation of the chance to resolve, over the agents."""
    email_share: float
    wave: float
    """Amplitude of the two waves of the day, as a share of the mean rate."""


A = World("A", agents=120, topics=8, load=0.80, certificates=3, spread=0.07, email_share=0.0, wave=0.25)
"""Moderate."""
B = World("B", agents=120, topics=8, load=0.92, certificates=3, spread=0.07, email_share=0.0, wave=0.25)
"""High load."""
C = World("C", agents=120, topics=8, load=0.86, certificates=3, spread=0.07, email_share=0.30, wave=0.30)
"""Phone and e-mail, blended."""
D = World("D", agents=40, topics=6, load=0.80, certificates=3, spread=0.07, email_share=0.0, wave=0.25)
"""A small pool."""
E = World("E", agents=120, topics=8, load=0.80, certificates=3, spread=0.03, email_share=0.0, wave=0.25)
"""Agents who differ little."""
L = World("L", agents=600, topics=12, load=0.90, certificates=4, spread=0.07, email_share=0.0, wave=0.25)
"""Large; two replications are enough."""

WORLDS = {world.name: world for world in (A, B, C, D, E, L)}

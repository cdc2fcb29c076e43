"""A contact in the simulator: one attempt of an issue, with what the desk knows of it by now."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.pool import Floats


@dataclass(eq=False, slots=True)
class Contact:
    """One attempt of one issue; the flow changes it, policies read it."""

    issue: int
    """Row of the day."""
    attempt: int
    """0 is the first contact, later ones are repeats."""
    arrived_seconds: float
    """Of this attempt; survives hand-overs."""
    topic: int
    """As intake reads it; the true one once `topic_known`."""
    tier: int
    complaint: bool
    email: bool
    signal: int
    weight: float
    """[w] 1.3 each if loyal, complaint, repeat, multiplied; not capped (routing.md 6.2)."""
    need_chances: Floats
    """[4] P(needed level) after all that was learned."""
    queued_seconds: float = 0.0
    """When this queue entry began."""
    topic_known: bool = False
    least_level: int = 0
    """Lower levels are known not to do."""
    need_known: bool = False
    hops: int = 0
    last_agent: int = -1
    """Who handed it over; -1 before the first hop."""
    prior_agents: list[int] = field(default_factory=list)
    waiting: bool = False
    """In a queue, or ringing."""
    entry: int = 0
    """Counts queue entries: a timer of an earlier one is stale."""
    draw: int = 0
    """Index of the next agent's draws."""
    language: int = 0
    """0 is what everybody speaks."""
    units: int = 100
    """That it takes of an agent's 100."""
    decliners: list[int] = field(default_factory=list)
    """Who let an offer of it ring."""
    ringing: int = -1
    """The agent to whom it is offered without an answer yet."""
    order: int = 0
    """Rises with every entry into a queue; breaks ties of arrival."""

"""What is to be different: settings, staffing, grants and certificates of the desk's configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from services.contract.desk import Agent, Desk, DeskPolicy, Grant
from services.intake.need.money import minor_units


class Unclear(Exception):
    """A change that says nothing, or of somebody who is not there; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Changes:
    """All of it empty: the desk as it was."""

    settings: tuple[tuple[str, float], ...] = ()
    more_agents: int = 0
    """Copies of the agents, in the order of their ids, round and round."""
    without: tuple[str, ...] = ()
    """Agents who are not there."""
    grants: tuple[str, ...] = ()
    """"A17=refund:150:EUR" or "A17=refund:unlimited"."""
    certificates: tuple[str, ...] = ()
    """"A17=billing"."""

    def __bool__(self) -> bool:
        return self != Changes()

    def said(self) -> str:
        parts = [f"{name}={value:g}" for name, value in self.settings]
        parts += [f"{self.more_agents:+d} agents"] if self.more_agents else []
        parts += [f"without {agent}" for agent in self.without]
        return ", ".join([*parts, *self.grants, *self.certificates]) or "as it was"


def changed_desk(desk: Desk, changes: Changes) -> tuple[Desk, dict[str, str]]:
    """The desk, and whom each added agent is a copy of. Raises Unclear."""
    agents = {agent.agent_id: agent for agent in sorted(desk.agents, key=lambda one: one.agent_id)}
    for text in changes.grants:
        agent_id, _, grant = text.partition("=")
        agents[agent_id] = _granted(_there(agents, agent_id), _grant(text, grant))
    for text in changes.certificates:
        agent_id, _, topic_id = text.partition("=")
        agent = _there(agents, agent_id)
        if topic_id not in {topic.topic_id for topic in desk.topics}:
            raise Unclear(f"{text}: the desk has no topic {topic_id!r}")
        agents[agent_id] = replace(agent, topic_ids=tuple(dict.fromkeys([*agent.topic_ids, topic_id])))
    copies: dict[str, str] = {}
    originals = list(agents.values())
    for number in range(changes.more_agents):
        original = originals[number % len(originals)]
        copy_id = f"{original.agent_id}-copy-{number // len(originals) + 1}"
        copies[copy_id] = original.agent_id
        agents[copy_id] = replace(original, agent_id=copy_id)
    for agent_id in changes.without:
        _there(agents, agent_id)
        del agents[agent_id]
    if not agents:
        raise Unclear("nobody is left")
    policy = desk.policy
    if changes.settings:
        settings: dict[str, Any] = dict(changes.settings)
        policy = replace(policy or DeskPolicy(), **settings)
    return replace(desk, agents=tuple(agents.values()), policy=policy), copies


def _there(agents: dict[str, Agent], agent_id: str) -> Agent:
    if agent_id not in agents:
        raise Unclear(f"the desk has no agent {agent_id!r}; it has {', '.join(list(agents)[:20])}")
    return agents[agent_id]


def _grant(text: str, words: str) -> Grant:
    parts = words.split(":")
    if len(parts) == 2 and parts[0] and parts[1] == "unlimited":
        return Grant(decision_type=parts[0], unlimited=True)
    limit = minor_units(parts[1], parts[2]) if len(parts) == 3 and parts[0] else None
    if limit is None:
        raise Unclear(f"{text}: give AGENT=DECISION:LIMIT:CURRENCY, for example A17=refund:150:EUR")
    return Grant(decision_type=parts[0], limit_minor=limit, currency=parts[2])


def _granted(agent: Agent, grant: Grant) -> Agent:
    """In place of one of the same decision and currency."""
    kept = [
        one
        for one in agent.grants
        if one.decision_type != grant.decision_type or (grant.currency and one.currency != grant.currency)
    ]
    return replace(agent, grants=(*kept, grant))

"""What a configuration without faults leaves nobody for: no reason to refuse it, and seldom meant.

    topics[cancellation].languages: nobody certified speaks de; who speaks it takes it without a certificate
    authority[0].limits: nobody may decide a refund over 150.00 EUR

Each is told by its place, with the names of desk.proto like a fault (`faults.py`). The desk has none of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from services.contract.desk import Agent, AuthorityRule, Desk, Grant
from services.router.authority import reached_level
from services.router.desks.faults import CHANNELS, Fault, places

MINOR_PER_MAJOR = 100
SPOKEN_AS = {"hr": "sr", "bs": "sr", "sh": "sr"}
"""Languages that contacts come in under another code (docs/need.md)."""
AGENTS_TOLD_MAX = 5

Gaps = Iterator[Fault]


def gaps(desk: Desk) -> list[Fault]:
    """Every gap, in the order of the configuration; costs agents x (topics + authority)."""
    return [*_topics(desk), *_queues(desk), *_authority(desk), *_agents(desk)]


def _topics(desk: Desk) -> Gaps:
    spoken = {language for agent in desk.agents for language in agent.languages}
    speak: dict[str, set[str]] = {topic.topic_id: set() for topic in desk.topics}
    certified = set()
    for agent in desk.agents:
        for topic_id in agent.topic_ids:
            certified.add(topic_id)
            speak[topic_id].update(agent.languages)
    ids = [topic.topic_id for topic in desk.topics]
    for place, topic in zip(places("topics", ids), desk.topics, strict=True):
        if topic.topic_id not in certified:
            yield Fault(place, "nobody is certified for it; whoever speaks the language takes it")
            continue
        left = spoken - speak[topic.topic_id] - speak.get(topic.falls_back_to, set())
        if left:
            yield Fault(
                place, f"nobody certified speaks {_listed(left)}; who does takes it without a certificate"
            )


def _queues(desk: Desk) -> Gaps:
    taken = {one for queue in desk.queues if not queue.topic_ids for one in queue.channels or CHANNELS}
    if not taken.issuperset(CHANNELS):
        ids = [queue.queue_id for queue in desk.queues]
        yield Fault(
            places("queues", ids)[-1],
            "takes all that no queue names, for it is the last; let one take everything",
        )


def _authority(desk: Desk) -> Gaps:
    for index, rule in enumerate(desk.authority):
        reached = [reached_level(desk, agent, rule.decision_type, rule.currency) for agent in desk.agents]
        highest = max(reached, default=0)
        if highest < len(rule.limits_minor):
            yield Fault(
                f"authority[{index}].limits_minor",
                f"nobody may decide a {rule.decision_type} over {_amount(rule, highest)}; what needs more goes to those who may not",
            )
        best: dict[str, int] = {}
        for agent, level in zip(desk.agents, reached, strict=True):
            for language in agent.languages:
                best[language] = max(best.get(language, 0), level)
        for level in sorted(set(best.values()) - {highest}):
            which = [language for language in best if best[language] == level]
            yield Fault(
                f"authority[{index}].limits_minor",
                f"nobody who speaks {_listed(which)} may decide a {rule.decision_type} over {_amount(rule, level)}, others may",
            )


def _agents(desk: Desk) -> Gaps:
    ids = [agent.agent_id for agent in desk.agents]
    idle = []
    for place, agent in zip(places("agents", ids), desk.agents, strict=True):
        if not agent.topic_ids:
            idle.append(agent.agent_id)
        yield from _languages(place, agent)
        for index, grant in enumerate(agent.grants):
            yield from _grant(f"{place}.grants[{index}]", grant, desk)
    if idle:
        yield Fault(
            "agents",
            f"certified for nothing: {_listed(idle)}; they get approvals, and contacts that nobody certified can take",
        )


def _languages(at: str, agent: Agent) -> Gaps:
    for code in agent.languages:
        meant = SPOKEN_AS.get(code)
        if meant and meant not in agent.languages:
            yield Fault(f"{at}.languages", f"contacts in {code!r} come as {meant!r}; add that")


def _grant(at: str, grant: Grant, desk: Desk) -> Gaps:
    """A grant that no row of the matrix speaks of never brings a contact, only approvals in the same words."""
    kinds = {rule.decision_type for rule in desk.authority}
    if grant.decision_type not in kinds:
        near = get_close_matches(grant.decision_type, sorted(kinds), 1)
        mend = f"did you mean {near[0]!r}?" if near else "it counts for approvals only"
        yield Fault(f"{at}.decision_type", f"{grant.decision_type!r} has no row under authority; {mend}")
        return
    currencies = {rule.currency for rule in desk.authority if rule.decision_type == grant.decision_type}
    if grant.currency and grant.currency not in currencies:
        yield Fault(
            f"{at}.currency",
            f"no row under authority for {grant.decision_type!r} is in {grant.currency}, only in {_listed(currencies)}",
        )


def _amount(rule: AuthorityRule, level: int) -> str:
    return f"{rule.limits_minor[level] / MINOR_PER_MAJOR:.2f} {rule.currency}"


def _listed(names: set[str] | list[str]) -> str:
    """In order, the first few of many."""
    some = sorted(names)
    more = f" and {len(some) - AGENTS_TOLD_MAX} more" if len(some) > AGENTS_TOLD_MAX else ""
    return ", ".join(some[:AGENTS_TOLD_MAX]) + more

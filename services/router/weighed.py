"""What was weighed, in words: the parts of an explanation, each a short phrase (routing.md 4).

    resolves 0.84 (billing .86 x authority .98), talk 212 s, price 0.41/s
    B03 0.71 (60 worse)
    C20 0.90 but free in about 48 s (holding costs 310 against a gain of 72)

Costs are in customer-seconds. Explanations of earlier versions have fewer fields; what is absent is not said.
"""

from __future__ import annotations

from services.contract import decisions as d
from services.contract.facts import DecisionWanted

LANGUAGES = {
    "en": "English",
    "de": "German",
    "sr": "Serbian",
    "sl": "Slovenian",
    "te": "Telugu",
    "pt": "Portuguese",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "hi": "Hindi",
    "ta": "Tamil",
    "tr": "Turkish",
    "nl": "Dutch",
    "pl": "Polish",
    "uk": "Ukrainian",
    "ru": "Russian",
    "ar": "Arabic",
}
APPROVER_FREE_BEFORE = 0.6
"""phi of the versions that did not record it."""
TOPIC_TOLD_MIN = 0.15
"""Chance from which a topic is named beside the expected resolution, which is the mean over all."""
RELAXED = {
    "shift_end": "shift ends",
    "certificate": "certificates (neighbour topics count)",
    "authority": "authority (nobody signed in reaches it)",
    "declined_it": "who declined it",
}

WAITS = {
    d.WaitingReason.NONE_LOGGED_IN: "nobody is signed in",
    d.WaitingReason.NO_LANGUAGE: "nobody signed in speaks its language",
    d.WaitingReason.NONE_CERTIFIED: "nobody signed in is certified for it",
    d.WaitingReason.NONE_WITH_AUTHORITY: "nobody signed in may decide it",
    d.WaitingReason.ALL_BUSY: "all who may take it are busy",
    d.WaitingReason.HELD_FOR_BETTER: "held for a better agent",
    d.WaitingReason.KEPT_IN_RESERVE: "the free agents are kept for live contacts",
    d.WaitingReason.SHIFT_ENDING: "the free agents' shifts end too soon",
    d.WaitingReason.ALL_EXCLUDED: "all who may take it had it or declined it",
}
"""The closed list of reasons (routing.md 1.2)."""


def waits(reason: d.WaitingReason) -> str:
    """Why a contact waits; the label of a reason that this version does not know."""
    return WAITS.get(reason) or plain(reason.label)


def money(decision: DecisionWanted | d.Need) -> str:
    """For example "a refund of 180.00 EUR"."""
    kind = decision.decision_type or "decision"
    if not decision.amount_minor:
        return f"a {kind}"
    return f"a {kind} of {decision.amount_minor / 100:.2f} {decision.currency}".rstrip()


def plain(label: str) -> str:
    """A label as words."""
    return label.replace("_", " ")


def chosen(explanation: d.Explanation | None) -> list[str]:
    """What is expected of the agent that it was offered to."""
    if explanation is None or not explanation.candidates:
        return []
    best, need = explanation.candidates[0], explanation.need or d.Need()
    likely = [one.topic_id for one in need.topics if one.weight >= TOPIC_TOLD_MIN]
    topic = "/".join(likely or [one.topic_id for one in need.topics[:1]]) or "any topic"
    skill, covers = _share(_skill(best, explanation)), _share(best.authority_covers)
    parts = [f"resolves {best.resolves:.2f} ({topic} {skill} x authority {covers})"]
    parts.append(f"talk {best.talk_seconds:.0f} s")
    if best.price:
        parts.append(f"price {best.price:.2f}/s")
    return [", ".join(parts)]


def why(explanation: d.Explanation | None, *, offered: bool) -> list[str]:
    """The others, whether to hold, who was left out, what was relaxed; all but what `chosen` says."""
    if explanation is None:
        return []
    candidates, hold = explanation.candidates, explanation.hold
    free = [one for one in candidates if not one.busy]
    parts = [_beside(one, free[0]) for one in free[1:]]
    if not offered and free:
        parts.insert(0, f"{free[0].agent_id} {free[0].resolves:.2f} is free")
    busy = [one for one in candidates if one.busy]
    parts += [_busy(one) for one in busy]
    if hold is not None:
        words = held(hold)
        if busy:
            parts[-1] += f" ({words})"
        else:
            parts.append(words)
    if explanation.expected_wait_seconds:
        parts.append(f"expected wait about {explanation.expected_wait_seconds:.0f} s")
    left_out = [_left_out(one, explanation) for one in explanation.exclusions]
    if left_out:
        parts.append(", ".join(left_out))
    if explanation.relaxations:
        parts.append("relaxed: " + ", ".join(RELAXED.get(one, plain(one)) for one in explanation.relaxations))
    return parts


def held(hold: d.HoldTest) -> str:
    """Whether waiting for a better agent pays, and what decided it."""
    gain = hold.best_cost - (hold.hold_cost - hold.waiting_cost)
    words = f"holding costs {hold.waiting_cost:.0f} against a gain of {gain:.0f}"
    if hold.held:
        whom = "held for the preferred agent" if hold.hold_cost >= hold.best_cost else f"{words}: held"
        return f"{whom}, {hold.waited_seconds:.0f} s waited of at most {hold.cap_seconds:.0f} s"
    if hold.hold_cost < hold.best_cost:
        over = f"{hold.waited_seconds:.0f} s of at most {hold.cap_seconds:.0f} s are waited already"
        return f"{words}, but {over}" if hold.cap_seconds else f"{words}, but this desk never holds"
    return words


def terms(candidate: d.Candidate) -> str:
    """The score and what it is made of; the figures as printed sum to it within a millionth for each."""
    parts = "".join(
        f" {'-' if term.value < 0 else '+'} {plain(term.name)} {_exact(abs(term.value))}"
        for term in candidate.terms
    )
    return f"{_exact(candidate.score)} = {parts.removeprefix(' + ').strip() or 0}"


def figures(explanation: d.Explanation) -> list[str]:
    """What the decision stood on, for whoever wants to check it."""
    lines = _posteriors(explanation.need)
    lines += [f"policy {explanation.policy_version}"] if explanation.policy_version else []
    if explanation.price_epoch:
        lines.append(f"prices of epoch {explanation.price_epoch}")
    if explanation.approver_free:
        lines.append(f"an approver is free with {explanation.approver_free:.2f}")
    if explanation.noise_seed:
        lines.append(f"noise seed {explanation.noise_seed}")
    if explanation.propensity:
        lines.append(f"chosen with chance {explanation.propensity:.2f}")
    return lines


def _posteriors(need: d.Need | None) -> list[str]:
    """What it is about, and which level of authority it needs, as far as they are known."""
    if need is None:
        return []
    topics = ", ".join(f"{one.topic_id} {_share(one.weight)}" for one in need.topics)
    levels = ", ".join(f"level {one.level} {_share(one.weight)}" for one in need.levels)
    least = f", at least level {need.least_level}" if need.least_level else ""
    known = f"{money(need)}, " if need.known else ""
    return [f"about {topics or 'an unknown topic'}; needs {known}{levels or 'no authority'}{least}"]


def _skill(candidate: d.Candidate, explanation: d.Explanation) -> float:
    covers = candidate.authority_covers
    phi = explanation.approver_free or APPROVER_FREE_BEFORE
    return candidate.skill or candidate.resolves / (covers + (1 - covers) * phi)


def _beside(other: d.Candidate, best: d.Candidate) -> str:
    behind = other.score - best.score
    return f"{other.agent_id} {other.resolves:.2f} ({f'{behind:.0f} worse' if behind >= 0.5 else 'as good'})"


def _busy(other: d.Candidate) -> str:
    when = f" but free in about {other.free_in_seconds:.0f} s" if other.free_in_seconds else " but busy"
    return f"{other.agent_id} {other.resolves:.2f}{when}"


def _left_out(exclusion: d.Exclusion, explanation: d.Explanation) -> str:
    need = explanation.need or d.Need()
    language = LANGUAGES.get(explanation.language, explanation.language) or "that language"
    topics = " or ".join(topic.topic_id for topic in need.topics) or "the topic"
    one = exclusion.agents == 1
    words = {
        "language": f"{'speaks' if one else 'speak'} no {language}",
        "certificate": f"{'is' if one else 'are'} not certified for {topics}",
        "authority": f"may not decide {money(need)}",
        "presence": f"{'is' if one else 'are'} not available",
        "shift_end": f"{'ends its' if one else 'end their'} shift too soon",
        "newcomer": "is new and has had its share" if one else "are new and have had their share",
        "reserve": f"{'is' if one else 'are'} kept for live contacts",
        "capacity": f"{'is' if one else 'are'} busy",
        "had_it": "had it before",
        "declined_it": "declined it",
    }
    return f"{exclusion.agents} {words.get(exclusion.rule, plain(exclusion.rule))}"


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else "1"


def _exact(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")

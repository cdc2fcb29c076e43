"""What a customer needs, read from one event: language, topics, decision, complaint, urgency, opt-out.

Pure and bounded: each step looks at the first few thousand characters only. Steps that would begin after the
message's time limit are left out, and what was left out is told, so that a slow machine loses topics, not
contacts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.contract.facts import DecisionWanted, LanguageGuess, TopicWeight
from services.intake import identity
from services.intake.canonical import CanonicalEvent
from services.intake.need.decision import decision_of
from services.intake.need.evidence import lexicon
from services.intake.need.language import Languages
from services.intake.need.mood import complains, opts_out, urgent
from services.intake.need.regions import country_language
from services.intake.need.topics import topics_of
from services.intake.need.words import sentences_of, words_of

OPT_OUT = (TopicWeight(topic_id="opt_out", weight=0.99),)
_ASKING = frozenset({"message", "mention", "review", "auto_reply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What was read; every field may be empty."""

    language: LanguageGuess | None = None
    topics: tuple[TopicWeight, ...] = ()
    decision: DecisionWanted | None = None
    complaint: bool = False
    urgent: bool = False
    opted_out: bool = False
    cut_short: bool = False


@dataclass(frozen=True)
class NeedReader:
    """Reads needs within `time_limit_ms` a message; `monotonic` is the clock of that limit."""

    languages: Languages
    time_limit_ms: float = 50.0
    monotonic: Callable[[], float] = time.perf_counter

    def read(self, event: CanonicalEvent, account_language: str = "") -> Need:
        """The need behind an event on an account whose usual language is given."""
        ends_at = self.monotonic() + self.time_limit_ms / 1000
        text = f"{event.subject}\n{event.text}".strip()
        region = _region(event)
        language = self.languages.guess(text, _hints(event, region, account_language), region)
        if not text:
            return Need(language=language if language.code else None, opted_out=event.opted_out)
        phone = event.medium in ("sms", "mms", "rcs")
        opted_out = event.opted_out or (
            event.kind == "message" and opts_out(words_of(event.text), phone=phone)
        )
        if event.direction != "inbound" or event.kind not in _ASKING:
            return Need(language=language, opted_out=opted_out)
        if opted_out or event.opt_word:
            return Need(language=language, topics=OPT_OUT, opted_out=opted_out)
        if self.monotonic() > ends_at:
            return Need(language=language, cut_short=True)
        found = lexicon(language.code).read(sentences_of(text))
        return Need(
            language=language,
            topics=topics_of(found.topics),
            decision=decision_of(text, found.decisions),
            complaint=complains(found, public=event.public, rating=event.rating),
            urgent=urgent(found),
        )


def _hints(event: CanonicalEvent, region: str, account_language: str) -> list[tuple[str, str]]:
    """Hints by strength: the provider's, the country of the caller's number, the account's language."""
    hints = (
        ("hint", event.language_hint),
        ("hint", country_language(region)),
        ("account", account_language),
    )
    return [(source, tag) for source, tag in hints if tag]


def _region(event: CanonicalEvent) -> str:
    """Country of the customer's number, "" without one."""
    if event.customer is None or event.customer.type != "phone":
        return ""
    return identity.region_of(event.customer.value)

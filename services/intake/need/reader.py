"""What a customer needs, read from one event: language, topics, decision, complaint, urgency, opt-out.

Pure and bounded: each step looks at the first few thousand characters only. Steps that would begin after the
message's time limit are left out, and what was left out is told, so that a slow machine loses topics, not
contacts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.contract.facts import DecisionWanted, DecisionWeight, LanguageGuess, TopicWeight
from services.intake import identity
from services.intake.canonical import CanonicalEvent
from services.intake.need.asking import question_id_of, question_in
from services.intake.need.decision import decisions_of
from services.intake.need.default_topics import DefaultTopics, default_topics
from services.intake.need.evidence import lexicon
from services.intake.need.language import Languages
from services.intake.need.mood import complains, opts_out, urgent
from services.intake.need.regions import country_language
from services.intake.need.trained import TrainedTopics
from services.intake.need.words import sentences_of, words_of

OPT_OUT = (TopicWeight(topic_id="opt_out", weight=0.99),)
_ASKING = frozenset({"message", "mention", "review", "unsupported", "auto_reply"})
_ANSWERED = frozenset({"message", "unsupported"})
_ANYBODYS = frozenset({"ME", "CO"})
"""Countries whose domains are sold to everybody."""
_NOT_THEIRS = re.compile(r"\s*(?:re|aw|antw|sv|odg|res|fwd?|wg|enc|prosl|pos)\s*:", re.IGNORECASE)
SUBJECT_COUNTS_MAX = 60
"""Characters of a text beyond which its language is told without the subject's help."""
_SPOKEN = frozenset({"voice", "call", "sip"})
"""Media in which the agent asks, not a text."""
OPT_OUT_CHARS_MAX = 24
"""A longer message is no single word."""
SURE_MIN = 0.5
"""Below this confidence of the language the words of all languages count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What was read; every field may be empty."""

    language: LanguageGuess | None = None
    topics: tuple[TopicWeight, ...] = ()
    topic_model: str = ""
    decision: DecisionWanted | None = None
    decisions: tuple[DecisionWeight, ...] = ()
    complaint: bool = False
    urgent: bool = False
    opted_out: bool = False
    question_id: str = ""
    question: str = ""
    cut_short: bool = False


@dataclass(frozen=True)
class NeedReader:
    """Reads needs within `time_limit_ms` a message; `monotonic` is the clock of that limit."""

    languages: Languages
    time_limit_ms: float = 50.0
    topic_model: TrainedTopics | None = None
    """The desk's own: tells the topics instead of the default, or nothing when it is unsure."""
    default: DefaultTopics = field(default_factory=default_topics)
    """Rules and the model that is shipped."""
    monotonic: Callable[[], float] = time.perf_counter

    def read(self, event: CanonicalEvent, account_language: str = "") -> Need:
        """The need behind an event on an account whose usual language is given."""
        ends_at = self.monotonic() + self.time_limit_ms / 1000
        text = f"{event.subject}\n{event.text}".strip() if event.subject else event.text.strip()
        language = self._language(event, text, account_language)
        if event.direction != "inbound" or event.kind not in _ASKING:
            return Need(language=language if text or language.code else None, opted_out=event.opted_out)
        opted_out = event.opted_out or _opts_out(event)
        if opted_out or event.opt_word:
            return Need(
                language=language, topics=OPT_OUT, topic_model=self.default.version, opted_out=opted_out
            )
        if self.monotonic() > ends_at:
            return Need(language=language, cut_short=True)
        return self._asking(event, text, language, account_language)

    def _language(self, event: CanonicalEvent, text: str, account_language: str) -> LanguageGuess:
        """Of the words; the subject counts when they are few, unless it is another's: of an answer, or forwarded."""
        region = _region(event)
        alone = event.in_reply_to or _NOT_THEIRS.match(event.subject) or len(event.text) > SUBJECT_COUNTS_MAX
        spoken = event.text.strip() if alone else ""
        return self.languages.guess(spoken or text, _hints(event, region, account_language), region)

    def _asking(
        self, event: CanonicalEvent, text: str, language: LanguageGuess, account_language: str
    ) -> Need:
        """The need of somebody who may want something."""
        sentences = sentences_of(text)
        known = lexicon(language.code if language.confidence >= SURE_MIN else "")
        found = known.read(sentences)
        model = self.topic_model
        topics = self.default.read(text, found, known) if model is None else model.read(text)
        decisions = decisions_of(sentences, found, topics, known)
        question_id = ""
        if event.kind in _ANSWERED and event.medium not in _SPOKEN:
            amounts = any(sentence.amounts for sentence in sentences)
            question_id = question_id_of(event, text, topics, found, has_amount=amounts)
        return Need(
            language=language if text or language.code else None,
            topics=topics,
            topic_model=self.default.version if model is None else model.version,
            decision=decisions.wanted,
            decisions=decisions.needed,
            complaint=complains(
                found,
                public=event.public,
                rating=event.rating,
                topic_id=topics[0].topic_id if topics else "",
            ),
            urgent=urgent(found),
            question_id=question_id,
            question=question_in(question_id, language, account_language),
        )


def _opts_out(event: CanonicalEvent) -> bool:
    if event.kind != "message" or len(event.text) > OPT_OUT_CHARS_MAX:
        return False
    return opts_out(words_of(event.text), phone=event.medium in ("sms", "mms", "rcs"))


def _hints(event: CanonicalEvent, region: str, account_language: str) -> list[tuple[str, str]]:
    """Hints by strength: the provider's, the country of the number or of the mail address, the account's language."""
    hints = (
        ("hint", event.language_hint),
        ("hint", country_language(region or _domain(event))),
        ("account", account_language),
    )
    return [(source, tag) for source, tag in hints if tag]


def _domain(event: CanonicalEvent) -> str:
    """Country of the customer's mail address by its last label, "" without one or where others use it too."""
    if event.customer is None or event.customer.type != "email":
        return ""
    label = event.customer.value.rpartition(".")[2].upper()
    return "" if label in _ANYBODYS else {"UK": "GB"}.get(label, label)


def _region(event: CanonicalEvent) -> str:
    """Country of the customer's number, "" without one."""
    if event.customer is None or event.customer.type != "phone":
        return ""
    return identity.region_of(event.customer.value)

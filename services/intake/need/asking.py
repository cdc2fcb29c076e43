"""The question that would make an unclear need clear (requirement S0.3), asked by whoever answers first.

One question at most, the one whose answer decides most: what it is about, when the topic is unknown or two are as
likely; then the fact without which the topic cannot be worked on. A public message is never asked for a number or an
address, for everybody reads the answer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from services.contract.facts import LanguageGuess, TopicWeight
from services.intake.canonical import CanonicalEvent
from services.intake.need.evidence import Evidence
from services.intake.need.words import TEXT_CHARS_READ_MAX

UNCLEAR_RATIO_MIN = 0.8
"""A second topic this near to the first leaves the need unclear."""
UNCLEAR_WEIGHT_MAX = 0.6
_ASKED_ABOUT = {
    "delivery": "order_number",
    "refund": "order_number",
    "order_change": "order_number",
    "billing": "amount",
    "product_defect": "which_product",
    "account_access": "account_email",
}
"""What a topic cannot be worked on without; the other topics need nothing."""
DEFAULT_LANGUAGE = "en"
_NUMBER = re.compile(r"(?<![\w.,+])#?[A-Za-z]{0,4}[-/]?\d{4,12}(?![\w]|[.,]\d)")
"""An order's, invoice's or ticket's number; not an amount and not a phone number."""
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")


@cache
def _questions() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "questions.toml").read_text(encoding="utf-8"))


def question_id_of(
    event: CanonicalEvent, text: str, topics: Sequence[TopicWeight], found: Evidence, *, has_amount: bool
) -> str:
    """Id of the question to ask; "" when the need is clear."""
    if not topics and found.thanks:
        return ""
    if _unclear(topics):
        return "what_about"
    text = text[:TEXT_CHARS_READ_MAX]
    asked = _ASKED_ABOUT.get(topics[0].topic_id, "")
    if not asked or _known(asked, event, text, found, has_amount=has_amount):
        return ""
    return "write_privately" if event.public else asked


def _known(asked: str, event: CanonicalEvent, text: str, found: Evidence, *, has_amount: bool) -> bool:
    """Whether the message already says what would be asked for."""
    if asked == "account_email":
        return event.channel == "email" or ("@" in text and _ADDRESS.search(text) is not None)
    if (asked == "amount" and has_amount) or (asked == "which_product" and found.names_product):
        return True
    return bool(event.reference) or _NUMBER.search(text) is not None


def question_in(question_id: str, language: LanguageGuess | None, account_language: str) -> str:
    """The question in the customer's language and script, else in the account's, else in English; "" for no id."""
    if not question_id:
        return ""
    texts = _questions()[question_id]
    wanted = [account_language]
    if language is not None and language.code:
        wanted = [f"{language.code}-{language.script}", language.code, account_language]
    return next((texts[one] for one in wanted if one in texts), texts[DEFAULT_LANGUAGE])


def _unclear(topics: Sequence[TopicWeight]) -> bool:
    if not topics:
        return True
    second = topics[1].weight if len(topics) > 1 else 0.0
    return topics[0].weight <= UNCLEAR_WEIGHT_MAX and second >= UNCLEAR_RATIO_MIN * topics[0].weight

"""Which language a text is in (channels.md 5.1): its script first, then a detector among the languages expected.

    script   Telugu letters are Telugu; Cyrillic with ђ or ћ is Serbian: certain on one word
    words    Telugu in Latin letters, by its commonest words
    text     the detector, once there are four words
    hint     what the provider says, or the country of the number
    account  the language of the line or mailbox

A hint also weighs with the text: the country of a number tells Serbian from Slovene. In fewer than four words it weighs
more, and only what is clearly in another language goes against it.

Serbian, Croatian and Bosnian are "sr", for nobody tells them apart offline; the script and, where a hint names it,
the variant stand beside. Numbers, links, addresses and emoji are no words. What is known of the conversation and of
the customer is the router's: it prefers that to anything below 0.5 here. Without any hint a short text's likeliest
language is told with a confidence of at most 0.3.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence, Set
from pathlib import Path

from services.contract.facts import LanguageGuess
from services.intake.need.detector import Detector
from services.intake.need.regions import macro, variant
from services.intake.need.romanised import telugu_share
from services.intake.need.script import language_of, script_of

CHARS_READ_MAX = 400
"""A language shows in a few lines; longer texts take no longer."""
WORDS_MIN = 4
CONFIDENCE_MIN = 0.5
"""Below it the detector abstains."""
CONFIDENCE_WEAK_MAX = 0.3
NEIGHBOURS = (
    "en", "de", "pt", "sl", "sr", "hr", "bs", "te", "mk", "es", "it", "fr", "nl", "cs", "sk", "pl", "ru", "uk",
    "bg", "sv", "da", "no", "hu", "ro", "tr", "ar", "hi",
)  # fmt: skip
"""Languages that are told apart beside those a deployment serves, so that Spanish is not taken for Portuguese."""
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\w*\d\w*")
_LINKISH = re.compile(r"[@#\d]|://|www\.")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|[\u0c00-\u0c7f]+")
_SCRIPT_SHARE_MIN = 0.5
COMMON_WORD_WEIGHT = 0.7
"""Logarithm by which a word that only one of two close languages has makes it likelier."""
COMMON_WORDS_MAX = 4
HINT_WEIGHT = 1.0
"""Logarithm by which the strongest hint makes its language likelier."""
HINT_WEIGHT_SHORT = 3.0
"""The same in fewer than WORDS_MIN words."""
GREETING_WEIGHT = 3.0
"""Logarithm by which a greeting or another word that often stands alone makes its language likelier, in so few words."""
FIRST_WEIGHT = 0.4
"""Logarithm by which the deployment's first language is likelier, in so few words and without any hint."""
_LETTERS = dict.fromkeys("ćđ", "sr") | dict.fromkeys("ãõ", "pt") | {"ß": "de"}


def _listed(name: str) -> dict[str, str]:
    """Language by word, of a list in the lexicon."""
    data = tomllib.loads((Path(__file__).parent / "lexicon" / name).read_text(encoding="utf-8"))
    return {word: code for code, words in data.items() for word in words.split()}


class Languages:
    """The detector of a process: loads its model once."""

    def __init__(self, deployment: Sequence[str]) -> None:
        self._detector = Detector(deployment, NEIGHBOURS)
        self._served = frozenset(macro(code) for code in deployment)
        codes = set(self._detector.codes)
        self._told_apart = [code for code in dict.fromkeys(map(macro, deployment)) if code in codes]
        """The deployment's languages, the likeliest first: nothing else is guessed of a text that tells little."""
        self._common = _listed("languages.toml")
        self._greetings = _listed("greetings.toml")

    def guess(self, text: str, hints: Sequence[tuple[str, str]] = (), region: str = "") -> LanguageGuess:
        """The language of a text; `hints` are (source, language tag), the strongest first; `region` is the country
        of the customer's number.

        Without a certain answer the first hint that this deployment serves is taken, unless the text, short as it is,
        is clearly in another language.
        """
        hint, hinted = next(
            ((name, macro(tag)) for name, tag in hints if macro(tag) in self._served), ("", "")
        )
        named = {macro(tag) for _, tag in hints}
        code, script, confidence, source = self._of_text(text, region, hinted, named)
        if not source:
            if hinted and (code == hinted or confidence < CONFIDENCE_MIN):
                code, confidence, source = hinted, 0.4, hint
            else:
                confidence = min(confidence, CONFIDENCE_WEAK_MAX)
                source = "text" if code else ""
        standard = ""
        if code == "sr":
            standard = (
                "sr" if script == "Cyrl" else next(filter(None, (variant(tag) for _, tag in hints)), "")
            )
        return LanguageGuess(
            code=code, script=script, confidence=round(confidence, 3), source=source, variant=standard
        )

    def _of_text(self, text: str, region: str, hinted: str, named: Set[str]) -> tuple[str, str, float, str]:
        """Code, script, confidence and source; no source when the text is not certain."""
        plain = text[:CHARS_READ_MAX]
        if _LINKISH.search(plain):
            plain = _LINK.sub(" ", plain)
        script, share = script_of(plain)
        by_script = language_of(script, plain)
        if by_script and share >= _SCRIPT_SHARE_MIN:
            return by_script, script, 0.99, "script"
        if not script:
            return "", "", 0.0, ""
        words = _WORD.findall(plain.lower())
        if script == "Latn":
            telugu = telugu_share(words, region)
            if telugu:
                return "te", script, min(0.95, 0.5 + telugu), "words"
        evidence, short = self._evidence(words), len(words) < WORDS_MIN
        if short:
            evidence += [
                (self._greetings[word], GREETING_WEIGHT) for word in words if word in self._greetings
            ]
        if hinted:
            evidence.append((hinted, HINT_WEIGHT_SHORT if short else HINT_WEIGHT))
        elif short and self._told_apart:
            evidence.append((self._told_apart[0], FIRST_WEIGHT))
        code, share = self._detector.likeliest(plain, evidence)
        if share < CONFIDENCE_MIN and code not in named and self._told_apart:
            shares = self._detector.shares(plain, evidence)
            code = max(self._told_apart, key=shares.__getitem__)
            share = shares[code]
        return code, script, share, "text" if share >= CONFIDENCE_MIN and not short else ""

    def _evidence(self, words: Sequence[str]) -> list[tuple[str, float]]:
        """For languages with words or letters that their neighbours do not have."""
        counts: dict[str, int] = {}
        for word in set(words):
            code = self._common.get(word)
            if code is None and not word.isascii():
                code = next((_LETTERS[letter] for letter in word if letter in _LETTERS), None)
            if code is not None:
                counts[code] = counts.get(code, 0) + 1
        return [(code, COMMON_WORD_WEIGHT * min(count, COMMON_WORDS_MAX)) for code, count in counts.items()]

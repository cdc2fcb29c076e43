"""Which language a text is in (channels.md 5.1): its script first, then py3langid among the languages expected.

    script   Telugu letters are Telugu; Cyrillic with ђ or ћ is Serbian: certain on one word
    text     py3langid, once there are four words; Serbian, Croatian and Bosnian count as "sr" (nobody tells
             them apart offline), the script is told beside
    hint     what the provider says, or the country of the number
    account  the language of the line or mailbox
    weak     a short text's likeliest language, with low confidence, when nothing else is known

Numbers, links, addresses and emoji are no words. A text without letters has no language.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.contract.facts import LanguageGuess

CHARS_READ_MAX = 1_500
WORDS_MIN = 4
CONFIDENCE_MIN = 0.5
"""Below it the detector abstains."""
NEIGHBOURS = ("en", "de", "pt", "sl", "sr", "hr", "bs", "te", "mk", "es", "it", "fr", "nl")
"""Languages that are told apart beside those a deployment serves, so that Spanish is not taken for Portuguese."""
_MACRO = {"hr": "sr", "bs": "sr", "sh": "sr", "cnr": "sr"}
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[\w.]*\d[\w.]*|[^\w\s'\u0c00-\u0c7f]|_")
_SCRIPTS = (
    ("Latn", "A", "\u024f"),
    ("Cyrl", "\u0400", "\u052f"),
    ("Telu", "\u0c00", "\u0c7f"),
    ("Deva", "\u0900", "\u097f"),
    ("Grek", "\u0370", "\u03ff"),
    ("Arab", "\u0600", "\u06ff"),
    ("Hebr", "\u0590", "\u05ff"),
)
_SCRIPT_CONFIDENCE_SHARE = 0.5
_COUNTRIES = {
    "RS": "sr", "BA": "sr", "ME": "sr", "HR": "sr", "SI": "sl", "DE": "de", "AT": "de", "LI": "de",
    "BR": "pt", "PT": "pt", "AO": "pt", "MZ": "pt", "US": "en", "GB": "en", "IE": "en", "AU": "en", "NZ": "en",
}  # fmt: skip
"""Languages that a country's numbers suggest; countries with several stay out."""


class Languages:
    """The detector of a process: loads its model once (130 MB, two thirds of a second)."""

    def __init__(self, deployment: Sequence[str]) -> None:
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = set(self._identifier.nb_classes)
        wanted = dict.fromkeys((*deployment, *NEIGHBOURS))
        self._identifier.set_languages([code for code in wanted if code in known])
        self._served = frozenset(macro(code) for code in deployment)

    def guess(self, text: str, hints: Sequence[tuple[str, str]] = ()) -> LanguageGuess:
        """The language of a text; `hints` are (source, language tag), the strongest first.

        Without a certain answer the first hint that this deployment serves is taken.
        """
        plain = _NOISE.sub(" ", text[:CHARS_READ_MAX])
        script, share = script_of(plain)
        by_script = _language_of_script(script, plain)
        if by_script and share >= _SCRIPT_CONFIDENCE_SHARE:
            return LanguageGuess(code=by_script, script=script, confidence=0.99, source="script")
        words = plain.split()
        code, confidence = self._classify(plain) if script else ("", 0.0)
        if len(words) >= WORDS_MIN and confidence >= CONFIDENCE_MIN:
            return LanguageGuess(code=code, script=script, confidence=round(confidence, 3), source="text")
        for source, tag in hints:
            hinted = macro(tag)
            if hinted in self._served:
                return LanguageGuess(code=hinted, script=script, confidence=0.4, source=source)
        if not code:
            return LanguageGuess(script=script)
        return LanguageGuess(
            code=code, script=script, confidence=round(min(confidence, 0.3), 3), source="text"
        )

    def _classify(self, plain: str) -> tuple[str, float]:
        """The likeliest macro-language; the shares of Serbian's three names are summed."""
        totals: dict[str, float] = defaultdict(float)
        for code, probability in self._identifier.rank(plain):
            totals[macro(code)] += float(probability)
        return max(totals.items(), key=lambda one: one[1], default=("", 0.0))


def macro(tag: str) -> str:
    """The macro-language of a tag: "sr-Latn-RS" is "sr", "hr" too."""
    code = re.split(r"[-_,; ]", tag.strip().lower(), maxsplit=1)[0]
    return _MACRO.get(code, code)


def country_language(region: str) -> str:
    """What a number's country suggests, "" when it suggests nothing."""
    return _COUNTRIES.get(region, "")


def script_of(text: str) -> tuple[str, float]:
    """The script of most letters (ISO 15924) and its share of them; "" when there are no letters."""
    found: Counter[str] = Counter()
    for letter in text:
        if letter.isalpha() or "\u0c00" <= letter <= "\u0c7f":
            found[_script(letter)] += 1
    if not found:
        return "", 0.0
    name, count = found.most_common(1)[0]
    return name, count / found.total()


def _script(letter: str) -> str:
    for name, first, last in _SCRIPTS:
        if first <= letter <= last:
            return name
    return "Zyyy"


def _language_of_script(script: str, text: str) -> str:
    if script == "Telu":
        return "te"
    if script == "Cyrl":
        folded = text.lower()
        if "ђ" in folded or "ћ" in folded:
            return "sr"
        if any(letter in folded for letter in "ѓќѕ"):
            return "mk"
        if any(letter in folded for letter in "ыэъё") or any(letter in folded for letter in "їєґ"):
            return ""
        if any(letter in folded for letter in "јљњџ") or len(folded.split()) < WORDS_MIN:
            return "sr" if any(letter in folded for letter in "јљњџ") else ""
    return ""

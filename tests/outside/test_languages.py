"""Languages on NTREX and on support messages, against the floors of channels.md 7 (goal 12).

For Serbian the macro-language counts. Lingua's words and pairs have no floor and are reported only.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from tests.outside.data import DATA, need_data, told
from tests.unit.intake.world import needs

need_data()
WHOLE, TEN, FOUR = 0, 10, 4
FLOORS = {
    "en": (99.5, 99, 96),
    "de": (99.5, 99, 98),
    "te": (99.5, 99, 99),
    "pt-PT": (99.5, 99, 92),
    "pt-BR": (99.5, 99, 92),
    "sl": (99.5, 99, 91),
    "sr-Latn": (99.5, 99, 92),
    "sr-Cyrl": (99.5, 99, 89),
}
MACRO = {"hr": "sr", "bs": "sr"}
FALSE_TELUGU_PERCENT_MAX = 0.1


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / "text" / name).read_text(encoding="utf-8").splitlines()[1:]]


def cut(text: str, words: int) -> str:
    return " ".join(text.split()[:words]) if words else text


def wanted(language: str) -> str:
    plain = language.split("-")[0]
    return MACRO.get(plain, plain)


def test_sentences_of_ntrex_reach_the_floors(capsys: pytest.CaptureFixture[str]) -> None:
    right: dict[str, Counter[int]] = defaultdict(Counter)
    counts: Counter[str] = Counter()
    false_telugu, others = 0, 0
    for language, text in rows("langid_ntrex.tsv"):
        counts[language] += 1
        for length in (WHOLE, TEN, FOUR):
            guess = needs().languages.guess(cut(text, length))
            right[language][length] += guess.code == wanted(language)
            if guess.script == "Latn":
                others += 1
                false_telugu += guess.code == "te"
    share = {name: tuple(100 * right[name][n] / counts[name] for n in (WHOLE, TEN, FOUR)) for name in counts}
    lines = [f"{name:<8} {'/'.join(f'{one:.1f}' for one in share[name])}" for name in sorted(share)]
    told(
        capsys,
        "NTREX, % right on whole sentences / ten words / four words (300 each)\n"
        + "\n".join(lines)
        + f"\ntaken for Telugu in Latin letters: {false_telugu} of {others} texts in Latin letters",
    )

    assert 100 * false_telugu / others <= FALSE_TELUGU_PERCENT_MAX
    below = {
        name: share[name]
        for name, floor in FLOORS.items()
        if any(a < b for a, b in zip(share[name], floor, strict=True))
    }
    assert below == {}


def test_single_words_and_pairs_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    right: Counter[tuple[str, str]] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    sure: Counter[tuple[str, str]] = Counter()
    for language, kind, text in rows("langid_short_lingua.tsv"):
        guess = needs().languages.guess(text)
        counts[kind, language] += 1
        right[kind, language] += guess.code == wanted(language)
        sure[kind, language] += guess.confidence >= 0.5
    told(
        capsys,
        "short texts of Lingua: % right, % told with confidence (the rest as a weak guess that hints replace)\n"
        + "\n".join(
            f"{kind:<13} {language:<3} {100 * right[kind, language] / count:.0f} ({100 * sure[kind, language] / count:.0f})"
            for (kind, language), count in sorted(counts.items())
        ),
    )

    assert counts


def test_support_messages_are_all_right(capsys: pytest.CaptureFixture[str]) -> None:
    messages = rows("support_messages_own.tsv")
    wrong = [text for language, _, _, text in messages if needs().languages.guess(text).code != language]
    told(capsys, f"support messages: language of {len(messages) - len(wrong)} of {len(messages)} right")

    assert wrong == []

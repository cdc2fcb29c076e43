"""A model's figures in words, against the majority's topic and against the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.intake.need.evidence import LANGUAGES, lexicon
from services.intake.need.topics import TOPICS, topics_of
from services.intake.need.training import Figures, Label
from services.intake.need.words import sentences_of


def rules_on(labels: Sequence[Label]) -> tuple[float, float] | None:
    """Share of the texts that the rules answer, and share right of those; None where no topic is theirs."""
    if not labels or not {label.topic_id for label in labels} & set(TOPICS):
        return None
    told = []
    for label in labels:
        language = label.language if label.language in LANGUAGES else ""
        topics = topics_of(lexicon(language).read(sentences_of(label.text)).topics)
        if topics:
            told.append(topics[0].topic_id == label.topic_id)
    return len(told) / len(labels), sum(told) / len(told) if told else 0.0


def lines(figures: Figures) -> Iterator[str]:
    """The report, a line each."""
    yield f"{figures.texts} distinct texts, {figures.topics} topics; figures on texts that the model did not see"
    if figures.left_out:
        names = ", ".join(f"{name or 'no name'} ({count})" for name, count in figures.left_out.items())
        yield f"left out for too few labels: {names}"
    yield f"accuracy             {figures.accuracy:.1%}   (always the commonest topic: {figures.majority:.1%})"
    yield (
        f"above threshold {figures.threshold:.3f}: {figures.coverage:.1%} answered, {figures.precision:.1%} of them "
        "right; below it the model abstains"
    )
    if figures.threshold >= 1.0:
        yield "no threshold gives enough right answers: the model will abstain always; collect more labels"
    if figures.rules is not None:
        answered, right = figures.rules
        yield f"rules                {answered:.1%} answered, {right:.1%} of them right"
    yield ""
    yield f"{'topic':<34} {'texts':>6} {'right':>7} {'answered':>9} {'right of these':>15}"
    yield from (_row(name, row) for name, row in figures.by_topic.items())
    if set(figures.by_language) - {""}:
        yield ""
        yield f"{'language':<34} {'texts':>6} {'right':>7} {'answered':>9} {'right of these':>15}"
        yield from (_row(name, row) for name, row in figures.by_language.items())


def _row(name: str, row: tuple[int, float, float, float]) -> str:
    texts, right, answered, precision = row
    return f"{name or '-':<34} {texts:>6} {right:>7.1%} {answered:>9.1%} {precision:>15.1%}"

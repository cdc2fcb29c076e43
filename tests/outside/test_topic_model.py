"""The trained topic model on banking77 and CLINC150, against the floors of channels.md 7 (goals 13, 14).

Both take a minute or two, so they run with `make outside` only (FRONTDESK_OUTSIDE_ALL).
"""

from __future__ import annotations

import os
import random
import time

import pytest

from services.intake.need.trained import UNKNOWN, TrainedTopics
from services.intake.need.training import Label, train
from tests.outside.data import DATA, need_data, told

need_data()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "FRONTDESK_OUTSIDE_ALL" not in os.environ, reason="slow: `make outside` trains the models"
    ),
]
MS_MAX = 0.5


def rows(name: str) -> list[Label]:
    lines = (DATA / "text" / name).read_text(encoding="utf-8").splitlines()[1:]
    return [Label(*line.rsplit("\t", 1)) for line in lines]


def likeliest(model: TrainedTopics, label: Label) -> str:
    return model.topics[int(model.probabilities(label.text).argmax())]


def test_banking77(capsys: pytest.CaptureFixture[str]) -> None:
    model, figures = train(rows("banking77_train.tsv"), lambda _: None)
    unseen = rows("banking77_dev.tsv")

    right = sum(likeliest(model, label) == label.topic_id for label in unseen) / len(unseen)
    start = time.perf_counter()
    answers = [(model.read(label.text), label) for label in unseen]
    ms = (time.perf_counter() - start) / len(unseen) * 1000
    answered = [(topics[0].topic_id, label.topic_id) for topics, label in answers if topics]
    coverage = len(answered) / len(unseen)
    precision = sum(one == other for one, other in answered) / len(answered)
    told(
        capsys,
        f"banking77: {right:.2%} right of {len(unseen)} unseen; above {model.threshold:.2f} {coverage:.1%} answered, "
        f"{precision:.2%} right; {ms:.2f} ms a text. Cross-validated: {figures.accuracy:.2%}, "
        f"{figures.coverage:.1%} answered, {figures.precision:.2%} right",
    )

    assert right >= 0.91
    assert coverage >= 0.90
    assert precision >= 0.95


def test_clinc150_with_a_part_set_aside(capsys: pytest.CaptureFixture[str]) -> None:
    every = rows("clinc150_train.tsv")
    random.Random(5).shuffle(every)
    inside = [label for label in every if label.topic_id not in UNKNOWN]
    outside = [label for label in every if label.topic_id in UNKNOWN]
    model, _ = train([*inside[:-3_600], *outside[:100]], lambda _: None)
    unseen, strange = inside[-3_600:], outside[100:]

    right = sum(likeliest(model, label) == label.topic_id for label in unseen) / len(unseen)
    coverage = sum(bool(model.read(label.text)) for label in unseen) / len(unseen)
    recall = sum(not model.read(label.text) for label in strange) / len(strange)
    told(
        capsys,
        f"CLINC150: {right:.2%} right of {len(unseen)} in scope, {coverage:.1%} answered; "
        f"{recall:.0%} of {len(strange)} out of scope abstained",
    )

    assert right >= 0.93
    assert recall >= 0.5

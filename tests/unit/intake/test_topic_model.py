"""Training on a desk's own labels, and reading the model without scikit-learn (channels.md 5.2)."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from services.cli.train_topics import main
from services.contract.codec import encode_fact
from services.contract.facts import (
    ContactArrived,
    ContactResolved,
    Fact,
    LanguageGuess,
    MentionSeen,
    TopicWeight,
)
from services.contract.topics import FACTS
from services.intake.need.grams import piece_terms, plain_words, word_terms
from services.intake.need.labels import Joined, LabelsError, read_labels, write_labels
from services.intake.need.report import lines
from services.intake.need.trained import ModelError, TrainedTopics, load, save
from services.intake.need.training import (
    Figures,
    Label,
    TooFewLabels,
    classifier,
    train,
    usable,
    vectorizers,
)
from services.runtime.log import TopicSpec
from services.runtime.sqlite_log import SqliteLog
from tests.unit.intake.world import interpret, needs, sms

WORDS = {
    "parking": ["garage", "barrier", "ticket", "car", "space", "meter"],
    "pool": ["swim", "towel", "water", "lane", "bath", "diving"],
    "library": ["book", "loan", "shelf", "reading", "card", "novel"],
}
FILLER = [
    "please",
    "could",
    "you",
    "tell",
    "me",
    "about",
    "the",
    "there",
    "is",
    "a",
    "was",
    "my",
    "yesterday",
    "today",
    "again",
    "why",
    "how",
]


def labels(count: int = 300, seed: int = 1) -> list[Label]:
    """Invented texts of three topics; an address in each, which no model may keep."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        topic = sorted(WORDS)[number % 3]
        words = rng.choices(FILLER, k=6) + rng.choices(WORDS[topic], k=2) + ["ana7@acme.example", "40771"]
        rng.shuffle(words)
        found.append(Label(" ".join(words), topic, "en" if number % 2 else "de"))
    return found


@cache
def trained() -> tuple[TrainedTopics, Figures]:
    return train(labels(), lambda _: None)


def test_model_tells_what_it_learned() -> None:
    model, figures = trained()

    assert model.read("Is there a towel at the diving lane?")[0].topic_id == "pool"
    assert figures.accuracy > 0.9
    assert figures.majority == pytest.approx(1 / 3, abs=0.01)
    assert figures.precision >= 0.95


def test_model_abstains_on_what_fits_no_topic() -> None:
    assert trained()[0].read("why how please") == ()
    assert trained()[0].read("") == ()


def test_probabilities_are_those_of_scikit_learn() -> None:
    model = trained()[0]
    words = [plain_words(label.text) for label in labels()]
    union, machine = vectorizers(), classifier()
    truth = [model.topics.index(label.topic_id) for label in labels()]
    machine.fit(union.fit_transform(words), truth)
    texts = [label.text for label in labels(60, seed=2)]
    margins = machine.decision_function(union.transform([plain_words(text) for text in texts]))
    scores = np.exp(model.scale * (margins - margins.max(axis=1, keepdims=True)))
    theirs = scores / scores.sum(axis=1, keepdims=True)

    ours = np.array([model.probabilities(text) for text in texts])

    assert np.abs(ours - theirs).max() < 1e-6


def test_two_topics_are_told_apart_too() -> None:
    model, _ = train([one for one in labels(600) if one.topic_id != "pool"], lambda _: None)

    assert model.read("the barrier of the garage")[0].topic_id == "parking"
    assert model.probabilities("shelf").sum() == pytest.approx(1)


def test_model_that_is_never_wrong_answers() -> None:
    sure = [
        Label(f"{' '.join(WORDS[topic])} {number}x", topic) for topic in sorted(WORDS) for number in range(70)
    ]
    spoken = [
        replace(one, text=f"{one.text} {FILLER[n % 17]} {FILLER[n % 13]} {FILLER[n % 11]}")
        for n, one in enumerate(sure)
    ]
    model, figures = train(spoken, lambda _: None)

    assert figures.accuracy == 1.0
    assert (figures.coverage, figures.precision) == (1.0, 1.0)
    assert model.read(f"{' '.join(WORDS['pool'])} please")[0].topic_id == "pool"


def test_vocabulary_has_no_numbers_no_addresses_and_nothing_rare() -> None:
    texts = [*labels(), Label("Aleksandrina Petronijević lost a towel", "pool")]
    model, _ = train(texts, lambda _: None)
    terms = [*model.words, *model.pieces]

    assert not [term for term in terms if any(letter.isdigit() or letter == "@" for letter in term)]
    assert not [term for term in model.words if term.startswith(("ale", "petron"))]


def test_terms_are_words_pairs_and_pieces() -> None:
    words = plain_words("Čekao sam 3 dana")

    assert word_terms(words) == ["cekao", "sam", "dana", "cekao sam"]
    assert piece_terms(["da"]) == [" d", "da", "a ", " da", "da ", " da "]


def test_saved_model_is_the_same_and_its_version_is_its_content(tmp_path: Path) -> None:
    model = trained()[0]
    version = save(model, tmp_path / "a.npz")
    again = load(tmp_path / "a.npz")

    assert version == again.version == save(again, tmp_path / "b.npz")
    assert version != save(replace(model, threshold=0.7), tmp_path / "c.npz")
    assert (again.probabilities("a towel") == model.probabilities("a towel")).all()


@pytest.mark.parametrize("data", [b"", b"no model", b"PK\x03\x04 broken"])
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.npz").write_bytes(data)

    with pytest.raises(ModelError):
        load(tmp_path / "m.npz")


def test_changed_or_pickled_model_is_refused(tmp_path: Path) -> None:
    save(trained()[0], tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as stored:
        parts = dict(stored)
    np.savez(tmp_path / "changed.npz", **{**parts, "idf": parts["idf"] * 2})
    np.savez(tmp_path / "pickled.npz", **{**parts, "idf": np.array([object()], dtype=object)})

    for name in ("changed", "pickled"):
        with pytest.raises(ModelError):
            load(tmp_path / f"{name}.npz")


def test_too_few_labels_are_refused_with_what_is_missing() -> None:
    with pytest.raises(TooFewLabels, match="at least 200 texts"):
        usable(labels(60))
    with pytest.raises(TooFewLabels, match="2 topics"):
        usable([Label(f"{label.text} {'x' * number}", "pool") for number, label in enumerate(labels())])


def test_equal_texts_count_once_and_rare_topics_are_left_out() -> None:
    kept, rare = usable([*labels(), *labels(), Label("one of its kind", "rare")])

    assert len(kept) <= len(labels())
    assert rare == {"rare": 1}


def test_report_compares_with_the_majority() -> None:
    text = "\n".join(lines(trained()[1]))

    assert "always the commonest topic: 33" in text
    assert "pool" in text


def test_reading_a_model_does_not_import_scikit_learn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, services.intake.build; sys.exit('sklearn' in sys.modules)"],
        timeout=60,
    )

    assert done.returncode == 0


def test_reader_tells_the_models_topics_and_version() -> None:
    model = replace(trained()[0], version="trained/abc")
    event = interpret(sms(Body="Where is the towel for diving?")).reading.events[0]

    need = replace(needs(), topic_model=model).read(event)

    assert (need.topics[0].topic_id, need.topic_model) == ("pool", "trained/abc")
    assert needs().read(event).topic_model.startswith("default/")


def arrived(number: int, label: Label, topic: str = "question") -> ContactArrived:
    return ContactArrived(
        contact_id=f"c{number}",
        text=label.text,
        topics=(TopicWeight(topic_id=topic, weight=0.8),),
        language=LanguageGuess(code=label.language),
    )


def test_corrections_are_joined_with_what_was_said() -> None:
    joined, first = Joined(confirmed=False), labels(3)[0]
    joined.add(Fact(body=arrived(1, first)))
    joined.add(Fact(body=MentionSeen(kind="review", contact=arrived(2, first))))
    joined.add(Fact(body=arrived(3, first)))
    joined.add(Fact(body=ContactResolved(contact_id="c1", topic_id="pool")))
    joined.add(Fact(body=ContactResolved(contact_id="c2", topic_id="library")))
    joined.add(Fact(body=ContactResolved(contact_id="c3")))
    joined.add(Fact(body=ContactResolved(contact_id="unseen", topic_id="pool")))

    assert [label.topic_id for label in joined.labels()] == ["pool", "library"]
    assert joined.labels()[0].language == first.language


def test_confirmed_topics_count_when_asked_for() -> None:
    joined = Joined(confirmed=True)
    joined.add(Fact(body=arrived(1, labels(3)[0])))
    joined.add(Fact(body=ContactResolved(contact_id="c1")))

    assert [label.topic_id for label in joined.labels()] == ["question"]


def test_labels_of_a_file_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    write_labels(path, [Label('a "b"\nc\td', "pool", "de")])
    write_labels(path, [Label("e", "library")])

    assert list(read_labels(path)) == [Label('a "b" c d', "pool", "de"), Label("e", "library")]


@pytest.mark.parametrize("text", ["a\tb\n1\t2\n", "", "text\n"])
def test_file_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "l.tsv").write_text(text, encoding="utf-8")

    with pytest.raises(LabelsError):
        list(read_labels(tmp_path / "l.tsv"))


async def _log(path: Path) -> None:
    log = await SqliteLog.open(path)
    await log.create_topics([TopicSpec(FACTS, 2)])
    for number, label in enumerate(labels()):
        for body in (
            arrived(number, label),
            ContactResolved(contact_id=f"c{number}", topic_id=label.topic_id),
        ):
            await log.append(FACTS, number % 2, b"acme", encode_fact(Fact(desk_id="acme", body=body)))
    await log.close()


async def test_command_learns_from_the_log_of_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    await _log(tmp_path / "log.db")
    options = [
        "--data",
        str(tmp_path / "log.db"),
        "--out",
        str(tmp_path / "m.npz"),
        "--collect",
        str(tmp_path / "l.tsv"),
    ]

    assert await asyncio.to_thread(main, options) == 0

    told = capsys.readouterr()
    assert "accuracy" in told.out
    assert "fold 1 of 5" in told.err
    assert "ana7" not in told.out + told.err
    assert load(tmp_path / "m.npz").read("the towel and the water")[0].topic_id == "pool"


def test_command_refuses_a_place_that_is_not_there_before_it_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_labels(tmp_path / "l.tsv", labels())

    assert (
        main(["--no-log", "--labels", str(tmp_path / "l.tsv"), "--out", str(tmp_path / "no" / "m.npz")]) == 1
    )
    assert "--out" in (told := capsys.readouterr().err)
    assert "fold 1 of" not in told


def test_command_refuses_what_is_too_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_labels(tmp_path / "l.tsv", labels(30))

    assert main(["--no-log", "--labels", str(tmp_path / "l.tsv"), "--out", str(tmp_path / "m.npz")]) == 1
    assert "are needed" in capsys.readouterr().err
    assert not (tmp_path / "m.npz").exists()

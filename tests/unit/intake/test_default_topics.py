"""What is told with no training: the rules where they are sure, else the model that is shipped."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.contract.facts import TopicWeight
from services.intake.canonical import CanonicalEvent
from services.intake.need.default_topics import FOLDER, MODEL, DefaultTopics, default_topics
from services.intake.need.evidence import LANGUAGES, Evidence, Lexicon, lexicon
from services.intake.need.topics import TOPICS, topics_of
from services.intake.need.trained import TrainedTopics
from services.intake.need.words import sentences_of
from tests.unit.intake.world import needs

FRESH = Path(__file__).resolve().parents[2] / "data/support_messages_fresh.tsv"
PLAIN = FRESH.with_name("support_messages_plain.tsv")
SHORT = FRESH.with_name("support_messages_short.tsv")
MODEL_BYTES_MAX = 1_000_000
NONE = {"unknown", "none"}


class RulesAlone(DefaultTopics):
    def read(self, text: str, found: Evidence, lexicon: Lexicon) -> tuple[TopicWeight, ...]:
        return topics_of(found.topics)


class ModelAlone(DefaultTopics):
    def read(self, text: str, found: Evidence, lexicon: Lexicon) -> tuple[TopicWeight, ...]:
        return self.model.told(self.model.probabilities(text, lexicon.names_of(found.concepts)))


def read(text: str, topics: DefaultTopics | None = None) -> tuple[TopicWeight, ...]:
    known = lexicon("en")
    return (topics or default_topics()).read(text, known.read(sentences_of(text)), known)


def read_any(text: str) -> tuple[TopicWeight, ...]:
    """As a message is read, whatever language it is in."""
    event = CanonicalEvent(
        channel="social", medium="whatsapp", account="a", provider_event_id="1", kind="message", text=text
    )
    return needs().read(event).topics


def always(topic: str, chance: float) -> DefaultTopics:
    """A model that says one thing whatever it reads."""
    rest = (1 - chance) / len(TOPICS)
    names = (*TOPICS, "unknown")
    margins = np.log([chance if name == topic else rest for name in names]).astype(np.float32)
    empty = np.zeros((0, len(names)), dtype=np.float32)
    model = TrainedTopics(names, {}, {}, empty[:, 0], empty, margins, scale=1.0, threshold=0.5)
    return DefaultTopics(model, "default/test")


def right(reader: DefaultTopics, rows: list[dict[str, str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        event = CanonicalEvent(
            channel="social",
            medium="whatsapp",
            account="a",
            provider_event_id="1",
            kind="message",
            text=row["text"],
        )
        topics = replace(needs(), default=reader).read(event).topics
        counts[row["lang"]] += (topics[0].topic_id if topics else "-") == row["topic"]
    return counts


def test_sure_rules_are_not_overruled() -> None:
    text = "I forgot my password and cannot log in, the reset code never arrives."

    assert read(text, always("praise", 0.99)) == read(text, RulesAlone(default_topics().model, ""))


def test_a_sure_model_comes_before_a_weak_guess_of_the_rules() -> None:
    assert topics_of(lexicon("en").read(sentences_of("my parcel")).topics)
    assert read("my parcel", always("praise", 0.9))[0].topic_id == "praise"


def test_a_weak_guess_of_the_rules_comes_before_an_unsure_model() -> None:
    assert read("my parcel", always("praise", 0.3))[0].topic_id == "delivery"


def test_a_model_sure_that_nothing_fits_is_believed() -> None:
    assert read("my parcel", always("unknown", 0.9)) == ()


def test_an_empty_text_has_no_topic() -> None:
    assert read("", always("praise", 0.99)) == ()


def test_words_that_the_rules_do_not_know_have_a_topic() -> None:
    text = "Somehow I've ended up paying for two months in one go, can you look into what was taken?"

    assert read(text)[0].topic_id == "billing"


def test_reading_does_not_import_scikit_learn() -> None:
    program = (
        "import sys; from services.intake.need.default_topics import default_topics as d; "
        "d().model.read('where is it'); sys.exit('sklearn' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_the_model_is_small_and_says_what_it_was_made_of() -> None:
    assert MODEL.stat().st_size < MODEL_BYTES_MAX
    assert len(default_topics().model.source) == 64
    assert default_topics().version.startswith("default/")
    assert set(default_topics().model.topics) == {*TOPICS, "unknown"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_has_every_topic_in_every_language(language: str) -> None:
    lines = (FOLDER / f"corpus/{language}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("topic\t")]
    counts = Counter(topic for topic, _ in rows)

    assert set(counts) <= {*TOPICS, *NONE}
    assert min(counts[topic] for topic in TOPICS) >= 25


@pytest.mark.parametrize(("path", "least"), [(FRESH, 0.6), (PLAIN, 0.85)], ids=["fresh", "plain"])
def test_messages_of_strangers(path: Path, least: float, capsys: pytest.CaptureFixture[str]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    model = default_topics().model
    found = {
        name: right(reader, rows)
        for name, reader in (
            ("rules", RulesAlone(model, "")),
            ("model", ModelAlone(model, "")),
            ("both", default_topics()),
        )
    }
    with capsys.disabled():
        for name, counts in found.items():
            sys.stdout.write(f"\n{path.stem}, {name}: {counts.total()}/{len(rows)} right, {dict(counts)}")

    assert found["both"].total() >= least * len(rows)
    assert found["both"].total() > found["rules"].total()


PLEAS = (
    *("please help", "Hilfe!", "ajuda", "Treba mi pomoć", "pomagajte", "సహాయం"),
    *("please call me tomorrow", "Bitte um kurzen Rückruf", "me telefona", "Pozovite me sutra na ovaj broj"),
    *("Позовите ме", "Prosim pokličite me", "ఫోన్ చెయ్యండి"),
)
REFUSALS = (
    *("please do not call me anymore", "Rufen Sie mich nie wieder an", "Não me liguem mais"),
    *("Nemojte me više zvati", "Не зовите ме", "Ne kličite me več", "naku calls cheyoddu"),
)


@pytest.mark.parametrize("text", PLEAS)
def test_who_asks_for_help_or_for_a_call_neither_praises_nor_opts_out(text: str) -> None:
    assert not {topic.topic_id for topic in read_any(text)} & {"praise", "opt_out"}


@pytest.mark.parametrize("text", REFUSALS)
def test_who_wants_no_more_calls_opts_out(text: str) -> None:
    assert read_any(text)[0].topic_id == "opt_out"


def test_a_few_words_have_a_topic_only_where_they_tell_one(capsys: pytest.CaptureFixture[str]) -> None:
    with SHORT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = right(default_topics(), rows).total()
    with capsys.disabled():
        sys.stdout.write(f"\n{SHORT.stem}: {found}/{len(rows)} right")

    assert found >= 0.95 * len(rows)


def test_what_is_measured_is_not_what_taught_the_model() -> None:
    taught = {
        line.partition("\t")[2].lower().strip(" .!?")
        for path in (FOLDER / "corpus").glob("*.tsv")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    short = [line.rpartition("\t")[2] for line in SHORT.read_text(encoding="utf-8").splitlines()[1:]]

    assert not {text.lower().strip(" .!?") for text in (*PLEAS, *REFUSALS, *short)} & taught

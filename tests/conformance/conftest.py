"""The logs under test: every test of this folder runs on each."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.log import TopicSpec
from tests.conformance.places import Place, WholeLog

PARTITIONS = 4


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "kafka":
        return Place("kafka", request.getfixturevalue("kafka_bootstrap"))
    return Place("sqlite", str(tmp_path / "log.db"))


@pytest.fixture
async def log(place: Place) -> AsyncIterator[WholeLog]:
    async with place.log() as log:
        yield log


@pytest.fixture
async def topic(log: WholeLog) -> str:
    """A new topic of four partitions."""
    name = f"test.{uuid.uuid4().hex[:12]}.v1"
    await log.create_topics([TopicSpec(name, PARTITIONS)])
    return name

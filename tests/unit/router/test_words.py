"""Customers' words: how often the log is asked for them, and for how long they are kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import cast

import pytest

from services.contract import facts as f
from services.contract.codec import encode_fact
from services.contract.topics import FACTS
from services.router.serving import words as module
from services.router.serving.words import Words
from services.runtime.log import ALONG_MAX, Log, LogError, LogUnavailable, PositionLost, Record
from tests.rivals.virtual import play


class Facts:
    """A log whose partitions have the same facts, from `first` on; each answer holds `along` records at the most."""

    def __init__(self, *texts: str, first: int = 0, along: int = 500) -> None:
        self._texts, self._first, self._along = texts, first, along
        self.asked: list[tuple[int, int]] = []
        self.errors: list[LogError] = []
        self.unreadable: set[int] = set()
        self.answering = asyncio.Event()
        self.answering.set()

    async def read_along(self, topic: str, partition: int, offset: int) -> list[Record]:
        assert topic == FACTS
        self.asked.append((partition, offset))
        await self.answering.wait()
        if self.errors:
            raise self.errors.pop(0)
        if offset in self.unreadable:
            raise LogUnavailable("wrong checksum")
        if not self._first <= offset < len(self._texts):
            raise PositionLost("gone")
        end = min(len(self._texts), offset + self._along, *(at for at in self.unreadable if at > offset))
        return [self._record(partition, at) for at in range(offset, end)]

    def _record(self, partition: int, offset: int) -> Record:
        body = f.ContactArrived(contact_id=f"c{offset}", text=self._texts[offset])
        value = encode_fact(f.Fact(fact_id=f"f{offset}", desk_id="d", body=body))
        return Record(FACTS, partition, offset, b"d", value, 0)


def words_of(facts: Facts) -> Words:
    return Words(cast(Log, facts))


async def text(words: Words, offset: int, partition: int = 0) -> str | None:
    arrived = await words.of(partition, offset)
    return None if arrived is None else arrived.text


async def test_what_came_along_is_not_asked_for_again() -> None:
    facts = Facts("a", "b", "c")
    words = words_of(facts)
    assert [await text(words, at) for at in (1, 2, 1, 0)] == ["b", "c", "b", "a"]
    assert await text(words, 2, partition=1) == "c"
    assert facts.asked == [(0, 1), (0, 0), (1, 2)]


async def test_who_asks_meanwhile_waits_for_the_answer_that_may_bring_it_along() -> None:
    facts = Facts("a", "b", "c")
    facts.answering.clear()
    words = words_of(facts)
    asking = [asyncio.ensure_future(text(words, at)) for at in (1, 2, 0)]
    await asyncio.sleep(0)
    assert facts.asked == [(0, 1), (0, 0)]
    facts.answering.set()
    assert await asyncio.gather(*asking) == ["b", "c", "a"]
    assert facts.asked == [(0, 1), (0, 0)]


async def test_who_goes_away_leaves_those_who_wait_with_it_to_ask() -> None:
    facts = Facts("a", "b")
    facts.answering.clear()
    words = words_of(facts)
    first, second, third = [asyncio.ensure_future(text(words, at)) for at in (0, 1, 1)]
    await asyncio.sleep(0)
    first.cancel()
    third.cancel()
    await asyncio.wait([first, third])
    facts.answering.set()
    assert await second == "b"
    assert facts.asked == [(0, 0), (0, 1)]


async def test_facts_that_no_read_brings_along_are_asked_for_at_once() -> None:
    """Two thousand that lie too far apart: nobody waits for another's."""
    facts = Facts(*"x" * 10 * ALONG_MAX, along=10)
    facts.answering.clear()
    words = words_of(facts)
    places = [(partition, at * ALONG_MAX) for partition in range(200) for at in range(10)]
    asking = [asyncio.ensure_future(text(words, at, partition)) for partition, at in places]
    await asyncio.sleep(0)
    assert facts.asked == places
    facts.answering.set()
    assert set(await asyncio.gather(*asking)) == {"x"}


@pytest.mark.parametrize(("along", "reads"), [(500, 4), (100, 4 + 4 * 4), (1, 2_000)])
async def test_who_waits_in_vain_is_not_woken_again_and_again(
    along: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand that stand beside one another, however few of them an answer holds: the first of each five hundred is
    asked for, and then what the answers left out, in steps of what they held."""
    woken = Counter[int]()
    shield = asyncio.shield

    def shielded(future: asyncio.Future[int]) -> asyncio.Future[int]:
        woken[id(asyncio.current_task())] += 1
        return shield(future)

    monkeypatch.setattr(asyncio, "shield", shielded)
    facts = Facts(*"x" * 2_000, along=along)
    facts.answering.clear()
    words = words_of(facts)
    asking = [asyncio.ensure_future(text(words, at)) for at in range(2_000)]
    await asyncio.sleep(0)
    assert [at for _, at in facts.asked] == [0, 500, 1_000, 1_500]
    facts.answering.set()
    assert set(await asyncio.gather(*asking)) == {"x"}
    assert len(facts.asked) == reads
    assert max(woken.values()) <= 2
    assert (words._begun, words._reads) == ({}, {})


async def test_a_log_that_is_away_is_asked_once_for_the_same_fact_and_anew_later() -> None:
    facts = Facts("a", "b")
    facts.errors.append(LogUnavailable("away"))
    facts.answering.clear()
    words = words_of(facts)
    asking = [asyncio.ensure_future(text(words, 0)) for _ in range(3)]
    await asyncio.sleep(0)
    facts.answering.set()
    assert await asyncio.gather(*asking) == [None, None, None]
    assert facts.asked == [(0, 0)]
    assert await text(words, 0) == "a"


async def test_an_error_of_one_fact_is_not_another_ones() -> None:
    """Whoever waited for it to come along asks once itself."""
    facts = Facts(*"abcdefgh")
    facts.unreadable = {1, 3}
    facts.answering.clear()
    words = words_of(facts)
    asking = [asyncio.ensure_future(text(words, at)) for at in (1, 2, 3, 5)]
    await asyncio.sleep(0)
    assert facts.asked == [(0, 1)]
    facts.answering.set()
    assert await asyncio.gather(*asking) == [None, "c", None, "f"]
    assert facts.asked == [(0, 1), (0, 2), (0, 3), (0, 5)]


@pytest.mark.parametrize(("seconds", "asked", "turns"), [(10, [0], 1), (0.1, [0, 1, 400], 2)])
def test_nobody_waits_twice_for_a_log_that_is_away(seconds: float, asked: list[int], turns: int) -> None:
    """Where no answer came in time another question would take as long; an error that comes at once is one fact's."""

    class Away(Facts):
        async def read_along(self, topic: str, partition: int, offset: int) -> list[Record]:
            self.asked.append((partition, offset))
            await asyncio.sleep(seconds)
            raise LogUnavailable("no answer in time")

    async def story() -> None:
        facts = Away()
        words = words_of(facts)
        assert await asyncio.gather(*[text(words, at) for at in (0, 1, 400)]) == [None] * 3
        assert facts.asked == [(0, at) for at in asked]
        assert asyncio.get_running_loop().time() == pytest.approx(turns * seconds)
        assert await text(words, 400) is None
        assert facts.asked == [(0, at) for at in (*asked, 400)], "anew for a later card"
        assert (words._begun, words._reads) == ({}, {})

    play(story())


async def test_a_fact_that_is_gone_is_asked_for_once() -> None:
    facts = Facts("a", "b", first=1)
    words = words_of(facts)
    assert [await text(words, 0), await text(words, 0), await text(words, 1)] == [None, None, "b"]
    assert facts.asked == [(0, 0), (0, 1)]


async def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two hundred facts of a thousand bytes a tenth fit, the newest that were read."""
    monkeypatch.setattr(module, "BYTES_MAX", 20 * (1_000 + module.ENTRY_BYTES))
    facts = Facts(*["x" * 980] * 200, along=1)
    words = words_of(facts)
    for at in range(200):
        await words.of(0, at)
    facts.asked.clear()
    for at in (199, 185, 170):
        await words.of(0, at)
    assert facts.asked == [(0, 170)]


async def test_one_answer_does_not_exceed_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_MAX", 20 * (1_000 + module.ENTRY_BYTES))
    facts = Facts(*["x" * 980] * 200)
    words = words_of(facts)
    assert await text(words, 0) == "x" * 980
    assert 10 < len(words._kept) <= 20
    assert words._bytes <= module.BYTES_MAX
    assert words._bytes == sum(len(value) + module.ENTRY_BYTES for value, _ in words._kept.values())


class Hours:
    """The running loop's time, which passes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real, self._passed = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + self._passed)

    async def pass_(self, hours: float) -> None:
        self._passed += hours * 3_600
        for _ in range(3):  # the loop finds what is due, and runs it
            await asyncio.sleep(0)


async def test_nothing_is_kept_for_more_than_an_hour_also_where_nobody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hours = Hours(monkeypatch)
    facts = Facts("a", "b", "c", along=2)
    words = words_of(facts)
    await words.of(0, 0)
    await hours.pass_(0.6)
    await words.of(0, 2)
    assert [at for _, at in words._kept] == [0, 1, 2]
    await hours.pass_(0.5)
    assert [at for _, at in words._kept] == [2]
    await hours.pass_(0.6)
    assert (len(words._kept), words._bytes, words._timer) == (0, 0, None)
    assert await text(words, 0) == "a"
    assert facts.asked == [(0, 0), (0, 2), (0, 0)]
    assert words._timer is not None


async def test_nothing_is_left_once_it_is_closed() -> None:
    facts = Facts("a", "b")
    words = words_of(facts)
    await words.of(0, 0)
    timer = words._timer
    assert timer is not None
    words.close()
    assert timer.cancelled()
    assert await text(words, 1) == "b"
    assert (len(words._kept), words._bytes, words._timer) == (0, 0, None)

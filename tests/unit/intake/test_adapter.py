"""How any provider's module is read, whatever it does."""

from __future__ import annotations

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels.adapter import PROBLEMS_MAX, Adapter
from services.intake.values import NotNow

DELIVERY = Delivery("POST", "https://desk.example/hooks/any", {}, b"{}", 0)
GENUINE = Verdict(True, "any")


def adapter(*, verify_now: bool = True, parse_now: bool = True) -> Adapter:
    def verify(delivery: Delivery, known: Known) -> Verdict:
        if not verify_now:
            raise NotNow("certificate")
        return GENUINE

    def parse(delivery: Delivery, known: Known, found: Collector) -> None:
        found.dropped.append("receipt")
        if not parse_now:
            raise NotNow("review")

    return Adapter("any", verify, parse, lambda delivery, known: ProviderReply(200))


def test_what_cannot_be_verified_now_is_asked_for_again_and_not_genuine() -> None:
    reading = adapter(verify_now=False).read(DELIVERY, Known())

    assert (reading.reply.status, reading.verdict) == (503, Verdict(False, "none", "certificate"))


def test_what_cannot_be_read_now_is_asked_for_again_and_nothing_of_it_is_kept() -> None:
    reading = adapter(parse_now=False).read(DELIVERY, Known())

    assert (reading.reply.status, reading.verdict) == (503, GENUINE)
    assert (reading.events, reading.problems, reading.dropped) == ((), (), ())


def test_what_a_module_wants_is_nothing_when_it_fails() -> None:
    def wants(delivery: Delivery, known: Known) -> tuple[()]:
        raise ZeroDivisionError

    failing = Adapter("any", lambda *_: GENUINE, lambda *_: None, lambda *_: ProviderReply(200), wants=wants)
    assert failing.wanted(DELIVERY, Known()) == ()


def test_what_was_read_is_kept_when_the_answer_fails() -> None:
    def parse(delivery: Delivery, known: Known, found: Collector) -> None:
        found.dropped.append("receipt")

    def reply(delivery: Delivery, known: Known) -> ProviderReply:
        raise ZeroDivisionError

    reading = Adapter("any", lambda *_: GENUINE, parse, reply).read(DELIVERY, Known())

    assert (reading.reply.status, reading.dropped) == (200, ("receipt",))
    assert [problem.reason for problem in reading.problems] == ["reader_failed"]


def test_many_items_that_cannot_be_read_are_a_thousand_letters_and_one() -> None:
    def parse(delivery: Delivery, known: Known, found: Collector) -> None:
        found.problems.extend([Problem("unknown_event", "x", b"")] * (PROBLEMS_MAX + 5))

    reading = Adapter("any", lambda *_: GENUINE, parse, lambda *_: ProviderReply(200)).read(DELIVERY, Known())

    assert len(reading.problems) == PROBLEMS_MAX + 1
    assert (reading.problems[-1].reason, reading.problems[-1].data) == ("unreadable", DELIVERY.body)

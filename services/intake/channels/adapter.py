"""A provider module as the rest of intake sees it: verify the raw bytes, then parse.

`read` is the only entrance, for web servers and for replay alike. What a module's `parse` did not foresee
becomes a dead letter of the whole delivery instead of a 500, which would make the provider repeat it for days
(channels.md 1, rules 9 and 13).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.canonical import (
    Collector,
    Delivery,
    Known,
    Problem,
    ProviderReply,
    Reading,
    Verdict,
    Wanted,
)
from services.intake.values import NotNow, Unreadable

FORBIDDEN = ProviderReply(403, body="signature does not verify")
COME_BACK = ProviderReply(503, body="come back later")
PROBLEMS_MAX = 1_000
"""Dead letters of one delivery; the rest of it is in one further letter that holds the whole delivery."""
UNVERIFIED = Verdict(False, "none", "the verifier failed")


def nothing(delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
    """What most deliveries want besides themselves."""
    del delivery, known
    return ()


def no_nonce(delivery: Delivery) -> str:
    """Most signatures cover the whole delivery, so that a replay is the same facts again."""
    del delivery
    return ""


ACCOUNT_KEPT = ":account"
"""Pseudo-header of a delivery that is read again: its account, which no HTTP header can be called."""


def in_the_body(delivery: Delivery, known: Known) -> str:
    """Most bodies say which account of ours they are for."""
    del delivery, known
    return ""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One provider under one path. All functions are pure.

    `parse` puts what it finds into the collector and answers nothing; it may raise Unreadable. `verify` and
    `parse` may raise NotNow when `delivery.fetched` lacks what they cannot do without.
    `reply` tells what a genuine delivery is answered, `refused` what a forged one is.
    `wants` names what must be fetched before the delivery can be verified or read; it checks hosts, and, where
    the delivery can be verified without, verifies first. The shell puts it into `delivery.fetched`.
    `nonce` is what the provider makes anew for every delivery, for one whose signature does not cover the body: the
    shell takes each once (services/intake/replays.py). "" is none.
    `account` is our account where what verified the delivery tells it, and nothing else does; a delivery that is read
    again has it in ACCOUNT_KEPT.
    """

    source: str
    verify: Callable[[Delivery, Known], Verdict]
    parse: Callable[[Delivery, Known, Collector], None]
    reply: Callable[[Delivery, Known], ProviderReply]
    refused: ProviderReply = FORBIDDEN
    wants: Callable[[Delivery, Known], tuple[Wanted, ...]] = nothing
    nonce: Callable[[Delivery], str] = no_nonce
    account: Callable[[Delivery, Known], str] = in_the_body

    def wanted(self, delivery: Delivery, known: Known) -> tuple[Wanted, ...]:
        """What is to be fetched first; never raises."""
        try:
            return self.wants(delivery, known)
        except Exception:  # `read` meets the same fault and keeps the evidence
            return ()

    def nonce_of(self, delivery: Delivery) -> str:
        """The delivery's nonce; never raises."""
        try:
            return self.nonce(delivery)
        except Exception:  # `read` refuses what it cannot verify
            return ""

    def read(self, delivery: Delivery, known: Known) -> Reading:
        """What the delivery holds; never raises. A verifier that fails has verified nothing."""
        try:
            verdict = self.verify(delivery, known)
        except NotNow as error:
            return Reading(Verdict(False, "none", str(error)), COME_BACK)
        except Exception:  # a fault of ours; nobody has verified it, so it leaves no evidence
            verdict = UNVERIFIED
        if not verdict.signature_valid:
            return Reading(verdict, self.refused)
        return self.parsed(delivery, known, verdict)

    def parsed(self, delivery: Delivery, known: Known, verdict: Verdict) -> Reading:
        """What a delivery holds that has been verified; never raises."""
        found = Collector()
        try:
            self.parse(delivery, known, found)
        except NotNow:  # all of it comes again, with the same ids
            return Reading(verdict, COME_BACK)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), delivery.body))
        except Exception as error:  # a fault of ours: keep the evidence, go on
            detail = f"{self.source}'s reader failed with {type(error).__name__}"
            found.problems.append(Problem("reader_failed", detail, delivery.body))
        if len(found.problems) > PROBLEMS_MAX:
            detail = f"{len(found.problems) - PROBLEMS_MAX} further items cannot be read; this is all of it"
            found.problems[PROBLEMS_MAX:] = [Problem("unreadable", detail, delivery.body)]
        try:
            reply = self.reply(delivery, known)
        except Exception as error:  # a fault of ours: what was read is kept, and nobody repeats it
            detail = f"{self.source}'s reply failed with {type(error).__name__}"
            found.problems.append(Problem("reader_failed", detail, delivery.body))
            reply = ProviderReply(200)
        return found.reading(verdict, reply)

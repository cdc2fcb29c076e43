"""A provider module as the rest of intake sees it: verify the raw bytes, then parse.

`read` is the only entrance, for web servers and for replay alike. What a module's `parse` did not foresee
becomes a dead letter of the whole delivery instead of a 500, which would make the provider repeat it for days
(channels.md 1, rules 9 and 13).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Reading, Verdict
from services.intake.values import Unreadable

FORBIDDEN = ProviderReply(403, body="signature does not verify")


@dataclass(frozen=True, slots=True)
class Adapter:
    """One provider under one path. All three are pure.

    `parse` puts what it finds into the collector and answers nothing; it may raise Unreadable.
    `reply` tells what a genuine delivery is answered, `refused` what a forged one is.
    """

    source: str
    verify: Callable[[Delivery, Known], Verdict]
    parse: Callable[[Delivery, Known, Collector], None]
    reply: Callable[[Delivery, Known], ProviderReply]
    refused: ProviderReply = FORBIDDEN

    def read(self, delivery: Delivery, known: Known) -> Reading:
        """What the delivery holds; never raises."""
        verdict = self.verify(delivery, known)
        if not verdict.signature_valid:
            return Reading(verdict, self.refused)
        found = Collector()
        try:
            self.parse(delivery, known, found)
        except Unreadable as error:
            found.problems.append(Problem("unreadable", str(error), delivery.body))
        except Exception as error:  # a fault of ours: keep the evidence, go on
            detail = f"{self.source}'s reader failed with {type(error).__name__}"
            found.problems.append(Problem("reader_failed", detail, delivery.body))
        return found.reading(verdict, self.reply(delivery, known))

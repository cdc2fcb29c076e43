"""A delivery becomes facts and dead letters: the one way, for webhooks, mail and replay alike. Pure.

verify → parse → need → desk → facts
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.facts import Fact
from services.intake.accounts import Accounts
from services.intake.canonical import Delivery, Known, Problem, Reading
from services.intake.channels.adapter import Adapter
from services.intake.facts import fact_of
from services.intake.need.reader import Need, NeedReader


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What a delivery came to. `needs` stand beside `reading.events`; `problems` become dead letters."""

    source: str
    reading: Reading
    needs: tuple[Need, ...] = ()
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Interpreter:
    """Reads deliveries for the desks of one deployment."""

    known: Known
    accounts: Accounts
    needs: NeedReader
    identity_secret: bytes

    def webhook(self, adapter: Adapter, delivery: Delivery) -> Interpreted:
        """What one HTTP request came to; never raises."""
        reading = adapter.read(delivery, self.known)
        return self.events(adapter.source, reading, delivery.body, delivery.received_at_ms)

    def events(self, source: str, reading: Reading, data: bytes, received_at_ms: int) -> Interpreted:
        """Needs, desks and facts of a reading; `data` is the evidence when an account is nobody's."""
        needs: list[Need] = []
        facts: dict[str, Fact] = {}
        problems = list(reading.problems)
        for event in reading.events:
            account = self.accounts.find(event.account)
            need = self.needs.read(event, account.language if account else "")
            needs.append(need)
            if account is None:
                problems.append(
                    Problem("unknown_account", "no desk has this account, and there is no default desk", data)
                )
                continue
            fact = fact_of(
                event,
                need,
                account,
                source=source,
                scheme=reading.verdict.scheme,
                secret=self.identity_secret,
                received_at_ms=received_at_ms,
            )
            facts.setdefault(fact.fact_id, fact)
        return Interpreted(source, reading, tuple(needs), tuple(facts.values()), tuple(problems))

"""A delivery becomes facts and dead letters: the one way, for webhooks, mail and replay alike. Pure.

verify → parse → need → desk → facts
"""

from __future__ import annotations

from dataclasses import dataclass

from services.contract.facts import Fact
from services.intake.accounts import Accounts
from services.intake.canonical import Delivery, Known, Problem, Reading
from services.intake.channels.adapter import Adapter
from services.intake.facts import fact_of, link_facts
from services.intake.need.reader import Need, NeedReader

_NOBODYS = "no desk has this account, and there is no default desk"


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
        """Needs, desks and facts of a reading; `data` is the evidence of what came to nothing. Never raises.

        Each event has a guard of its own: a fault of ours is one dead letter, and not a 500 that the provider
        repeats for days, sound neighbours and all (channels.md 1, rules 5 and 13).
        """
        needs: list[Need] = []
        facts: dict[str, Fact] = {}
        problems = list(reading.problems)
        for event in reading.events:
            need = Need()
            try:
                account = self.accounts.find(event.account)
                need = self.needs.read(event, account.language if account else "")
                if account is None:
                    problems.append(Problem("unknown_account", _NOBODYS, data))
                else:
                    fact = fact_of(
                        event,
                        need,
                        account,
                        source=source,
                        scheme=reading.verdict.scheme,
                        secret=self.identity_secret,
                        received_at_ms=received_at_ms,
                    )
                    links = link_facts(
                        event,
                        account,
                        source=source,
                        secret=self.identity_secret,
                        received_at_ms=received_at_ms,
                    )
                    for one in (fact, *links):
                        facts.setdefault(one.fact_id, one)
            except Exception as error:  # a fault of ours: keep the evidence, go on
                detail = f"an event's need or fact failed with {type(error).__name__}"
                problems.append(Problem("reader_failed", detail, data))
            needs.append(need)
        return Interpreted(source, reading, tuple(needs), tuple(facts.values()), tuple(problems))

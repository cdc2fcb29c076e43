"""A delivery becomes facts and dead letters: the one way, for webhooks, mail and replay alike. Pure.

verify → parse → need → desk → facts
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.contract.facts import Fact
from services.intake.accounts import Account, Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known, Problem, Reading, Verdict
from services.intake.channels.adapter import Adapter
from services.intake.facts import fact_of, link_facts
from services.intake.need.reader import Need, NeedReader
from services.runtime.dead_letters import Request

_NOBODYS = "no desk has this account, and there is no default desk"


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What a delivery came to. `needs` stand beside `reading.events`; `problems` become dead letters."""

    source: str
    reading: Reading
    needs: tuple[Need, ...] = ()
    facts: tuple[Fact, ...] = ()
    problems: tuple[Problem, ...] = ()
    request: Request | None = None
    """How it can be read once more, where it left problems."""


@dataclass(frozen=True)
class Interpreter:
    """Reads deliveries for the desks of one deployment."""

    known: Known
    accounts: Accounts
    needs: NeedReader
    identity_secret: bytes = field(repr=False)
    event_age_ms_max: int = 0
    """Oldest event of a webhook; 0 is any age. Most providers sign no time, so what was captured can be sent again for
    ever, and the router knows a fact by its id for eight days only."""

    def webhook(self, adapter: Adapter, delivery: Delivery) -> Interpreted:
        """What one HTTP request came to; never raises."""
        reading = self._young(adapter.read(delivery, self.known), delivery)
        return self.events(adapter.source, reading, delivery.body, delivery.received_at_ms)

    def again(self, adapter: Adapter, delivery: Delivery, scheme: str, now_ms: int) -> Interpreted:
        """What a request comes to that was verified by `scheme` when it came; its facts say that they came now. Calls
        are left out: nobody is on the line any more."""
        reading = self._young(adapter.parsed(delivery, self.known, Verdict(True, scheme)), delivery)
        events = tuple(
            replace(one, occurred_at_ms=one.occurred_at_ms or delivery.received_at_ms)
            for one in reading.events
            if not one.kind.startswith("call_")
        )
        left = ("call",) * (len(reading.events) - len(events))
        reading = replace(reading, events=events, dropped=(*reading.dropped, *left))
        return self.events(adapter.source, reading, delivery.body, now_ms)

    def _young(self, reading: Reading, delivery: Delivery) -> Reading:
        """The reading without what is too old, which is a dead letter.

        By the provider's time only: a mail's Date is its sender's clock, a review may be as old as it likes, and what
        tells no time is let be.
        """
        if not self.event_age_ms_max:
            return reading
        oldest = delivery.received_at_ms - self.event_age_ms_max
        events = tuple(
            one
            for one in reading.events
            if one.channel == "email" or one.kind == "review" or not 0 < one.occurred_at_ms < oldest
        )
        statements = tuple(one for one in reading.statements if not 0 < one.occurred_at_ms < oldest)
        left = len(reading.events) + len(reading.statements) - len(events) - len(statements)
        if not left:
            return reading
        problem = Problem("too_old", f"{left} events are older than is taken", delivery.body)
        return replace(reading, events=events, statements=statements, problems=(*reading.problems, problem))

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
                desks = self._desks(event)
                need = self.needs.read(event, next((one.language for _, one in desks), ""))
                if not desks:
                    problems.append(Problem("unknown_account", _NOBODYS, data))
                for addressed, account in desks:
                    for one in self._facts(source, reading, addressed, need, account, received_at_ms):
                        facts.setdefault(one.fact_id, one)
            except Exception as error:  # a fault of ours: keep the evidence, go on
                detail = f"an event's need or fact failed with {type(error).__name__}"
                problems.append(Problem("reader_failed", detail, data))
            needs.append(need)
        for statement in reading.statements:
            try:
                owner = self.accounts.find(statement.account)
                if owner is None:
                    problems.append(Problem("unknown_account", _NOBODYS, data))
                    continue
                secret = self.identity_secret
                for one in link_facts(
                    statement, owner, source=source, secret=secret, received_at_ms=received_at_ms
                ):
                    facts.setdefault(one.fact_id, one)
            except Exception as error:  # as above
                detail = f"a statement's fact failed with {type(error).__name__}"
                problems.append(Problem("reader_failed", detail, data))
        told_once = tuple(
            dict.fromkeys(problems)
        )  # a batch for an unknown account is one letter, not one an event
        return Interpreted(source, reading, tuple(needs), tuple(facts.values()), told_once)

    def _desks(self, event: CanonicalEvent) -> list[tuple[CanonicalEvent, Account]]:
        """The event for each desk that it is for, once a desk: with the first account of that desk."""
        found: dict[str, tuple[CanonicalEvent, Account]] = {}
        for name in (event.account, *event.also_to):
            account = self.accounts.find(name)
            if account is not None and account.desk_id not in found:
                addressed = event if name == event.account else replace(event, account=name)
                found[account.desk_id] = (addressed, account)
        return list(found.values())

    def _facts(
        self,
        source: str,
        reading: Reading,
        event: CanonicalEvent,
        need: Need,
        account: Account,
        received_at_ms: int,
    ) -> list[Fact]:
        secret = self.identity_secret
        fact = fact_of(
            event,
            need,
            account,
            source=source,
            scheme=reading.verdict.scheme,
            secret=secret,
            received_at_ms=received_at_ms,
        )
        return [
            fact,
            *link_facts(event, account, source=source, secret=secret, received_at_ms=received_at_ms),
        ]

"""Who comes on a simulated day, waits, leaves and comes back (routing.md 6.2), and how a contact of theirs ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.contract import facts as f
from services.router.model import ContactState
from simulator.day import DRAWS
from simulator.desk import DESK_ID, LANGUAGE, topic_id, wanted
from simulator.routed import Routed
from simulator.worlds import DAY_SECONDS

ATTEMPTS_MAX = 6
BACK_AFTER_LEAVING, BACK_AFTER_LEAVING_SECONDS = 0.60, 900.0
PATIENCE_AFTER_HOP = 1.5
READ_AGAIN_RIGHT = 0.5
_TIERS = ("new", "regular", "loyal")


@dataclass(slots=True)
class Run:
    """One contact of one issue, as the world knows it."""

    issue: int
    attempt: int
    draw: int
    hops: int = 0
    entry: int = 0
    """Rises with every entry into a queue, so that an old patience is told from the running one."""
    queued_seconds: float = 0.0
    epoch: int = 0
    agent: int = -1
    began: float = 0.0
    work: float = 0.0
    """Full work X of who has it now, seconds."""
    resumed: Callable[[float], None] | None = None
    """What the owner does once the help that was asked for has come."""
    adviser: int = -1
    consulted: bool = False
    """An expert has been asked in vain."""


class Customers(Routed):
    """The customers' side of the day."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._runs: dict[str, Run] = {}

    def _begin(self) -> None:
        super()._begin()
        for index, at in enumerate(self.day.arrival_seconds):
            self._at(float(at), self._arrives, index, 0)

    def _arrives(self, at: float, issue: int, attempt: int) -> None:
        day = self.day
        name = f"i{issue}.{attempt}"
        topic = int(day.observed_topic[issue])
        if self.clairvoyant or (attempt > 0 and day.luck_stated[issue, attempt] < READ_AGAIN_RIGHT):
            topic = int(day.topic[issue])
        email = bool(day.email[issue])
        level = int(day.need[issue] if self.clairvoyant else day.signal[issue])
        self._runs[name] = Run(issue, attempt, draw=2 * attempt - 1, queued_seconds=at)
        self.record.contacts[issue] += 1
        self.tell(
            at,
            f.ContactArrived(
                contact_id=name,
                channel=f.Channel.EMAIL if email else f.Channel.PHONE,
                medium="email" if email else "voice",
                customer=f.CustomerRef(
                    type="opaque", value=f"c{issue}", key=f"k{issue}", tier=_TIERS[int(day.tier[issue])]
                ),
                language=f.LanguageGuess(code=LANGUAGE, confidence=1.0),
                topics=(f.TopicWeight(topic_id=topic_id(topic), weight=1.0),),
                decision_wanted=wanted(level, stated=self.clairvoyant),
                complaint=bool(day.complaint[issue]),
            ),
        )
        self._waits(at, name)

    def _waits(self, at: float, contact_id: str) -> None:
        """Enters a queue: who is on the phone leaves when patience ends."""
        run = self._runs[contact_id]
        run.queued_seconds = at
        run.entry += 1
        if self.day.email[run.issue]:
            return
        patience = float(self.day.patience_seconds[run.issue, (2 * run.attempt + run.hops) % DRAWS])
        if run.hops:
            patience *= PATIENCE_AFTER_HOP
        self._at(at + patience, self._leaves, contact_id, run.entry)

    def _leaves(self, at: float, contact_id: str, entry: int) -> None:
        run = self._runs[contact_id]
        contact = self.state.desks[DESK_ID].contacts.get(contact_id)
        waiting = (ContactState.QUEUED, ContactState.OFFERED, ContactState.HANDING_OVER)
        if run.entry != entry or contact is None or contact.state not in waiting or contact.released:
            return
        handed = contact.state is ContactState.HANDING_OVER
        self.tell(at, f.CallerHungUp(contact_id=contact_id))
        if handed:  # the talk is over for the sender, who records it
            self._ends(at, contact_id, f.Outcome.UNRESOLVED)
        run.hops += handed  # who leaves during a hand-over has had an agent
        self.record.left(run, at)
        self._comes_back(at, run, BACK_AFTER_LEAVING, BACK_AFTER_LEAVING_SECONDS)

    def _comes_back(self, at: float, run: Run, chance: float, seconds: float) -> None:
        if run.attempt + 1 >= ATTEMPTS_MAX or not self.day.luck_back[run.issue, run.attempt] < chance:
            return
        back_at = at + seconds * float(self.day.delay[run.issue, run.attempt])
        self._at(back_at, self._arrives, run.issue, run.attempt + 1)

    def _ends(self, at: float, contact_id: str, outcome: f.Outcome) -> None:
        run = self._runs[contact_id]
        self._frees(at, run)
        contact = self.state.desks[DESK_ID].contacts.get(contact_id)
        if contact is None or contact.state is ContactState.CLOSED:
            return
        owner = contact.owner_id
        self.tell(
            at,
            f.ContactResolved(
                contact_id=contact_id,
                agent_id=owner,
                epoch=contact.epoch,
                outcome=outcome,
                topic_id=topic_id(int(self.day.topic[run.issue])),
            ),
        )

    def _frees(self, at: float, run: Run) -> None:
        """The agent is with the customer no more."""
        if run.agent >= 0:
            self.record.talked(run, at - run.began)
            self._busy(run.agent, run.began, at)
        run.agent = -1

    def _busy(self, agent: int, began: float, ended: float) -> None:
        self.record.busy_seconds[agent] += max(0.0, min(ended, DAY_SECONDS) - began)

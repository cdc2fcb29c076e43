"""Production on a stressed day (stress.py): what the world then does differently, told by the same facts as ever.

Chats and outcomes that are seen late are not played: a customer who leaves a chat tells nobody, and what is known of
agents does not move here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from services.contract import decisions as d
from services.contract import facts as f
from services.contract.desk import Desk
from simulator.day import DRAWS
from simulator.desk import LANGUAGE, agent_id, desk_of
from simulator.drive import Drive
from simulator.report.measures import Run, run_of
from simulator.routed import EPOCH_MS
from simulator.strain import NONE, Absence, Strain
from simulator.stress import Stressed
from simulator.tariffs import Pricer, true_forecast
from simulator.worlds import World

SCENARIOS = (
    "calm",
    "outage",
    "shift change",
    "topic surge",
    "scarce language",
    "topic falls",
    "ignoring agents",
)
OTHER_LANGUAGE = "de"
BACK_SECONDS = 60.0
"""After which an agent who was set to not ready says to be there again."""


@dataclass
class StrainedDrive(Drive):
    strain: Strain = NONE
    offered: Counter[str] = field(default_factory=Counter)

    def _begin(self) -> None:
        super()._begin()
        for absence in self.strain.absences:
            self._at(absence.from_seconds, self._goes, absence)

    def _goes(self, at: float, absence: Absence) -> None:
        self._presence(at, absence.agent, f.Presence.BREAK)
        self._at(absence.to_seconds, self._presence, absence.agent, f.Presence.AVAILABLE)

    def _presence(self, at: float, agent: int, presence: f.Presence) -> None:
        self.tell(at, f.AgentStateChanged(agent_id=agent_id(agent), presence=presence))

    def tell(self, at: float, body: Any) -> d.Reply | None:
        languages = self.strain.languages
        if isinstance(body, f.ContactArrived) and languages is not None:
            issue = self._runs[body.contact_id].issue
            if languages.of_issue[issue]:
                body = replace(body, language=f.LanguageGuess(code=OTHER_LANGUAGE, confidence=1.0))
        reply = super().tell(at, body)
        self._wake(at)
        return reply

    def _fire(self, at: float) -> None:
        super()._fire(at)
        self._wake(at)

    def _wake(self, at: float) -> None:
        """Who was set to not ready for missed offers comes back."""
        while self._dozing:
            self._at(at + BACK_SECONDS, self._presence, self._dozing.pop(), f.Presence.AVAILABLE)

    _dozing: list[int] = field(default_factory=list)

    def _folded(self, record: d.Decision) -> None:
        super()._folded(record)
        self._dozing += [
            self._agents[event.agent_id]
            for event in record.events
            if isinstance(event, d.AgentPresenceChanged) and event.presence is f.Presence.NOT_READY
        ]

    def _offered(self, at: float, event: d.Offered) -> None:
        ignores = self.strain.ignores
        if ignores is not None:
            number = self.offered[event.contact_id] % DRAWS
            self.offered[event.contact_id] += 1
            luck = ignores.luck[self._runs[event.contact_id].issue, number]
            if luck < ignores.chance[self._agents[event.agent_id]]:
                return
        super()._offered(at, event)


def play_strained(world: World, stressed: Stressed) -> Run:
    return run_of(strained(world, stressed).play())


def strained(world: World, stressed: Stressed) -> StrainedDrive:
    """Not begun."""
    believed = stressed.strain.believed or stressed.pool
    return StrainedDrive(
        stressed.pool,
        stressed.day,
        _speaking(desk_of(believed), stressed.strain),
        forecast=true_forecast(world, believed, EPOCH_MS),
        pricer=Pricer(),
        strain=stressed.strain,
    )


def _speaking(desk: Desk, strain: Strain) -> Desk:
    languages = strain.languages
    if languages is None:
        return desk
    agents = tuple(
        replace(agent, languages=(LANGUAGE, OTHER_LANGUAGE) if languages.speaks[number, 1] else (LANGUAGE,))
        for number, agent in enumerate(desk.agents)
    )
    return replace(desk, agents=agents)

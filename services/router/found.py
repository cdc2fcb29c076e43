"""What a search for an agent found: as it was weighed, in numbers, and as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.contract.decisions import Candidate, Explanation, WaitingReason
from services.contract.record import quick_record
from services.router.eligibility import Pool
from services.router.policy.hold import Hold
from services.router.score import Ranking, Slate
from services.router.urgency import Urgency

if TYPE_CHECKING:
    from services.router.kernels.arrival import Choice, Row


@quick_record
@dataclass(frozen=True, slots=True)
class Found:
    """Whom a contact goes to, or why it waits."""

    candidates: tuple[Candidate, ...]
    """The best first; empty when nobody who may take it is free."""
    explanation: Explanation
    reason: WaitingReason
    """Why it waits; unspecified when it is offered to the best candidate."""
    again_at_ms: int = 0
    """When it is decided again at the latest, where that is sooner than its promises; else 0."""

    @property
    def offered(self) -> bool:
        return self.reason is WaitingReason.UNSPECIFIED


@quick_record
@dataclass(frozen=True, eq=False, slots=True)
class Search:
    """What was weighed for a contact, in numbers; `told` makes an explanation of it."""

    pool: Pool
    ranking: Ranking | Choice | None = None
    """None when nobody may be offered it."""
    urgency: Urgency | None = None
    hold: Hold | None = None
    busy: Slate | Row | None = None
    """Whom the hold test compared with."""
    reason: WaitingReason = WaitingReason.UNSPECIFIED
    again_at_ms: int = 0
    relaxed: tuple[str, ...] = ()
    all_weighed: bool = True
    """Every free agent of the pool was weighed but those whose shift ends too soon (`ending`), those kept in reserve
    (`kept`), newcomers who had their share (`resting`) and who gains nothing over the owner (`owned`), so that the others are known to be busy."""
    ending: int = 0
    kept: int = 0
    resting: int = 0
    noise_seed: int = 0
    owned: int = 0
    """Free, but with no more to give than the owner, from whom it would be a hop (handover.raisers)."""

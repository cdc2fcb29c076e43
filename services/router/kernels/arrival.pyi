from services.contract.decisions import Need
from services.router.eligibility import Index, Mask, There
from services.router.kernels.leaving import Leaving
from services.router.loads import Times, Units
from services.router.policy.beliefs import Beliefs
from services.router.policy.cost import Ints
from services.router.policy.tariff import Tariff
from services.router.roster import Roster

SOURCES: str

class Row:
    position: int
    score: int
    idle: int
    bonus: int
    @property
    def at(self) -> tuple[int]: ...
    @property
    def terms(self) -> tuple[int, int, int, int]: ...
    @property
    def total(self) -> int: ...
    @property
    def talk_seconds(self) -> float: ...
    @property
    def covers(self) -> float: ...
    @property
    def skill(self) -> float: ...
    @property
    def resolves(self) -> float: ...

class Choice:
    at: Index
    @property
    def cost(self) -> int: ...
    def rows(self) -> list[Row]: ...

class Hands:
    def __init__(self, units: Units, firm: Units, idle_since: Times) -> None: ...

class Members:
    def __init__(self, there: There) -> None: ...

class Asked: ...

class Weigher:
    def __init__(
        self,
        roster: Roster,
        beliefs: Beliefs,
        tariff: Tariff,
        rate: Ints,
        *,
        unknown: float,
        margin_micro: int,
        nearly_cs: float,
    ) -> None: ...
    def asked(self, need: Need, parts: list[tuple[int, float]], seconds: float, weight: float) -> Asked: ...
    def with_room(
        self, there: There, members: Members, hands: Hands, roomy: Times, units: int, stops: bool, but: int
    ) -> Index: ...
    def best(
        self, chosen: Index, hands: Hands, asked: Asked, now_ms: int, bonus: int, liked: tuple[int, ...]
    ) -> Choice: ...
    def cost_at(self, at: int, asked: Asked) -> Row: ...
    def hold(
        self,
        there: There,
        members: Members,
        hands: Hands,
        asked: Asked,
        units: int,
        stops: bool,
        but: int,
        here: int,
        raising: Mask | None,
        best_cost: int,
        waiting_nano: int,
        leaving: Leaving | None,
        waited_seconds: float,
        before: float,
        second_cs: float,
        left_seconds: float,
    ) -> tuple[bool, int, int, float, int, Row] | None: ...

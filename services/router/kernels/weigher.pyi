from services.contract.decisions import Need
from services.router.policy.beliefs import Beliefs
from services.router.policy.cost import Ints
from services.router.policy.tariff import Tariff
from services.router.roster import Roster

SOURCES: str

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
        seconds_unknown: float,
        margin_micro: int,
        nearly_cs: float,
    ) -> None: ...
    def asked(self, need: Need, weight: float) -> Asked: ...

def rounded_as_told(value: float) -> float: ...

from services.router.eligibility import Mask, There
from services.router.kernels.arrival import Hands, Members, Row
from services.router.kernels.leaving import Leaving
from services.router.kernels.weigher import Asked, Weigher

SOURCES: str

def tested(
    weigher: Weigher,
    there: There,
    members: Members,
    hands: Hands,
    asked: Asked,
    units: int,
    stops: bool,
    beside: tuple[int, int, Mask | None],
    leaving: Leaving | None,
    waiting: tuple[int, int, float, float, float, float],
) -> tuple[bool, int, int, float, int, Row] | None: ...

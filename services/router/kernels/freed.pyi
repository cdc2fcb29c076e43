from services.router.board import Board
from services.router.eligibility import Index
from services.router.kernels.leaving import Leaving
from services.router.policy.cost import Floats
from services.router.policy.settings import PolicySettings

SOURCES: str

class Heads:
    def __init__(
        self, board: Board, chances: Floats, approver_free: float, settings: PolicySettings, close: float
    ) -> None: ...
    def look(
        self,
        at: int,
        rows: int,
        now_ms: int,
        room: int,
        room_call: int,
        email_factor: float,
        left_out: tuple[int, ...],
    ) -> tuple[list[int] | None, bool, bool]: ...
    def dearest(
        self,
        deferrable: bool,
        mail_only: bool,
        at: int,
        levels: Index,
        speed: float,
        price: float,
        left_ms: int | None,
        leavings: tuple[Leaving, Leaving],
    ) -> tuple[list[int], list[int]] | None: ...

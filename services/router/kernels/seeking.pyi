from services.router.found import Search
from services.router.kernels.weigher import Weigher
from services.router.model import Contact, DeskState
from services.router.roster import Roster
from services.router.waiting import Work

SOURCES: str

class Seeker:
    def __init__(self, weigher: Weigher, roster: Roster) -> None: ...
    def search(
        self, desk: DeskState, contact: Contact, now_ms: int, but: str, number: int
    ) -> Search | None: ...
    def compare(
        self, desk: DeskState, contact: Contact, here: int, now_ms: int, may_hold: bool
    ) -> Search: ...
    def lane(self, contact: Contact) -> Work: ...

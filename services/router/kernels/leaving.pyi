from services.router.policy.hazard import Patience

SOURCES: str

class Leaving:
    def __init__(self, patience: Patience) -> None: ...

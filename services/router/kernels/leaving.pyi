from services.router.policy.hazard import Patience

class Leaving:
    def __init__(self, patience: Patience) -> None: ...

"""Scoring as compiled code (Cython): built by `make setup` and into the image, absent where it was not built.

Without it the same is computed by numpy, to the last bit: seeking.py, holding.py and board.py say what is meant, this is the
quicker way to it. `COMPILED` tells which one a process runs; the router says so when it starts.
"""

from __future__ import annotations

from pathlib import Path

from services.contract import kernels as records
from services.contract.kernels.sources import why_not

try:
    from services.router.kernels import arrival, freed, holding, leaving, pages, seeking, weigher
except ImportError as error:  # not there, or not of this Python
    WHY_NOT = str(error)
else:
    BUILT = (arrival, freed, holding, leaving, pages, seeking, weigher)
    WHY_NOT = why_not(Path(__file__).parent, *BUILT)
COMPILED = not WHY_NOT


def take_large_pages() -> bool:
    """Has this process take memory for its objects in large pages from now on (pages.pyx); False where it cannot.

    Call it before there is much of it. The system's own setting still says whether it gives such pages.
    """
    return COMPILED and pages.take_large_pages()


def said() -> dict[str, str]:
    """Which way a router weighs and makes records, as its log says it at the start."""
    ways = {
        "scoring": "compiled" if COMPILED else "numpy",
        "records": "compiled" if records.COMPILED else "python",
    }
    why = WHY_NOT or records.WHY_NOT
    return ways | ({"not_compiled": why} if why else {})

"""Scoring as compiled code (Cython): built by `make setup` and into the image, absent where it was not built.

Without it the same is computed by numpy, to the last bit: seeking.py, holding.py and board.py say what is meant, this is the
quicker way to it. `COMPILED` tells which one a process runs; the router says so when it starts.
"""

from __future__ import annotations

try:
    import services.router.kernels.arrival
    import services.router.kernels.freed
    import services.router.kernels.leaving  # noqa: F401 - are they there, and of this Python?
except ImportError as error:
    COMPILED, WHY_NOT = False, str(error)
else:
    COMPILED, WHY_NOT = True, ""


def said() -> dict[str, str]:
    """Which way a router weighs, as its log says it at the start."""
    return {"scoring": "compiled"} if COMPILED else {"scoring": "numpy", "not_compiled": WHY_NOT}

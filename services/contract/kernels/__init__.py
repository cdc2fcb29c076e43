"""Records made, copied, packed and written by compiled code (Cython): built by `make setup` and into the image, else absent.

Without it record.py makes the same records in Python, and the router's packed maps (services/router/buckets.py) are Python's
too. `COMPILED` tells which one a process runs.
"""

from __future__ import annotations

from pathlib import Path

from services.contract.kernels.sources import why_not

try:
    from services.contract.kernels import buckets, ids, lanes, plain, records, rows, wire
except ImportError as error:  # not there, or not of this Python
    WHY_NOT = str(error)
else:
    WHY_NOT = why_not(Path(__file__).parent, buckets, ids, lanes, plain, records, rows, wire)
COMPILED: bool = not WHY_NOT

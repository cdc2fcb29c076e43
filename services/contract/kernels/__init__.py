"""Records made and copied by compiled code (Cython): built by `make setup` and into the image, absent where it was not built.

Without it record.py makes the same records in Python. `COMPILED` tells which one a process runs.
"""

from __future__ import annotations

from pathlib import Path

from services.contract.kernels.sources import why_not

try:
    from services.contract.kernels import records
except ImportError as error:  # not there, or not of this Python
    WHY_NOT = str(error)
else:
    WHY_NOT = why_not(Path(__file__).parent, records)
COMPILED = not WHY_NOT

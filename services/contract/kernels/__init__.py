"""Records made and copied by compiled code (Cython): built by `make setup` and into the image, absent where it was not built.

Without it record.py makes the same records in Python. `COMPILED` tells which one a process runs.
"""

from __future__ import annotations

try:
    import services.contract.kernels.records  # noqa: F401 - is it there, and of this Python?
except ImportError as error:
    COMPILED, WHY_NOT = False, str(error)
else:
    COMPILED, WHY_NOT = True, ""

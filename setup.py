"""The compiled part of the project (the folders `kernels`); all else stands in pyproject.toml.

It is optional: without Cython or a C compiler the wheel has none of it, the router weighs by numpy
and records are made by Python. Floating-point
operations are neither fused nor reordered, for both ways must find the same bits.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, setup

sys.path.insert(0, str(Path(__file__).resolve().parent))
from services.contract.kernels.sources import digest

PLACES = (Path("services/contract/kernels"), Path("services/router/kernels"))
EDITABLE = "editable_wheel" in sys.argv
"""scripts/build_kernels.py builds them in place then, and says what is missing."""


def extensions() -> list[Extension]:
    """One for each .pyx file."""
    if EDITABLE or find_spec("Cython") is None:
        return []
    return [
        Extension(
            ".".join(source.with_suffix("").parts),
            [str(source)],
            depends=[str(one) for one in sorted(place.glob("*.pxd"))],
            define_macros=[("FRONTDESK_SOURCES", f'"{digest(place)}"')],
            extra_compile_args=["-O2", "-g0", "-ffp-contract=off"],
            optional=True,
        )
        for place in PLACES
        for source in sorted(place.glob("*.pyx"))
    ]


setup(ext_modules=extensions(), options={"build_ext": {"cython_c_in_temp": True}})

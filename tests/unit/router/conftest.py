"""What tests of the router's rules share."""

from __future__ import annotations

import pytest

from services.router import kernels


@pytest.fixture(params=["compiled", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of weighing; the compiled one where it was built (test_kernels.py insists on it in CI)."""
    if request.param == "compiled" and not kernels.COMPILED:
        pytest.skip(f"not compiled: {kernels.WHY_NOT}")
    monkeypatch.setattr(kernels, "COMPILED", request.param == "compiled")

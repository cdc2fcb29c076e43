"""What the tests of the manifests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts import fetch_crds


@pytest.fixture(scope="module")
def crds() -> Path:
    found = fetch_crds.fetched()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no definitions of custom resources: run `make k8s` first", pytrace=False)
        pytest.skip("no definitions of custom resources: `make k8s` fetches them")
    return found

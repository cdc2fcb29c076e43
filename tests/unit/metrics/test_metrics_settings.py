"""Settings of metrics."""

from __future__ import annotations

import pytest

from services.metrics.settings import MetricsSettings
from services.runtime.settings import SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert MetricsSettings.from_env({}) == MetricsSettings()
    assert MetricsSettings().keep_quarters == 36 * 96


def test_all_faults_are_told_together() -> None:
    with pytest.raises(SettingsError) as error:
        MetricsSettings.from_env({"FRONTDESK_METRICS_KEEP_DAYS": "43", "FRONTDESK_METRICS_FLUSH_MS": "soon"})

    assert len(error.value.faults) == 2

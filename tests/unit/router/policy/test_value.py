"""What a contact is worth to a free agent: waiting grows its price without bound, in proportion to its weight."""

from __future__ import annotations

import pytest

from services.router.policy.cost import MICRO
from services.router.policy.hazard import PATIENT
from services.router.policy.settings import DEFAULTS
from services.router.policy.value import deferrable_waiting_cs, live_waiting_cs, next_agent_seconds, value


def live(weight: float, waited: float) -> float:
    return live_waiting_cs(weight, waited, 40.0, 10.0, PATIENT, 1200.0 * weight)


def test_value_by_hand() -> None:
    """Three wait for agents who together serve one in 5 s: D = 15. 2 x 15 + 700 - 650 = 80."""
    seconds = next_agent_seconds(3, 200_000_000)

    assert seconds == 15.0
    assert value(2.0, seconds, 700 * MICRO, 650 * MICRO) == 80 * MICRO


def test_a_weight_is_a_ratio_of_waits_and_no_lock() -> None:
    """1.3 (1 + W/40) equals 1 + W'/40 at W' = 1.3 W + 12."""
    assert live(1.3, 100.0) == pytest.approx(live(1.0, 142.0))


def test_waiting_rises_without_bound() -> None:
    assert live(1.0, 1e6) > 1e4


@pytest.mark.parametrize(("waited", "per_second"), [(0, 0.01), (3600, 0.01), (7200, 0.04), (14400, 0.10)])
def test_deferrable_work_grows_dear_after_an_hour(waited: float, per_second: float) -> None:
    assert deferrable_waiting_cs(1.0, waited, DEFAULTS) == pytest.approx(per_second)

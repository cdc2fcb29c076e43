"""Settings: all faults at once, no secret ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.runtime.clock import ScaledClock, WallClock, clock_from
from services.runtime.settings import Reader, SettingsError


def test_all_faults_are_reported_together() -> None:
    reader = Reader({"PORT": "ninety", "LEVEL": "loud", "RATIO": "3"})
    reader.integer("PORT", default=1, low=0, high=10)
    reader.text("LEVEL", default="info", choices=("info", "debug"))
    reader.number("RATIO", default=0.5, low=0, high=1)
    reader.text("NAME")
    with pytest.raises(SettingsError) as raised:
        reader.done()
    assert [fault.split()[0] for fault in raised.value.faults] == ["PORT", "LEVEL", "RATIO", "NAME"]


def test_defaults_hold_where_nothing_is_said() -> None:
    reader = Reader({})
    assert reader.integer("PORT", default=7, low=0, high=10) == 7
    assert reader.flag("ON", default=True) is True
    assert reader.secret_list("TOKENS") == ()
    reader.done()


def test_a_secret_comes_from_a_file_and_never_shows_itself(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-value-of-sixteen\n")
    reader = Reader({"TOKEN_FILE": str(tmp_path / "token")})
    secret = reader.secret("TOKEN", bytes_min=16)
    reader.done()
    assert secret == "s3cret-value-of-sixteen"
    assert "s3cret" not in repr(secret)


def test_a_short_secret_is_a_fault_without_its_value() -> None:
    reader = Reader({"KEY": "short"})
    reader.secret("KEY", bytes_min=16)
    with pytest.raises(SettingsError) as raised:
        reader.done()
    assert "short" not in str(raised.value)


def test_several_secrets_stand_for_rotation() -> None:
    assert Reader({"TOKENS": "old, new,"}).secret_list("TOKENS") == ("old", "new")


@pytest.mark.parametrize(
    ("words", "kind"), [("wall", WallClock), ("scaled:1000:2000:60", ScaledClock)], ids=["wall", "scaled"]
)
def test_the_clock_is_chosen_by_a_setting(words: str, kind: type) -> None:
    assert isinstance(clock_from({"FRONTDESK_CLOCK": words}), kind)


@pytest.mark.parametrize("words", ["sundial", "scaled:1:2", "scaled:a:b:c", "scaled:1:2:0"])
def test_a_clock_that_cannot_be_read_is_refused(words: str) -> None:
    with pytest.raises(SettingsError):
        clock_from({"FRONTDESK_CLOCK": words})

"""Compiled code of other sources than those beside it is not used."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from services.contract.kernels.sources import OTHERS, digest, why_not


def built_from(place: Path) -> ModuleType:
    made = ModuleType("made")
    made.SOURCES = digest(place)  # type: ignore[attr-defined]
    return made


def test_a_changed_source_makes_what_was_built_unusable(tmp_path: Path) -> None:
    (tmp_path / "one.pyx").write_text("x = 1\n")
    made = built_from(tmp_path)
    assert why_not(tmp_path, made) == ""
    (tmp_path / "one.pyx").write_text("x = 2\n")
    assert why_not(tmp_path, made) == OTHERS
    (tmp_path / "one.pyx").write_text("x = 1\n")
    (tmp_path / "shared.pxd").write_text("")
    assert why_not(tmp_path, made) == OTHERS


def test_a_build_that_does_not_tell_its_sources_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "one.pyx").write_text("x = 1\n")
    assert why_not(tmp_path, ModuleType("older")) == OTHERS


def test_where_no_sources_lie_beside_it_what_was_installed_is_used(tmp_path: Path) -> None:
    assert why_not(tmp_path, ModuleType("installed")) == ""

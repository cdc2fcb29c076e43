"""Settings of a desk's policy as a command line gives them: NAME=VALUE."""

from __future__ import annotations

import argparse

from services.router.policy.settings import DEFAULTS, SETTINGS


def setting(text: str, parser: argparse.ArgumentParser) -> tuple[str, float]:
    """Says what is wrong with it, and exits, when it is no setting or out of its range."""
    name, sign, value = text.partition("=")
    if not sign:
        parser.error(f"--set {text}: give NAME=VALUE")
    said = SETTINGS.get(name)
    if said is None:
        near = [one for one in SETTINGS if name and (name in one or one in name)]
        parser.error(
            f"--set {text}: no such setting{'; perhaps ' + ', '.join(near) if near else ''} (docs/desk.md lists them)"
        )
    try:
        number = type(getattr(DEFAULTS, name))(value)
    except ValueError:
        parser.error(f"--set {text}: {value!r} is no {type(getattr(DEFAULTS, name)).__name__}")
    if not said.low <= number <= said.high:
        parser.error(f"--set {text}: between {said.low:g} and {said.high:g} {said.unit}")
    return name, number

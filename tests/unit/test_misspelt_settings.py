"""Settings that nobody asks for, but almost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.cli.plan import Plan

GOOD = {"FRONTDESK_IDENTITY_KEY": "sixteen bytes or", "FRONTDESK_DEFAULT_DESK": "acme"}
ALL = ("intake", "router", "metrics")
DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / "settings.md", *sorted((DOCS / "channels").glob("*.md"))]


def misspelt(env: dict[str, str], roles: tuple[str, ...] = ALL) -> dict[str, str]:
    return dict(Plan.from_env({**GOOD, **env}, roles, None, []).misspelt)


def test_name_with_a_letter_too_few_is_told_with_the_one_that_was_meant() -> None:
    assert misspelt({"FRONTDESK_SLACK_SIGNING_SECRET": "x", "FRONTDESK_TELEGRAM_SECRET_TOKEN": "x"}) == {
        "FRONTDESK_SLACK_SIGNING_SECRET": "FRONTDESK_SLACK_SIGNING_SECRETS",
        "FRONTDESK_TELEGRAM_SECRET_TOKEN": "FRONTDESK_TELEGRAM_SECRET_TOKENS",
    }


@pytest.mark.parametrize(
    ("roles", "slip", "meant"),
    [
        (("router",), "FRONTDESK_KAFKA_SECURITY_PROTOCL", "FRONTDESK_KAFKA_SECURITY_PROTOCOL"),
        (("router",), "FRONTDESK_GRPC_TLS_CLIENT_CA", "FRONTDESK_GRPC_TLS_CLIENT_CA_FILE"),
        (("metrics",), "FRONTDESK_WALLBOARD_TOKEN", "FRONTDESK_WALLBOARD_TOKENS"),
    ],
)
def test_every_process_tells_a_slip_that_would_leave_a_door_open(
    roles: tuple[str, ...], slip: str, meant: str
) -> None:
    found = Plan.from_env({**GOOD, slip: ""}, roles, "127.0.0.1:9092", []).misspelt
    assert found == {slip: meant}


def test_file_of_a_secret_and_names_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    env = {
        "FRONTDESK_SLACK_SIGNING_SECRETS_FILE": str(tmp_path / "secret"),
        "FRONTDESK_COLOUR": "red",
        "HOME": "/",
    }
    assert misspelt(env) == {}


@pytest.mark.parametrize("roles", [ALL, ("intake",), ("router",), ("metrics",)])
def test_no_documented_setting_is_taken_for_another(roles: tuple[str, ...]) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = re.findall(r"^\| `(FRONTDESK_[A-Z_]+)`", text, re.MULTILINE)
    assert len(names) > 140
    assert misspelt({name: "" for name in names if name not in GOOD}, roles) == {}

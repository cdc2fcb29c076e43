"""What the documents say exists: doors, commands, links, settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.__main__ import COMMANDS
from services.intake.channels import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SETTING = re.compile(r"FRONTDESK_[A-Z][A-Z_]*[A-Z]")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_door_that_a_document_names_is_in_the_makefile(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    doors = set(re.findall(r"(?:`|\$ )make ([a-z][a-z0-9-]*)", text))
    assert {door for door in doors if not re.search(rf"^{door}:", makefile, re.MULTILINE)} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services", command, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "example" in done.stdout.lower()
    assert f"frontdesk {command}" in done.stdout


def test_a_wrong_command_says_which_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services", "dance"], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 2
    assert "serve" in done.stderr


def test_the_settings_pages_list_exactly_the_settings_that_the_code_reads() -> None:
    """docs/settings.md and each provider's own page, docs/channels/PAGE.md.

    A prefix such as FRONTDESK_METRICS_ or FRONTDESK_KAFKA_ is written out in the page by the fields that complete it."""
    read = {
        name
        for path in (ROOT / "services").rglob("*.py")
        for name in re.findall(r'\.\w+\(\s*"(FRONTDESK_[A-Z_]+[A-Z])"', path.read_text(encoding="utf-8"))
    }
    read |= {setting.name for provider in PROVIDERS for setting in provider.settings}
    metrics = (ROOT / "services/metrics/settings.py").read_text(encoding="utf-8")
    read |= {f"FRONTDESK_METRICS_{part}" for part in re.findall(r'name\("([A-Z_]+)"\)', metrics)}
    kafka = (ROOT / "services/runtime/kafka_access.py").read_text(encoding="utf-8")
    read |= {f"FRONTDESK_KAFKA_{part}" for part in re.findall(r'name\("([A-Z_]+)"\)', kafka)}
    pages = [ROOT / "docs/settings.md", *(ROOT / f"docs/channels/{one.page}.md" for one in PROVIDERS)]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    listed = set(re.findall(r"^\| `(FRONTDESK_[A-Z_]+)`", text, re.MULTILINE))
    assert listed == read

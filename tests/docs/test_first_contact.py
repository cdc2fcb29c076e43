"""The first contact that README and wallboard propose: one command, with a file that exists and a mailbox of the example."""

from __future__ import annotations

import re
import tomllib
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"curl smtp://127\.0\.0\.1:2525 --mail-from (\S+) --mail-rcpt (\S+) -T ([\w./]*\w)")


def test_the_first_contact_is_a_mail_to_a_mailbox_of_the_example() -> None:
    page = (ROOT / "services/metrics/wallboard/static/wallboard.js").read_text(encoding="utf-8")
    found = COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found and set(COMMAND.findall(page)) == set(found)
    sender, recipient, path = found[0]
    mail = message_from_bytes((ROOT / path).read_bytes())
    assert (recipient, sender in str(mail["From"])) == (mail["To"], True)
    accounts = tomllib.loads((ROOT / "examples/accounts.toml").read_text(encoding="utf-8"))["account"]
    assert recipient in {account["id"] for account in accounts}

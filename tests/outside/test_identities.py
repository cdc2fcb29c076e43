"""Telephone numbers of the world, and mail addresses (channels.md 7, goals 9 and 10)."""

from __future__ import annotations

import csv

import pytest

from services.intake.identity import phone, writer
from services.intake.mail.headers import mailboxes
from tests.outside.data import DATA, need_data, told

need_data()


def rows(path: str) -> list[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_numbers_are_e164_by_the_region_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows("phone/numbers.tsv")
    wrong = []
    for row in found:
        number = phone(row["raw"].removeprefix("whatsapp:"), row["region_of_line"])
        if number.e164 != row["e164"] or (not row["e164"] and number.absent_reason != row["type_or_reason"]):
            wrong.append(row["raw"])
    told(capsys, f"\nphone/numbers: {len(found) - len(wrong)} of {len(found)} right")

    assert wrong == []


def test_addresses_are_canonical() -> None:
    found = rows("mail/addresses.tsv")
    wrong = []
    for row in found:
        people = mailboxes(row["raw"]) or mailboxes("<>")
        address = writer(people[0].address).value if people else ""
        if address != row["identity"]:
            wrong.append((row["raw"], address))

    assert wrong == []

"""frontdesk read-mail: a line a mail, through the code that the listener runs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.intake.read_mail import mails_in, main

MAIL = (
    "Return-Path: <ana@x.example>\r\nFrom: Ana <ana@x.example>\r\nTo: support@acme.example\r\n"
    "Message-ID: <1@x.example>\r\nDate: Fri, 3 Apr 2026 16:19:00 +0200\r\nSubject: Refund\r\n\r\n"
    "When will I get the refund for my shoes?\r\n\r\nOn Fri, Apr 3, 2026 at 4:19 PM Acme <h@acme.example> wrote:\r\n> Hi\r\n"
)
BOUNCE = (
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: support@acme.example\r\nSubject: failure notice\r\n\r\n"
    "<bor@x.example>:\r\n550 5.1.1 unknown\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <7@acme.example>\r\n"
)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_mail_is_told_as_what_intake_makes_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL.encode())
    (tmp_path / "b.eml").write_bytes(BOUNCE.encode())

    assert main([str(tmp_path / "a.eml"), str(tmp_path / "b.eml")]) == 0

    question, bounce = lines(capsys)
    assert question["kind"] == "message"
    assert question["customer"] == {"type": "email", "value": "ana@x.example", "name": "Ana"}
    assert question["text"] == "When will I get the refund for my shoes?"
    assert (question["language"], question["topic"]) == ("en", "refund")
    assert question["facts"][0]["kind"] == "ContactArrived"
    assert bounce["kind"] == "bounce"
    assert bounce["recipients"] == [{"recipient": "bor@x.example", "action": "failed", "status": "5.1.1"}]
    assert bounce["original_message_id"] == "7@acme.example"
    assert bounce["facts"][0]["kind"] == "NonContactSeen"


def test_what_is_no_mail_is_told_beside_what_intake_makes_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\x02\x01\x00")
    (tmp_path / "a.eml").write_bytes(MAIL.encode())

    assert main([str(tmp_path / "program"), str(tmp_path / "a.eml")]) == 0

    told = capsys.readouterr()
    assert told.err.count("is it one?") == 1
    assert "program" in told.err
    assert len(told.out.splitlines()) == 2


def test_a_mailbox_on_standard_input_is_a_line_a_mail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    box = "".join(f"From x@y Fri Apr  3 16:19:00 2026\n{mail}\n" for mail in (MAIL, BOUNCE)).replace("\r", "")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(box.encode())))

    assert main(["-", "--to", "help@acme.example"]) == 0

    found = lines(capsys)
    assert [line["kind"] for line in found] == ["message", "bounce"]
    assert {line["account"] for line in found} == {"help@acme.example"}


def test_escaped_lines_of_a_mailbox_come_back() -> None:
    assert list(mails_in(b"From a\nA: b\n\n>From here\n\nFrom c\nA: d\n\nx\n")) == [
        b"A: b\n\nFrom here\n",
        b"A: d\n\nx\n",
    ]


def test_a_file_that_is_not_there_is_told_and_the_others_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL.encode())

    assert main([str(tmp_path / "no.eml"), str(tmp_path / "a.eml")]) == 1

    missing, read = lines(capsys)
    assert "error" in missing
    assert read["kind"] == "message"

"""frontdesk read-mail: what intake makes of mails in files, one JSON line a mail.

The mails go through the very code that the SMTP listener runs, with no log behind it: nothing is published. Names
are those of `frontdesk replay`. Exit status: 0, or 1 when a file could not be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from services.intake.accounts import Accounts
from services.intake.canonical import Known
from services.intake.interpret import Interpreter
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.mail.headers import Headers, mailboxes
from services.intake.mail.parse import parse_mail
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.replay import event_line
from services.intake.settings import LANGUAGES_DEFAULT

PROGRESS_FROM = 50
"""So many mails and more show their progress on a terminal."""
FILE_BYTES_MAX = 512 * 1024 * 1024
HEADER_BYTES_LOOKED_AT = 64 * 1024
DESK = "read-mail"
_SECRET = b"read-mail only: keys of no deployment"
_SEPARATOR = re.compile(rb"(?:\A|\n\r?\n)From [^\r\n]*\r?\n")
_USUAL = ("from", "date", "subject", "message-id", "received", "to")
_OURS = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
EPILOG = """examples:
  frontdesk read-mail question.eml
  frontdesk read-mail --to support@acme.example mails/*.eml > mails.jsonl
  frontdesk read-mail bounce.eml | jq '.recipients, .original_message_id'
  cat archive.mbox | frontdesk read-mail -"""


def main(argv: Sequence[str]) -> int:
    """Prints a line a mail; 1 when a file could not be read."""
    parser = argparse.ArgumentParser(
        prog="frontdesk read-mail",
        description="Shows what intake makes of mails: kind, customer, thread, newest words, language, topic, "
        "reports of bounces; one JSON line a mail. Nothing is published.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a mail (.eml), a mailbox (mbox), or - for standard input"
    )
    parser.add_argument(
        "--to", default="", metavar="ADDRESS", help="our address; else the mail's own Delivered-To or To"
    )
    parser.add_argument(
        "--languages",
        default=",".join(LANGUAGES_DEFAULT),
        metavar="LIST",
        help="the desk's languages, likeliest first (%(default)s)",
    )
    given = parser.parse_args(argv)
    reader = MailReader(tuple(filter(None, given.languages.split(","))), given.to)
    failed, count = False, 0
    for name in given.files:
        try:
            data = _bytes_of(name)
        except OSError as error:
            failed = True
            _print({"file": name, "error": f"cannot be read: {error.strerror or type(error).__name__}"})
            continue
        for number, mail in enumerate(mails_in(data)):
            if not has_headers(mail):
                sys.stderr.write(
                    f"frontdesk read-mail: {name}: {number} has no header of a mail; is it one?\n"
                )
            _print({"file": name, "number": number, **reader.line(mail)})
            count += 1
            _progress(count, len(given.files))
    if count >= PROGRESS_FROM and sys.stderr.isatty():
        sys.stderr.write("\n")
    return 1 if failed else 0


class MailReader:
    """Reads mails with one language model."""

    def __init__(self, languages: Sequence[str] = LANGUAGES_DEFAULT, account: str = "") -> None:
        accounts = Accounts(default_desk=DESK)
        needs = NeedReader(Languages(languages), time_limit_ms=10_000)
        self._interpreter = Interpreter(Known(), accounts, needs, _SECRET)
        self._languages = tuple(languages)
        self._account = account

    def line(self, data: bytes, at_ms: int | None = None) -> dict[str, Any]:
        """What one mail came to; `at_ms` is when it was received, now by default."""
        now_ms = int(time.time() * 1000) if at_ms is None else at_ms
        headers = parse_mail(data).headers
        recipients = (self._account or our_address(headers),)
        envelope = Envelope(envelope_sender(headers), recipients, data, now_ms)
        reading = read_mail(envelope, self._languages)
        found = self._interpreter.events("smtp", reading, data, now_ms)
        line: dict[str, Any] = {}
        for event, need in zip(reading.events, found.needs, strict=True):
            line |= event_line("smtp", event, need, now_ms)
        line["facts"] = [{"fact_id": fact.fact_id, "kind": type(fact.body).__name__} for fact in found.facts]
        line["dead_letters"] = [
            {"reason": problem.reason, "detail": problem.detail} for problem in found.problems
        ]
        return line


def has_headers(data: bytes) -> bool:
    """Whether anything says that this is a mail: whatever comes by SMTP is taken for one, a picture too."""
    headers = parse_mail(data[:HEADER_BYTES_LOOKED_AT]).headers
    return any(headers.first(name) for name in _USUAL)


def our_address(headers: Headers) -> str:
    """The address that a mail was for, by the fields that deliverers and senders write."""
    for name in _OURS:
        for one in mailboxes(headers.first(name)):
            if "@" in one.address:
                return one.address
    return "unknown@localhost.invalid"


def envelope_sender(headers: Headers) -> str:
    """Return-Path, else From: a file has no envelope."""
    path = headers.first("return-path").strip()
    sender = next((one.address for one in mailboxes(headers.first("from"))), "")
    return "<>" if path.replace(" ", "") == "<>" else path.strip("<> ") or sender or "unknown"


def mails_in(data: bytes) -> Iterator[bytes]:
    """The mails of a file: one, or those of a mailbox (RFC 4155), which begins with "From "."""
    if not data.startswith(b"From "):
        yield data
        return
    begins = list(_SEPARATOR.finditer(data))
    for found, following in zip(begins, [*begins[1:], None], strict=True):
        end = following.start() + 1 if following else len(data)
        yield re.sub(rb"(?m)^>(>*From )", rb"\1", data[found.end() : end])


def _bytes_of(name: str) -> bytes:
    if name == "-":
        return _bounded(sys.stdin.buffer)
    with Path(name).open("rb") as file:
        return _bounded(file)


def _bounded(file: BinaryIO) -> bytes:
    return file.read(FILE_BYTES_MAX)


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


def _progress(count: int, files: int) -> None:
    if count >= PROGRESS_FROM and count % 10 == 0 and sys.stderr.isatty():
        sys.stderr.write(f"\r{count} mails of {files} files read")
        sys.stderr.flush()

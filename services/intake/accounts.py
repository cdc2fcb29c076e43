"""Which desk an account of ours belongs to: a number, a mailbox, a page, a WhatsApp line (TOML).

default_desk = "acme"            # for accounts that are not listed; leave out to refuse them

[[account]]
id = "+381112345678"             # as the provider names it; "@acme.example" is every mailbox of a domain
desk_id = "acme"                 # may be left out when there is a default desk
region = "RS"                    # ISO 3166, of a telephone line: how national numbers are read
language = "sr"                  # what is usually spoken or written there
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NUMBER = re.compile(r"\+[0-9 ()./-]+")
_WITHIN_NUMBERS = re.compile(r"\(0\)|[ ()./-]")
"""A trunk prefix in brackets, +49 (0)30, is not dialled behind a country code."""
_SIP_NUMBER = re.compile(r"sips?:(\+[0-9]{6,15})@\S+")
_REGION = re.compile(r"^[A-Z]{2}$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(?:-[A-Za-z0-9]+)*$")
_DESK = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_TABLES = frozenset({"default_desk", "account"})
_KEYS = frozenset({"id", "desk_id", "region", "language"})


class AccountsError(ValueError):
    """The accounts file is wrong; the text says where and how to mend it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where an account's contacts go, and what is usual there."""

    desk_id: str
    region: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts by their folded id; `default_desk` is "" when unknown ones are refused."""

    by_id: Mapping[str, Account] = field(default_factory=dict)
    default_desk: str = ""

    def find(self, account: str) -> Account | None:
        """The account, one for its mail domain, the default desk, or None. Of a number a trunk may leave out the plus."""
        folded = fold(account)
        found = self.by_id.get(folded) or self.by_id.get(f"+{folded}")
        if found is None and "@" in folded:
            found = self.by_id.get("@" + folded.rpartition("@")[2])
        if found is None and self.default_desk:
            return Account(self.default_desk)
        return found

    @property
    def regions(self) -> dict[str, str]:
        """Region by account, of those that say one; of a number with and without its plus."""
        told = {name: account.region for name, account in self.by_id.items() if account.region}
        return {name.removeprefix("+"): region for name, region in told.items()} | told


def fold(account: str) -> str:
    """An id as it is compared: without a scheme and without case, a telephone number without what people write in it.

    sip:+4930901820@trunk.example is its number, as Twilio's line is (channels/twilio.py).
    """
    folded = " ".join(account.split()).lower()
    called = _SIP_NUMBER.fullmatch(folded)
    folded = called.group(1) if called else folded
    for scheme in ("whatsapp:", "messenger:", "tel:", "mailto:"):
        folded = folded.removeprefix(scheme)
    return _WITHIN_NUMBERS.sub("", folded) if _NUMBER.fullmatch(folded) else folded


def load_accounts(text: str, default_desk: str = "") -> Accounts:
    """Reads the file; a default desk in it goes before the one given. Raises AccountsError with all faults."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccountsError(f"not TOML: {error}") from None
    faults: list[str] = []
    default = data.get("default_desk", default_desk)
    if not isinstance(default, str) or (default and not _DESK.match(default)):
        faults.append("default_desk must be a desk id")
        default = ""
    faults.extend(f"unknown key {key}" for key in sorted(set(data) - _TABLES))
    listed = data.get("account", [])
    if not isinstance(listed, list):
        raise AccountsError("account must be a list of tables: [[account]]")
    by_id: dict[str, Account] = {}
    for number, entry in enumerate(listed, start=1):
        name, account, wrong = _account(entry, default)
        faults.extend(f"account {number}: {fault}" for fault in wrong)
        if name in by_id:
            faults.append(f"account {number}: {name} is listed twice")
        by_id[name] = account
    if faults:
        raise AccountsError("; ".join(faults))
    return Accounts(by_id, default)


def _account(entry: Any, default: str) -> tuple[str, Account, list[str]]:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        return "", Account(""), ["must be a table of strings"]
    wrong = [f"unknown key {key}" for key in sorted(set(entry) - _KEYS)]
    account = Account(entry.get("desk_id", default), entry.get("region", ""), entry.get("language", ""))
    if not entry.get("id"):
        wrong.append("id is missing")
    if not _DESK.match(account.desk_id):
        wrong.append("desk_id is missing or malformed, and there is no default_desk")
    if account.region and not _REGION.match(account.region):
        wrong.append('region must be two capitals, for example "RS"')
    if account.language and not _LANGUAGE.match(account.language):
        wrong.append('language must be a code, for example "sr"')
    return fold(entry.get("id", "")), account, wrong

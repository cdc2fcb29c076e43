"""Who contacted us: telephone numbers, mail addresses, and ids that are scoped to a page (channels.md 4).

A withheld caller has no identifier, and all withheld callers are different people: nothing is made up for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumber, shortnumberinfo

from services.intake.canonical import Customer
from services.intake.values import line

WITHHELD = frozenset(
    {"", "anonymous", "restricted", "unknown", "<unknown>", "private", "unavailable", "blocked", "withheld"}
)
_KEYS = {"abc": "2", "def": "3", "ghi": "4", "jkl": "5", "mno": "6", "pqrs": "7", "tuv": "8", "wxyz": "9"}
_KEYPAD = {letter: digit for letters, digit in _KEYS.items() for letter in letters}
WITHHELD_NUMBERS = frozenset(
    "+" + "".join(_KEYPAD[letter] for letter in word)
    for word in ("anonymous", "restricted", "unknown", "private", "unavailable", "blocked", "withheld")
)
"""Twilio spells a withheld caller's word on a keypad: +266696687 is ANONYMOUS."""
_NUMBER_CHARS_MAX = 120
_ADDRESS_CHARS_MAX = 320
_PLAIN = re.compile(
    r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,24}"
)
_PLAIN_CHARS_MAX = 64
"""Most addresses: plain enough for a pattern, eleven times faster than the validator, which says the same of them."""
_SYSTEM = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon"})
_IN_FULL = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SIP = re.compile(r"^sips?:", re.IGNORECASE)
_ESCAPED_PLUS = re.compile(r"%2b[0-9]", re.IGNORECASE)
"""A number's plus as some gateways write it, escaped (RFC 3261 19.1.2); of other users nothing is unescaped."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number in E.164 with its region, or the reason why there is none."""

    e164: str = ""
    region: str = ""
    extension: str = ""
    absent_reason: str = ""


def phone(raw: str, line_region: str = "") -> Phone:
    """Reads a caller id as it stands on a line of the region (ISO 3166, "" when unknown).

    One told in full, +4477..., is a number also when the numbering plan as we know it lacks it: plans grow.
    """
    number = raw[:_NUMBER_CHARS_MAX].strip()
    if number.lower() in WITHHELD or number in WITHHELD_NUMBERS:
        return Phone(absent_reason="anonymous")
    try:
        if number.startswith("+"):  # of no line's region
            parsed, region = _in_full(number)
        else:
            parsed = phonenumbers.parse(number, line_region or None)
            region = phonenumbers.region_code_for_number(parsed)
    except phonenumbers.NumberParseException:
        return Phone(absent_reason="invalid")
    if phonenumbers.is_valid_number(parsed):
        return Phone(
            phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
            region or "",
            parsed.extension or "",
        )
    if _IN_FULL.fullmatch(number) and phonenumbers.is_possible_number(parsed):
        return Phone(number, _country(parsed, region))
    if line_region and shortnumberinfo.is_valid_short_number_for_region(parsed, line_region):
        return Phone(absent_reason="short_code")
    return Phone(absent_reason="invalid")


@lru_cache(maxsize=4_096)
def _in_full(number: str) -> tuple[PhoneNumber, str | None]:
    """A number with its country code, read, and its region: the same one is asked for several times a delivery.

    Raises NumberParseException. Nobody changes what it answers.
    """
    parsed = phonenumbers.parse(number)
    return parsed, phonenumbers.region_code_for_number(parsed)


def _country(parsed: PhoneNumber, found: str | None) -> str:
    """The region found for a number; of one that no plan has, the main region of its country code; "" without one."""
    if not found and parsed.country_code is not None:
        found = phonenumbers.region_code_for_country_code(parsed.country_code)
    return found if found and len(found) == 2 and found != "ZZ" else ""


def region_of(number: str) -> str:
    """Region of an E.164 number, "" when it has none (a satellite, a short code, a name)."""
    try:
        parsed, region = _in_full(number[:_NUMBER_CHARS_MAX])
    except phonenumbers.NumberParseException:
        return ""
    return _country(parsed, region) if phonenumbers.is_possible_number(parsed) else ""


def caller(raw: str, line_region: str = "", name: str = "") -> Customer:
    """The customer behind a caller id: a number, a SIP address, a client's name, or nobody."""
    value = raw[:_NUMBER_CHARS_MAX].strip()
    if value.lower().startswith("client:"):
        return Customer(type="client", value=value[7:], name=line(name))
    if _SIP.match(value):
        return _sip(value, line_region, name)
    found = phone(value.removeprefix("tel:"), line_region)
    if found.absent_reason:
        return Customer(name=line(name), absent_reason=found.absent_reason)
    return Customer(type="phone", value=found.e164, name=line(name))


def _sip(value: str, line_region: str, name: str) -> Customer:
    """sip:number@host is the number, sip:user@host the address; parameters do not count (RFC 3261 19.1.1)."""
    address = value.split(":", 1)[1].split(";", 1)[0].split("?", 1)[0]
    user, _, host = address.rpartition("@")
    user = unquote(user) if _ESCAPED_PLUS.match(user) else user
    found = phone(user, line_region)
    if not found.absent_reason:
        return Customer(type="phone", value=found.e164, name=line(name))
    if found.absent_reason == "anonymous" or not user or not host:
        return Customer(name=line(name), absent_reason="anonymous" if not user else found.absent_reason)
    return Customer(type="sip", value=f"{user}@{host.lower()}", name=line(name))


def mail_address(raw: str) -> str:
    """The address in its canonical form, "" when it is nobody's (null sender, daemon, local host).

    The domain is lower-case and punycode, the local part is compared without case, a plus tag stays. A local part in
    quotes (RFC 5321 4.1.2) keeps them only where it needs them.
    """
    value = raw[:_ADDRESS_CHARS_MAX].strip().strip("<>").strip().removesuffix(".")
    if len(value) <= _PLAIN_CHARS_MAX and _PLAIN.fullmatch(value):
        return "" if value.partition("@")[0].lower() in _SYSTEM else value.lower()
    local, _, _ = value.rpartition("@")
    if not local or local.lower() in _SYSTEM:
        return ""
    try:
        checked = validate_email(
            value,
            check_deliverability=False,
            test_environment=True,
            allow_smtputf8=True,
            allow_quoted_local=True,
        )
    except (EmailNotValidError, ValueError, IndexError):
        return ""
    domain = checked.ascii_domain
    return f"{checked.local_part.lower()}@{domain.lower()}" if "." in domain else ""


def writer(raw: str, name: str = "") -> Customer:
    """The customer behind a mail address; without one, the reason is "invalid"."""
    address = mail_address(raw)
    if not address:
        return Customer(name=line(name), absent_reason="invalid")
    return Customer(type="email", value=address, name=line(name))


SCOPED = frozenset({"psid", "igsid", "facebook_user", "client"})
"""Types whose identifiers mean somebody else on another page or account of ours."""

LABELS = frozenset({"appstore_nickname"})
"""Types whose values are only names: nobody is recognised by them (channels.md 4)."""


def key_value(customer: Customer, account: str) -> str:
    """What a customer's keyed hash is made of: an id that is scoped to a page counts with its page."""
    return scoped_value(customer.type, customer.value, account)


def scoped_value(identity_type: str, value: str, account: str) -> str:
    """The same from the parts; "" for a name, so that equal names never meet."""
    if identity_type in LABELS:
        return ""
    return f"{account}|{value}" if value and identity_type in SCOPED else value

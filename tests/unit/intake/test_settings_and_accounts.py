"""Settings report all faults at once and show no secret; accounts say which desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.intake.accounts import AccountsError, load_accounts
from services.intake.canonical import Delivery, Known
from services.intake.channels import asterisk, imap, mastodon, meta
from services.intake.channels.fetching import TokenRequest
from services.intake.channels.provider import ProviderSetting
from services.intake.interpret import Interpreter
from services.intake.settings import IntakeSettings
from services.intake.submitted import Submissions
from services.intake.tokens import Token
from services.runtime.settings import SettingsError
from tests.unit.intake.world import ACCOUNTS, interpret, messenger, needs, said, sms

GOOD = {"FRONTDESK_IDENTITY_KEY": "sixteen bytes or", "FRONTDESK_DEFAULT_DESK": "acme"}
FILE = """
default_desk = "acme"
[[account]]
id = "+4930901820"
desk_id = "berlin"
region = "DE"
language = "de"
[[account]]
id = "@Shop.example"
desk_id = "shop"
"""


def test_little_is_required() -> None:
    assert IntakeSettings.from_env(GOOD).accounts.find("anything") is not None


def test_all_faults_are_told_together_without_a_secret() -> None:
    env = {
        "FRONTDESK_IDENTITY_KEY": "short-secret",
        "FRONTDESK_TWILIO_AUTH_TOKENS": "the-token",
        "FRONTDESK_POSTMARK_BASIC_AUTH": "no-colon",
        "FRONTDESK_LANGUAGES": "english",
        "FRONTDESK_BODY_BYTES_MAX": "many",
    }
    with pytest.raises(SettingsError) as caught:
        IntakeSettings.from_env(env)

    text = str(caught.value)
    assert len(caught.value.faults) == 6
    assert not any(secret in text for secret in ("short-secret", "the-token", "no-colon"))


def test_settings_do_not_show_their_secrets() -> None:
    env = {**GOOD, "FRONTDESK_META_APP_SECRETS": "meta-s1,meta-s2", "FRONTDESK_POSTMARK_BASIC_AUTH": "pm:pw"}
    settings = IntakeSettings.from_env(env)

    assert settings.known.of(meta.APP_SECRETS) == ("meta-s1", "meta-s2")
    assert not any(secret in repr(settings) for secret in ("sixteen", "meta-s1", "pm:pw"))


@pytest.mark.parametrize(
    "holder",
    [
        Delivery(
            "POST", "https://desk.example/hooks/trustpilot?key=k-3", {"authorization": "k-3"}, b"k-3", 0
        ),
        TokenRequest("https://oauth2.example/token", {"assertion": "k-3"}),
        Token("k-3", 0),
        Known(values={"FRONTDESK_SIP_KEYS": ("k-3",)}),
        Interpreter(Known(), ACCOUNTS, needs(), b"k-3"),
        Submissions(ACCOUNTS, needs(), b"k-3"),
    ],
)
def test_what_holds_a_secret_does_not_show_it(holder: object) -> None:
    assert "k-3" not in repr(holder)


@pytest.mark.parametrize("setting", [imap.PASSWORD, asterisk.AMI_SECRET, mastodon.TOKEN])
def test_secret_that_is_one_value_keeps_its_commas_and_blanks(setting: ProviderSetting) -> None:
    settings = IntakeSettings.from_env({**GOOD, setting.name: "a, b,,c"})

    assert settings.known.of(setting) == ("a, b,,c",)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("FRONTDESK_IMAP_ADDRESS", "FRONTDESK_IMAP_USER and FRONTDESK_IMAP_PASSWORD are required"),
        (
            "FRONTDESK_ASTERISK_AMI",
            "FRONTDESK_ASTERISK_AMI_USER and FRONTDESK_ASTERISK_AMI_SECRET are required",
        ),
        ("FRONTDESK_PLAY_PACKAGES", "FRONTDESK_PLAY_SERVICE_ACCOUNT is required"),
        ("FRONTDESK_MASTODON_ACCOUNT", "FRONTDESK_MASTODON_TOKEN is required"),
        ("FRONTDESK_CLOUDEVENTS_KAFKA_TOPIC", "FRONTDESK_CLOUDEVENTS_KAFKA_BOOTSTRAP is required"),
    ],
)
def test_settings_that_are_for_each_other_are_told_with_all_other_faults(given: str, wanted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        IntakeSettings.from_env({**GOOD, given: "x.example", "FRONTDESK_BODY_BYTES_MAX": "few"})

    assert any(fault == f"{wanted} with {given}" for fault in caught.value.faults)
    assert any("FRONTDESK_BODY_BYTES_MAX" in fault for fault in caught.value.faults)


def test_accounts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(FILE)
    settings = IntakeSettings.from_env({**GOOD, "FRONTDESK_ACCOUNTS_FILE": str(path)})

    assert settings.known.regions == {"+4930901820": "DE", "4930901820": "DE"}


@pytest.mark.parametrize(
    "written",
    ["+49 (30) 90-1820", "+49 (0)30 901820", "+49\u00a030\u00a0901820", "sip:+4930901820@trunk.example"],
)
def test_number_in_the_file_may_be_written_as_people_write_it(written: str) -> None:
    listed = load_accounts(f"[[account]]\nid = '{written}'\ndesk_id = 'berlin'\nregion = 'DE'\n")

    assert listed.regions == {"+4930901820": "DE", "4930901820": "DE"}
    assert listed.find("+49 30 901820") == listed.find("+4930901820")
    assert listed.find("+49 30 901821") is None


@pytest.mark.parametrize(
    ("account", "desk"),
    [
        ("+4930901820", "berlin"),
        ("whatsapp:+4930901820", "berlin"),
        ("+49 (30) 90-1820", "berlin"),
        ("4930901820", "berlin"),
        ("Help@shop.EXAMPLE", "shop"),
        ("100", "acme"),
    ],
)
def test_account_has_its_desk_or_the_default(account: str, desk: str) -> None:
    found = load_accounts(FILE).find(account)

    assert found is not None
    assert found.desk_id == desk


@pytest.mark.parametrize(
    "text",
    [
        "[[account]]\nid = '1'",
        "account = 5",
        "default_desk = 'a'\n[[acount]]\nid='1'",
        "default-desk = 'a'",
        "[[account]]\nid='1'\ndesk_id='a'\nregion='germany'",
        "x = ",
        "[[account]]\nid='1'\ndesk_id='a'\nbogus='1'",
    ],
)
def test_wrong_file_is_refused(text: str) -> None:
    with pytest.raises(AccountsError):
        load_accounts(text)


def test_unknown_account_without_a_default_is_a_dead_letter_and_a_2xx() -> None:
    found = interpret(sms(), load_accounts("[[account]]\nid='+4930901820'\ndesk_id='berlin'"))

    assert (found.reading.reply.status, found.facts) == (200, ())
    assert [problem.reason for problem in found.problems] == ["unknown_account"]
    assert interpret(sms(), ACCOUNTS).facts


def test_batch_for_an_unknown_account_is_one_dead_letter_with_all_of_it() -> None:
    batch = messenger(*(said(f"hello {number}", f"m{number}") for number in range(50)))
    found = interpret(batch, load_accounts("[[account]]\nid='+4930901820'\ndesk_id='berlin'"))

    assert len(found.reading.events) == 50
    assert [(problem.reason, problem.data) for problem in found.problems] == [("unknown_account", batch.body)]

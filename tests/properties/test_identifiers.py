"""Short ways give what the long ways give: derived ids, and plain mail addresses."""

from __future__ import annotations

from uuid import uuid5

from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from services.contract.ids import NAMESPACE, fact_id
from services.intake.identity import mail_address

LETTERS = "abzABZ09._+-@<> äß\x1f"


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_derived_ids_are_uuids_of_version_5(source: str, account: str, event_id: str) -> None:
    name = "\x1f".join(("fact", source, account, event_id, ""))

    assert fact_id(source, account, event_id) == str(uuid5(NAMESPACE, name))


@given(
    st.text(LETTERS, max_size=12),
    st.lists(st.text("abzAZ09-", min_size=1, max_size=6), min_size=1, max_size=3),
    st.sampled_from(("com", "example", "rs", "x", "123", "museum")),
)
def test_plain_addresses_are_what_the_validator_makes_of_them(
    local: str, labels: list[str], top: str
) -> None:
    address = f"{local}@{'.'.join(labels)}.{top}"
    try:
        checked = validate_email(
            address.strip().strip("<>").strip(), check_deliverability=False, test_environment=True
        )
        wanted = f"{checked.local_part.lower()}@{checked.ascii_domain.lower()}"
    except EmailNotValidError:
        wanted = ""

    assert mail_address(address) == wanted

"""frontdesk kpis: what its options ask, and what it says of those that are wrong."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import pytest

from services.cli.kpis import HOURS_MAX, instant, main, query_of, whole_number

AT = datetime(2026, 4, 10, 12, 14, 59, 900_000, UTC)


def asked(**options: object) -> tuple[str, str]:
    """Both ends of the window, "" for one that is open."""
    usual = {"desk": "", "by": [], "seconds": 0, "last": None, "from_at": None, "to_at": None}
    query = query_of(argparse.Namespace(**{**usual, "compare": False, "watch": False, **options}), AT)
    return (
        query.from_at.ToJsonString() if query.HasField("from_at") else "",
        query.to_at.ToJsonString() if query.HasField("to_at") else "",
    )


def test_the_last_hours_end_at_the_last_quarter_hour() -> None:
    assert asked(last=4) == asked(last=4, compare=True) == ("2026-04-10T08:00:00Z", "2026-04-10T12:00:00Z")
    assert asked(last=HOURS_MAX)[0] == "2016-04-12T12:00:00Z"


def test_the_last_hours_that_are_watched_go_on() -> None:
    assert asked(last=4, watch=True) == ("2026-04-10T08:00:00Z", "")


def test_without_a_window_everything_is_asked() -> None:
    assert asked() == ("", "")


def test_an_instant_has_a_zone_or_is_utc_and_keeps_its_fraction_for_metrics_to_refuse() -> None:
    assert asked(from_at=instant("2026-04-10T12:15"))[0] == "2026-04-10T12:15:00Z"
    assert asked(to_at=instant("2026-04-10T12:15+02:00"))[1] == "2026-04-10T10:15:00Z"
    assert asked(from_at=instant("2026-04-10T12:15:00.5"))[0] == "2026-04-10T12:15:00.500Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "yesterday"], "argument --from: 'yesterday' is no instant such as 2026-04-10T12:15"),
        (["--to", "2026-13-01"], "argument --to: '2026-13-01' is no instant"),
        (["--from", "0001-01-01T00:00+14:00"], "is not in the years from 1970 to 9999"),
        (["--to", "9999-12-31T23:45-12:00"], "is not in the years from 1970 to 9999"),
        (["--last", "99999999"], "argument --last: '99999999' is no whole number from 1 to 87600"),
        (["--last", "0"], "argument --last: '0' is no whole number"),
        (["--last", "-4"], "argument --last: '-4' is no whole number"),
        (["--last", "a day"], "argument --last: 'a day' is no whole number"),
        (
            ["--seconds", "99999999999"],
            "argument --seconds: '99999999999' is no whole number from 1 to 86400",
        ),
        (
            ["--last", "4", "--compare", "--weeks", "9"],
            "argument --weeks: '9' is no whole number from 1 to 8",
        ),
        (["--last", "4", "--to", "2026-04-10"], "--last is a window by itself"),
        (["--compare", "--from", "2026-04-10"], "--compare needs a window"),
        (["--mark", "shipper"], "--mark needs --desk"),
    ],
)
def test_a_wrong_option_is_said_in_plain_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("text", ["1", "8"])
def test_bounds_of_a_whole_number_are_in_it(text: str) -> None:
    assert whole_number(1, 8)(text) == int(text)

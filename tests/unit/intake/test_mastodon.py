"""Mastodon: the stream and the list say the same, and a post's HTML becomes its writer's words."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from services.intake.canonical import CanonicalEvent, Collector, Known, Wanted
from services.intake.channels import FETCHERS, mastodon
from services.intake.channels.mastodon_html import HTML_CHARS_MAX, post_text
from services.intake.settings import IntakeSettings
from services.runtime.settings import SettingsError
from tests.unit.intake.world import NOON_MS

KNOWN = Known(values={mastodon.ACCOUNT.name: ("care@m.example",), mastodon.TOKEN.name: ("tok",)})
LIST = "https://m.example/api/v1/notifications?limit=80"


def notification(kind: str = "mention", number: Any = "100", **status: Any) -> dict[str, Any]:
    writer = {
        "id": "7",
        "username": "ana",
        "acct": "Ana@Social.example",
        "display_name": "Ana :cat:",
        "bot": False,
    }
    post = {
        "id": "5",
        "in_reply_to_id": None,
        "visibility": "public",
        "language": "sl",
        "spoiler_text": "",
        "content": "<p>kje je?</p>",
        **status,
    }
    return {
        "id": number,
        "type": kind,
        "created_at": "2026-04-03T12:00:00.000Z",
        "account": writer,
        "status": post,
    }


def streamed(body: Any, name: str = "notification") -> Collector:
    found = Collector()
    mastodon.read_event(name, json.dumps(body).encode(), KNOWN, found)
    return found


def event(kind: str = "mention", **status: Any) -> CanonicalEvent:
    return streamed(notification(kind, **status)).events[0]


def paged(*entries: Any, cursor: str = "", after: str = "") -> tuple[Any, Collector]:
    found = Collector()
    wanted = Wanted(LIST + (f"&min_id={after}" if after else ""), "mastodon")
    return mastodon.read_page(json.dumps(list(entries)).encode(), wanted, KNOWN, cursor, found), found


def test_a_mention_is_public_and_its_writer_is_known_by_name_and_host() -> None:
    found = event()

    assert found.customer is not None
    assert (found.kind, found.public, found.text, found.language_hint) == ("mention", True, "kje je?", "sl")
    assert (found.customer.value, found.customer.name) == ("ana@social.example", "Ana :cat:")
    assert (found.thread_id, found.occurred_at_ms) == ("5", NOON_MS)


def test_a_local_name_gets_our_own_host() -> None:
    body = notification()
    body["account"]["acct"] = "Bor"
    found = streamed(body).events[0]

    assert found.customer is not None
    assert found.customer.value == "bor@m.example"


@pytest.mark.parametrize(
    ("visibility", "kind", "public"),
    [
        ("public", "mention", True),
        ("unlisted", "mention", True),
        ("private", "mention", False),
        ("direct", "message", False),
        ("limited", "mention", False),
        (None, "mention", False),
    ],
)
def test_what_only_we_can_see_is_a_message(visibility: Any, kind: str, public: bool) -> None:
    found = event(visibility=visibility)
    assert (found.kind, found.public) == (kind, public)


def test_an_answer_belongs_to_the_post_it_answers() -> None:
    found = event(in_reply_to_id="3")
    assert (found.thread_id, found.in_reply_to) == ("3", "3")


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("favourite", "reaction"),
        ("reblog", "reaction"),
        ("update", "edit"),
        ("quote", "mention"),
        ("quoted_update", "edit"),
    ],
)
def test_what_is_about_a_post_says_which(kind: str, becomes: str) -> None:
    found = event(kind, edited_at="2026-04-03T12:05:00.000Z")
    assert (found.kind, found.about_id) == (becomes, "" if becomes == "mention" else "5")


def test_a_bot_waits_for_no_answer() -> None:
    body = notification()
    body["account"]["bot"] = True
    assert streamed(body).events[0].kind == "auto_reply"


def test_what_we_wrote_ourselves_is_no_contact() -> None:
    body = notification()
    body["account"]["acct"] = "care"
    assert (streamed(body).events, streamed(body).dropped) == ([], ["own"])


@pytest.mark.parametrize(
    "kind", ["follow", "follow_request", "poll", "status", "admin.report", "moderation_warning"]
)
def test_other_notifications_are_counted(kind: str) -> None:
    found = streamed(notification(kind))
    assert (found.events, len(found.dropped), found.problems) == ([], 1, [])


@pytest.mark.parametrize("name", ["update", "delete", "status.update", "conversation", "filters_changed"])
def test_other_events_of_a_stream_are_counted(name: str) -> None:
    found = Collector()
    mastodon.read_event(name, b"1122", KNOWN, found)
    assert (found.events, len(found.dropped)) == ([], 1)


def test_what_nobody_knows_is_a_dead_letter() -> None:
    found = streamed(notification("levitation"))
    mastodon.read_event("levitation", b"{}", KNOWN, found)
    assert [one.reason for one in found.problems] == ["unknown_event", "unknown_event"]


class TestPages:
    """The list after a break."""

    def test_a_start_reads_the_newest_page_and_goes_on_from_its_newest(self) -> None:
        page, found = paged(notification(number="100"), notification(number="99"))

        assert mastodon.first(KNOWN, "") == Wanted(LIST, "mastodon")
        assert (page.more, page.cursor, len(found.events)) == (None, "100", 2)

    def test_an_account_without_notifications_stands_before_all_of_them(self) -> None:
        page, _ = paged()
        assert (page.more, page.cursor) == (None, "0")

    def test_after_a_break_pages_go_forward_until_one_is_empty(self) -> None:
        page, _ = paged(notification(number="102"), notification(number="101"), cursor="100", after="100")
        end, _ = paged(cursor="100", after="102")

        assert mastodon.first(KNOWN, "100") == Wanted(LIST + "&min_id=100", "mastodon")
        assert (page.more, page.cursor) == (Wanted(LIST + "&min_id=102", "mastodon"), "102")
        assert (end.more, end.cursor) == (None, "102")

    def test_ids_are_compared_as_numbers_of_any_length(self) -> None:
        page, _ = paged(notification(number="1000"), notification(number="999"), after="998", cursor="998")
        assert page.cursor == "1000"

    def test_a_server_that_repeats_itself_does_not_go_round_for_ever(self) -> None:
        page, _ = paged(notification(number="100"), after="100", cursor="100")
        assert page.more is None

    def test_an_id_with_marks_becomes_no_other_address(self) -> None:
        page, _ = paged(notification(number="9&limit=1#x"), after="1", cursor="1")
        assert page.more is not None
        assert page.more.url == LIST + "&min_id=9%26limit%3D1%23x"

    def test_stream_and_list_give_the_same_event(self) -> None:
        assert paged(notification())[1].events == streamed(notification()).events

    def test_one_broken_entry_does_not_lose_its_neighbours(self) -> None:
        _, found = paged(
            "x", {"type": "mention"}, {"type": "mention", "id": "1", "status": None}, notification()
        )
        assert (len(found.events), len(found.problems), found.dropped) == (1, 2, ["post_gone"])


class TestSettings:
    """Where it goes, and as whom."""

    def test_nothing_is_asked_without_account_or_token(self) -> None:
        for known in (Known(), Known(values={mastodon.ACCOUNT.name: ("care@m.example",)})):
            assert (mastodon.first(known, ""), mastodon.open_stream(known)) == (None, None)

    def test_the_servers_may_have_other_hosts_than_the_account(self) -> None:
        values = {**KNOWN.values, mastodon.SERVER.name: ("api.m.example",)}
        wanted = mastodon.open_stream(Known(values=values))
        other = mastodon.open_stream(Known(values={**values, mastodon.STREAMING.name: ("s.m.example",)}))

        assert wanted is not None
        assert other is not None
        assert wanted.url == "https://api.m.example/api/v1/streaming/user/notification"
        assert other.url.startswith("https://s.m.example/")
        assert FETCHERS["mastodon"].allows(wanted.url)

    def test_the_token_is_sent_as_it_is(self) -> None:
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_MASTODON_TOKEN": "to,k",
        }
        known = IntakeSettings.from_env(env).known
        assert FETCHERS["mastodon"].headers(known, 0) == {"Authorization": "Bearer to,k"}

    @pytest.mark.parametrize(
        "account", ["care", "care@", "care@m.example/x", "care@127.0.0.1", "@m.example", "a@b"]
    )
    def test_an_account_that_is_none_stops_the_start(self, account: str) -> None:
        env = {
            "FRONTDESK_IDENTITY_KEY": "sixteen bytes or",
            "FRONTDESK_DEFAULT_DESK": "acme",
            "FRONTDESK_MASTODON_ACCOUNT": account,
        }
        with pytest.raises(SettingsError):
            IntakeSettings.from_env(env)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Ena</p><p>Dve<br>tri</p>", "Ena\n\nDve\ntri"),
        ("<p>&quot;x&quot; &amp;amp; &lt;y&gt;</p>", '"x" &amp; <y>'),
        (
            '<p><span class="h-card"><a href="https://m.example/@care" class="u-url mention">@<span>care</span></a></span> hej</p>',
            "@care hej",
        ),
        ('<a href="https://m.example/tags/x" class="mention hashtag">#<span>x</span></a>', "#x"),
        (
            '<a href="https://shop.example/orders/1234567890"><span class="invisible">https://</span>'
            '<span class="ellipsis">shop.example/orders/123</span><span class="invisible">4567890</span></a>',
            "https://shop.example/orders/1234567890",
        ),
        ('<a href="https://shop.example/x?a=1&amp;b=2">here</a>!', "here (https://shop.example/x?a=1&b=2)!"),
        ('<a href="javascript:x()">here</a>', "here"),
        (
            '<p class="quote-inline">RE: <a href="https://m.example/1">https://m.example/1</a></p><p>Da.</p>',
            "Da.",
        ),
        ("<ul><li>ena</li><li>dve</li></ul>", "- ena\n- dve"),
        ("<p>a</p>b", "a\nb"),
        ('x <img class="emoji" alt=":cat:">', "x :cat:"),
        ("<script>x</script>plain text, no tags", "plain text, no tags"),
        ("", ""),
    ],
)
def test_a_posts_html_becomes_its_writers_words(html: str, words: str) -> None:
    assert post_text(html) == words


@pytest.mark.parametrize(
    "piece", ["<div>", "<a href='https://x.example'>", "<p>a", "<", "&", "<ul><li>", "\n", "<br>"]
)
def test_hostile_html_takes_less_than_a_second(piece: str) -> None:
    began = time.process_time()
    post_text(piece * (HTML_CHARS_MAX // len(piece) + 1))
    assert time.process_time() - began < 1

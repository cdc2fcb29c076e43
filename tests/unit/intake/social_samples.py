"""One delivery of each shape that the social providers send, as JSON, with all that readers look at."""

from __future__ import annotations

from typing import Any

from tests.unit.intake.world import said, wrote

MESSAGE = {
    "message_id": 11,
    "from": {"id": 501, "first_name": "Ana"},
    "chat": {"id": 501, "type": "private"},
    "date": 1,
    "text": "Hi",
    "reply_to_message": {"message_id": 3, "chat": {"id": 501}},
    "contact": {"user_id": 501, "phone_number": "381641112223"},
    "sender_chat": {"id": 4, "title": "x"},
    "photo": [{"file_id": "a"}],
}
TWEET = {
    "id_str": "5",
    "user": {"id_str": "7", "name": "Ana"},
    "text": "hi",
    "extended_tweet": {"full_text": "hi", "entities": {"media": [{}]}},
    "created_at": "Fri Apr 03 12:00:00 +0000 2026",
    "retweeted_status": {"id_str": "4"},
}
DIRECT = {
    "id": "9",
    "created_timestamp": "1",
    "message_create": {
        "target": {"recipient_id": "1"},
        "sender_id": "7",
        "message_data": {"text": "x", "attachment": {"type": "media"}},
    },
}
SLACK = {
    "user": "U1",
    "text": "x",
    "ts": "1.2",
    "channel": "C1",
    "files": [{}],
    "attachments": [{"text": "x"}],
}
PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("/hooks/telegram", {"update_id": 1, "message": MESSAGE}),
    (
        "/hooks/telegram",
        {"update_id": 1, "edited_business_message": {**MESSAGE, "business_connection_id": "b"}},
    ),
    (
        "/hooks/telegram",
        {
            "update_id": 1,
            "callback_query": {
                "id": "1",
                "from": {"id": 5},
                "data": "d",
                "message": {
                    **MESSAGE,
                    "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "d"}]]},
                },
            },
        },
    ),
    (
        "/hooks/telegram",
        {
            "update_id": 1,
            "message_reaction": {
                "chat": {"id": 1},
                "message_id": 2,
                "user": {"id": 3},
                "new_reaction": [{"emoji": "x"}],
            },
        },
    ),
    (
        "/hooks/telegram",
        {"update_id": 1, "deleted_business_messages": {"chat": {"id": 1}, "message_ids": [1, 2]}},
    ),
    (
        "/hooks/x",
        {
            "for_user_id": "1",
            "users": {"7": {"id": "7", "name": "x"}},
            "direct_message_events": [DIRECT],
            "tweet_create_events": [TWEET, {**TWEET, "retweeted_status": None}],
            "favorite_events": [{"id": "1", "user": {"id_str": "7"}, "favorited_status": TWEET}],
            "tweet_delete_events": [{"status": {"id": "1", "user_id": "7"}, "timestamp_ms": "1"}],
        },
    ),
    *(
        (
            "/hooks/x",
            {
                "data": {
                    "event_type": name,
                    "filter": {"user_id": "1"},
                    "payload": payload,
                    "includes": {"users": [{"data": {"id": "7", "name": "x"}}]},
                }
            },
        )
        for name, payload in (
            (
                "post.reply.create",
                {"id": "1", "author_id": "7", "referenced_tweets": [{"type": "quoted", "id": "2"}]},
            ),
            ("dm.received", {"direct_message_events": [DIRECT], "users": {"7": {"data": {"id": "7"}}}}),
            ("chat.received", {"id": "1", "sender_id": "7", "conversation_id": "7:1"}),
            ("like.create", {"id": "1", "liked_tweet_id": "2", "liked_tweet_author_id": "1"}),
            ("broadcast.chat", {"message_id": "1", "message": "x", "author": {"data": {"id": "7"}}}),
            ("post.delete", {"id": "1", "author_id": "7"}),
        )
    ),
    *(
        (
            "/hooks/slack",
            {
                "type": "event_callback",
                "team_id": "T1",
                "event_id": "E1",
                "event_time": 1,
                "event": event,
                "authorizations": [{"team_id": "T1", "user_id": "U2", "is_bot": True}],
                "is_ext_shared_channel": True,
            },
        )
        for event in (
            {"type": "message", **SLACK, "thread_ts": "1.1", "user_profile": {"real_name": "x"}},
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "message": SLACK,
                "previous_message": {**SLACK, "text": "y"},
            },
            {
                "type": "message",
                "subtype": "message_deleted",
                "channel": "C1",
                "deleted_ts": "1.2",
                "previous_message": SLACK,
            },
            {"type": "reaction_added", "user": "U1", "reaction": "x", "item": {"channel": "C1", "ts": "1.2"}},
        )
    ),
    (
        "/hooks/meta",
        {"object": "instagram", "entry": [{"id": "1", "time": 1, "messaging": [said(attachments=[{}])]}]},
    ),
    (
        "/hooks/meta",
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "metadata": {"phone_number_id": "5"},
                                "contacts": [
                                    {"wa_id": "381641112223", "user_id": "RS.1", "profile": {"name": "x"}}
                                ],
                                "messages": [
                                    wrote(),
                                    wrote("system", type="user_changed_number", wa_id="381649998887"),
                                    wrote("interactive", nfm_reply={"response_json": '{"a":"b"}'}),
                                ],
                                "statuses": [{"id": "1", "type": "call", "status": "accepted"}],
                            },
                        }
                    ]
                }
            ],
        },
    ),
]
INTERACTIONS: list[dict[str, Any]] = [
    {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "container": {"message_ts": "1.2", "channel_id": "C1"},
        "actions": [
            {"type": "button", "text": {"text": "x"}, "action_ts": "1.2", "action_id": "a"},
            {"selected_option": {"text": {"text": "y"}, "value": "v"}, "action_ts": "1.3"},
        ],
    },
    {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T2"},
        "view": {"id": "V1", "state": {"values": {"b": {"a": {"value": "x"}}}}},
    },
]

"""Telegram's Bot API webhook: one update a request, proven by a secret that setWebhook was given (channels.md 2.3).

A bot's own messages are not sent to it. What an update holds is named by its one key besides `update_id`.
`update_id` starts anew after a quiet week, so the facts' ids are made of chat and message.
"""

from __future__ import annotations

import re

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels.adapter import ACCOUNT_KEPT, Adapter
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.signing import any_equal
from services.intake.channels.telegram_messages import Place, pressed, reacted, removed, wrote
from services.intake.values import Unreadable, ident, load_json, obj

_SETTING = re.compile(r"(?:(\d{1,20}):)?([A-Za-z0-9_-]{1,256})", re.ASCII)
SECRETS = ProviderSetting(
    name="FRONTDESK_TELEGRAM_SECRET_TOKENS",
    says="secret tokens given to setWebhook; `BOT_ID:SECRET` names the bot, for accounts and when there are several",
    in_cases=("secret_token", "secret_tokens"),
    fault=lambda given: "" if all(map(_SETTING.fullmatch, given)) else "must be SECRET or BOT_ID:SECRET",
)
SCHEME = "telegram"
ACCOUNT = "telegram"
"""Account of a bot whose id the setting does not say."""
UNAUTHORIZED = ProviderReply(401, body="the secret token is missing or wrong")
_MESSAGES = {
    "message": False,
    "edited_message": True,
    "channel_post": False,
    "edited_channel_post": True,
    "business_message": False,
    "edited_business_message": True,
    "guest_message": False,
}
"""Updates that hold a message, and whether it is an edited one."""
_NO_EVENTS = {
    "my_chat_member": "member",
    "chat_member": "member",
    "chat_join_request": "member",
    "business_connection": "member",
    "poll": "poll",
    "poll_answer": "poll",
    "inline_query": "inline",
    "chosen_inline_result": "inline",
    "shipping_query": "payment",
    "pre_checkout_query": "payment",
    "purchased_paid_media": "payment",
    "subscription": "payment",
    "managed_bot": "member",
    "message_reaction_count": "reaction_count",
    "chat_boost": "boost",
    "removed_chat_boost": "boost",
}


def verify(delivery: Delivery, known: Known) -> Verdict:
    given = delivery.headers.get("x-telegram-bot-api-secret-token", "")
    if any_equal(given, [secret for _, secret in _bots(known)]):
        return Verdict(True, SCHEME)
    return Verdict(False, SCHEME, "wrong secret" if given else "no secret")


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    update = load_json(delivery.body)
    update_id = ident(update.get("update_id"))
    if not update_id:
        raise Unreadable("no update_id")
    place = Place(_account(delivery, known), update_id)
    for name, edited in _MESSAGES.items():
        if name in update:
            wrote(place, obj(update[name]), found, edited=edited)
            return
    if "callback_query" in update:
        pressed(place, obj(update["callback_query"]), found)
    elif "message_reaction" in update:
        reacted(place, obj(update["message_reaction"]), found)
    elif "deleted_business_messages" in update:
        removed(place, obj(update["deleted_business_messages"]), found)
    else:
        dropped = next((kind for name, kind in _NO_EVENTS.items() if name in update), "")
        if dropped:
            found.dropped.append(dropped)
        else:
            found.problems.append(Problem("unknown_event", "update of an unknown type", delivery.body))


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


def _bots(known: Known) -> list[tuple[str, str]]:
    """Bot ("" when not said) and secret of each value."""
    found = []
    for value in known.of(SECRETS):
        bot, _, secret = value.rpartition(":")
        found.append((bot, secret) if bot.isdecimal() else ("", value))
    return [one for one in found if one[1]]


def _account(delivery: Delivery, known: Known) -> str:
    """The bot that the secret is of; what is read again has its name in place of the secret."""
    kept = delivery.headers.get(ACCOUNT_KEPT, "")
    given = delivery.headers.get("x-telegram-bot-api-secret-token", "")
    bots = (bot for bot, secret in _bots(known) if bot and any_equal(given, [secret]))
    return kept or next(bots, ACCOUNT)


WEBHOOK = Adapter("telegram", verify, parse, reply, refused=UNAUTHORIZED, account=_account)
PROVIDER = Provider(
    name="telegram",
    title="Telegram",
    media=("telegram",),
    verified_by="secret token in a header",
    event_id="chat and message id; and state",
    page="telegram",
    hooks={"/hooks/telegram": WEBHOOK},
    settings=(SECRETS,),
)

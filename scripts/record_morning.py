"""Writes examples/morning/deliveries/ from stories.toml: each delivery as its provider would send it, signed.

    python scripts/record_morning.py            writes the deliveries
    python scripts/record_morning.py --check    fails when they are stale

The files have the format that `frontdesk replay` reads: one HTTP request each (or one mail, for SMTP).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sys
import tomllib
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

MORNING = Path(__file__).resolve().parent.parent / "examples" / "morning"
Story = dict[str, Any]
COUNTRIES = {"+381": "RS", "+49": "DE", "+55": "BR", "+91": "IN", "+1": "US", "+386": "SI"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when stale")
    check = parser.parse_args().check
    script = tomllib.loads((MORNING / "stories.toml").read_text(encoding="utf-8"))
    wanted = {MORNING / "deliveries" / f"{name}.json": text for name, text in deliveries(script).items()}
    there = set((MORNING / "deliveries").glob("*.json"))
    stale = {path for path, text in wanted.items() if path not in there or path.read_text("utf-8") != text}
    stale |= there - set(wanted)
    if check:
        for path in sorted(stale):
            print(f"stale, run scripts/record_morning.py: {path.name}", file=sys.stderr)
        return 1 if stale else 0
    (MORNING / "deliveries").mkdir(exist_ok=True)
    for path in there - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(wanted)} deliveries, {len(stale)} changed")
    return 0


def deliveries(script: dict[str, Any]) -> dict[str, str]:
    """File text by delivery name; a duplicate has the request of what it repeats."""
    recorder = Recorder(script["keys"], script["lines"])
    cases = {
        story["id"]: recorder.case(story) for story in (*script["story"], *script["noise"]) if "by" in story
    }
    for story in script["noise"]:
        if "again" in story:
            case = dict(cases[story["again"]], case=story["id"])
            case["received_at"] = recorder.instant(story).isoformat().replace("+00:00", "Z")
            cases[story["id"]] = case
    return {name: json.dumps(case, ensure_ascii=False, indent=1) + "\n" for name, case in cases.items()}


class Recorder:
    """Builds requests as providers do."""

    def __init__(self, keys: dict[str, str], lines: dict[str, str]) -> None:
        self.keys, self.lines = keys, lines

    def instant(self, story: Story) -> datetime:
        return datetime.fromisoformat(f"{self.keys['day']}T{story['at']}").replace(tzinfo=UTC)

    def case(self, story: Story) -> dict[str, Any]:
        kind = story["by"]
        build = {
            "call": self.call,
            "sms": self.sms,
            "postmark": self.postmark,
            "smtp": self.smtp,
            "messenger": self.messenger,
            "messenger-read": self.messenger,
            "messenger-unknown": self.messenger,
            "facebook-comment": self.facebook_comment,
            "trustpilot": self.trustpilot,
            "whatsapp": self.whatsapp,
        }[kind]
        return {
            "case": story["id"],
            "origin": "authored in the documented format",
            "licence": "Apache-2.0 (written for this project)",
            "received_at": self.instant(story).isoformat().replace("+00:00", "Z"),
            **build(story),
        }

    def call(self, story: Story) -> dict[str, Any]:
        """The first request of a call; `hang_up` is the status callback for when the caller leaves."""
        sid = "CA" + hashlib.md5(story["id"].encode(), usedforsecurity=False).hexdigest()
        to = self.lines[story["line"]]
        common = {"CallSid": sid, "AccountSid": "AC" + "0" * 32, "From": story["from"], "To": to}
        country = next((code for prefix, code in COUNTRIES.items() if story["from"].startswith(prefix)), "")
        ringing = {**common, "CallStatus": "ringing", "ApiVersion": "2010-04-01", "Direction": "inbound"}
        request = self.twilio("/hooks/twilio/voice", {**ringing, "FromCountry": country})
        ended = {**ringing, "CallStatus": "completed", "CallDuration": "1", "SequenceNumber": "3"}
        hang_up = self.twilio("/hooks/twilio/voice/status", ended)
        return {
            "provider": "twilio",
            "secrets": {"auth_token": self.keys["twilio_auth_token"]},
            "request": request,
            "hang_up": hang_up,
        }

    def sms(self, story: Story) -> dict[str, Any]:
        sid = "SM" + hashlib.md5(story["id"].encode(), usedforsecurity=False).hexdigest()
        fields = {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": "AC" + "0" * 32,
            "From": story["from"],
            "To": self.lines[story["line"]],
            "Body": story["text"],
            "NumMedia": "0",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        return {
            "provider": "twilio",
            "secrets": {"auth_token": self.keys["twilio_auth_token"]},
            "request": self.twilio("/hooks/twilio/sms", fields),
        }

    def twilio(self, path: str, fields: dict[str, str]) -> dict[str, Any]:
        """A form post, signed: base64 HMAC-SHA1 over the URL and the sorted names and values."""
        url = self.keys["public_url"] + path
        signed = url + "".join(name + fields[name] for name in sorted(fields))
        mac = hmac.new(self.keys["twilio_auth_token"].encode(), signed.encode(), "sha1").digest()
        return {
            "method": "POST",
            "url": url,
            "headers": {
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Twilio-Signature": base64.b64encode(mac).decode(),
            },
            "body": urlencode(fields),
        }

    def postmark(self, story: Story) -> dict[str, Any]:
        headers = [{"Name": "Message-ID", "Value": f"<{story['id']}@{story['from'].partition('@')[2]}>"}]
        if story.get("auto_submitted"):
            headers.append({"Name": "Auto-Submitted", "Value": "auto-replied"})
        to = {"Email": self.lines["mail"], "Name": "", "MailboxHash": ""}
        body = {
            "FromName": story["name"],
            "MessageStream": "inbound",
            "From": story["from"],
            "FromFull": {"Email": story["from"], "Name": story["name"], "MailboxHash": ""},
            "To": self.lines["mail"],
            "ToFull": [to],
            "OriginalRecipient": self.lines["mail"],
            "Subject": story["subject"],
            "MessageID": hashlib.md5(story["id"].encode(), usedforsecurity=False).hexdigest(),
            "ReplyTo": "",
            "MailboxHash": "",
            "Date": format_datetime(self.instant(story)),
            "TextBody": story["text"] + "\n",
            "HtmlBody": "",
            "StrippedTextReply": "",
            "Headers": headers,
            "Attachments": [],
        }
        credentials = base64.b64encode(self.keys["postmark_basic_auth"].encode()).decode()
        return {
            "provider": "postmark",
            "secrets": {"basic_auth": self.keys["postmark_basic_auth"]},
            "request": {
                "method": "POST",
                "url": self.keys["public_url"] + "/hooks/postmark",
                "headers": {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"},
                "body": json.dumps(body, ensure_ascii=False),
            },
        }

    def smtp(self, story: Story) -> dict[str, Any]:
        local, _, domain = story["from"].partition("@")
        mail = EmailMessage()
        mail["From"] = Address(story["name"], local, domain)
        mail["To"] = self.lines["mail"]
        mail["Subject"] = story["subject"]
        mail["Date"] = format_datetime(self.instant(story))
        mail["Message-ID"] = f"<{story['id']}@{domain}>"
        mail.set_content(story["text"] + "\n", cte="quoted-printable")
        return {
            "provider": "smtp",
            "smtp": {"mail_from": story["from"], "rcpt_to": [self.lines["mail"]], "data": mail.as_string()},
        }

    def messenger(self, story: Story) -> dict[str, Any]:
        at_ms = int(self.instant(story).timestamp() * 1000)
        page = self.lines["page"]
        item: dict[str, Any] = {
            "sender": {"id": story["from"]},
            "recipient": {"id": page},
            "timestamp": at_ms,
        }
        match story["by"]:
            case "messenger-read":
                item["read"] = {"watermark": at_ms}
            case "messenger-unknown":
                item["hologram"] = {"shape": "cube"}
            case _:
                item["message"] = {"mid": f"m_{story['id']}", "text": story["text"]}
        return self.meta(
            {"object": "page", "entry": [{"id": page, "time": at_ms, "messaging": [item]}]}, story
        )

    def facebook_comment(self, story: Story) -> dict[str, Any]:
        """A comment below a post of the page; a feed's times are in seconds."""
        page, at = self.lines["page"], int(self.instant(story).timestamp())
        value = {
            "from": {"id": story["from"], "name": story["name"]},
            "item": "comment",
            "comment_id": f"{page}_900_{story['from']}",
            "post_id": f"{page}_900",
            "parent_id": f"{page}_900",
            "verb": "add",
            "created_time": at,
            "message": story["text"],
        }
        entry = {"id": page, "time": at, "changes": [{"field": "feed", "value": value}]}
        return self.meta({"object": "page", "entry": [entry]}, story)

    def trustpilot(self, story: Story) -> dict[str, Any]:
        """A review, as it is written; Trustpilot signs nothing, a key stands in the address."""
        key = self.keys["trustpilot_url_key"]
        data = {
            "id": hashlib.md5(story["id"].encode(), usedforsecurity=False).hexdigest()[:24],
            "language": story.get("language", "en"),
            "title": story["subject"],
            "text": story["text"],
            "stars": story["stars"],
            "createdAt": self.instant(story).isoformat().replace("+00:00", ".000Z"),
            "isVerified": True,
            "consumer": {"id": story["from"], "name": story["name"]},
            "tags": [],
        }
        event = {"eventName": "service-review-created", "version": "1", "eventData": data}
        return {
            "provider": "trustpilot",
            "secrets": {"url_key": key},
            "request": {
                "method": "POST",
                "url": f"{self.keys['public_url']}/hooks/trustpilot?key={key}",
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps({"events": [event]}, ensure_ascii=False),
            },
        }

    def whatsapp(self, story: Story) -> dict[str, Any]:
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "381112345678", "phone_number_id": self.lines["whatsapp"]},
            "contacts": [{"profile": {"name": story["name"]}, "wa_id": story["from"]}],
            "messages": [
                {
                    "from": story["from"],
                    "id": f"wamid.{story['id']}",
                    "timestamp": str(int(self.instant(story).timestamp())),
                    "text": {"body": story["text"]},
                    "type": "text",
                }
            ],
        }
        entry = {"id": "1234567890", "changes": [{"value": value, "field": "messages"}]}
        return self.meta({"object": "whatsapp_business_account", "entry": [entry]}, story)

    def meta(self, body: dict[str, Any], story: Story) -> dict[str, Any]:
        raw = json.dumps(body)  # Meta escapes everything that is not ASCII
        secret = "another secret" if story.get("forged") else self.keys["meta_app_secret"]
        mac = hmac.new(secret.encode(), raw.encode(), "sha256").hexdigest()
        return {
            "provider": "meta",
            "secrets": {"app_secret": self.keys["meta_app_secret"]},
            "request": {
                "method": "POST",
                "url": self.keys["public_url"] + "/hooks/meta",
                "headers": {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={mac}"},
                "body": raw,
            },
        }


if __name__ == "__main__":
    sys.exit(main())

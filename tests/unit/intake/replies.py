"""Composes replies as mail programs write them: program, language, structure, each with the words that are new.

The templates (reply_templates.toml) were written from knowledge of the programs; they are not captured mails.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

TEMPLATES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "reply_templates.toml").read_text(encoding="utf-8")
)
NAME = "Acme Support"
ADDRESS = "help@acme.example"
ATTRIBUTIONS = ("gmail", "apple", "thunderbird", "yahoo", "proton", "k9", "horde")
COMPANY = [
    "Ana Novak",
    "Head of Purchasing",
    "Novak d.o.o.",
    "Glavna 5, 21000 Novi Sad",
    "Tel. +381 21 555 333",
    "www.novak.example",
]


@dataclass(frozen=True)
class Reply:
    """A composed mail; `newest` is what a person wrote in it, `also` what is right too."""

    program: str
    language: str
    structure: str
    text: str
    newest: str
    also: tuple[str, ...] = ()
    html: bool = False


def replies() -> Iterator[Reply]:
    """All of them, in a fixed order."""
    for language, words in TEMPLATES.items():
        for program in ATTRIBUTIONS:
            if program in words:
                line = words[program].format(n=NAME, a=ADDRESS)
                yield from _attributed(program, language, words, line)
        yield from _blocks(language, words)
        yield from _pages(language, words)


def _attributed(program: str, language: str, words: dict[str, Any], line: str) -> Iterator[Reply]:
    own, old = words["own"], words["old"]
    newest = "\n".join(own)
    marked = [f"> {one}" for one in old]
    folded = wrap(line, 40, break_long_words=False, break_on_hyphens=False)
    yield Reply(program, language, "above", _joined(*own, "", line, "", *marked), newest)
    yield Reply(program, language, "above, folded", _joined(*own, "", *folded, "", *marked), newest)
    yield Reply(program, language, "no blank line", _joined(*own, line, *marked), newest)
    yield Reply(program, language, "no marks", _joined(*own, "", line, "", *old), newest)
    yield Reply(program, language, "below", _joined(line, *marked, "", *own), newest)
    between = _joined(line, "", marked[0], "", own[0], "", *marked[1:], "", own[1])
    yield Reply(program, language, "between", between, f"{own[0]}\n\n{own[1]}", (newest,))
    quoted = _joined(*own, "", words["phone"], "", f"> {line}", ">", *marked)
    yield Reply(program, language, "phone, attribution behind >", quoted, newest)
    closed = _joined(*own, "", words["close"], "Ana Novak", "", line, "", *marked)
    yield Reply(program, language, "closing", closed, newest)
    company = _joined(*own, "", words["close"], "", *COMPANY, "", line, *marked)
    yield Reply(program, language, "closing and company", company, newest)
    signed = _joined(*own, "", "-- ", *COMPANY, "", line, *marked)
    yield Reply(program, language, "signature", signed, newest)
    nested = _joined(*own, "", line, *marked, f"> {line}", "> > Hello", "> >", "> > Ana")
    yield Reply(program, language, "nested", nested, newest)


def _header(labels: list[str]) -> list[str]:
    values = {0: f" {NAME} <{ADDRESS}>", 1: " Ana Novak <ana@x.example>", 2: " Re: 4711"}
    lines, number = [], 0
    for label in labels:
        if label.rstrip().endswith(":"):
            lines.append(label + values[number])
            number += 1
        else:
            lines.append(label)
    return lines


def _blocks(language: str, words: dict[str, Any]) -> Iterator[Reply]:
    own, old = words["own"], words["old"]
    newest = "\n".join(own)
    for name in ("outlook", "gmx"):
        if name not in words:
            continue
        block = _header(words[name])
        starred = [f"*{label}:*{rest}" for label, _, rest in (line.partition(":") for line in block)]
        plain = [line.replace(f" <{ADDRESS}>", "").replace(" <ana@x.example>", "") for line in block]
        opening = f"-----{words['opening']}-----"
        yield Reply(name, language, "block", _joined(*own, "", *block, "", *old), newest)
        yield Reply(name, language, "block without addresses", _joined(*own, "", *plain, "", *old), newest)
        yield Reply(name, language, "bold block", _joined(*own, "", *starred, "", *old), newest)
        yield Reply(
            name,
            language,
            "block, blank lines",
            _joined(*own, "", *"\n\n".join(block).split("\n"), "", *old),
            newest,
        )
        yield Reply(
            "windows mail",
            language,
            "phone and block",
            _joined(*own, "", words["phone"], "", *block, "", *old),
            newest,
        )
        yield Reply(
            "outlook mobile",
            language,
            "rule and block",
            _joined(*own, "", words["phone"], "_" * 32, *block, "", *old),
            newest,
        )
        yield Reply(
            "outlook express",
            language,
            "opening and block",
            _joined(*own, "", opening, *block, "", *old),
            newest,
        )
        yield Reply(
            "samsung",
            language,
            "opening and block",
            _joined(*own, "", "", f"-------- {words['opening']} --------", *block, "", *old),
            newest,
        )
        yield Reply(
            "zimbra",
            language,
            "opening and block",
            _joined(*own, "", f"----- {words['opening']} -----", *block, "", *old),
            newest,
        )
        yield Reply(
            "blackberry",
            language,
            "bare opening",
            _joined(*own, "", f"  {words['opening']}  ", *block, "", *old),
            newest,
        )
        forward = _joined(*own, "", f"---------- {words['forwarded']} ---------", *block, "", *old)
        yield Reply("gmail", language, "forward", forward, newest)
        closed = _joined(*own, "", words["close"], *COMPANY, "", *block, "", *old)
        yield Reply(name, language, "closing, company, block", closed, newest)


def _pages(language: str, words: dict[str, Any]) -> Iterator[Reply]:
    """HTML of each program; the quote's own structure is theirs."""
    own, old = (
        "".join(f"<div>{escape(one)}</div>" for one in words["own"]),
        "<br>".join(map(escape, words["old"])),
    )
    newest = "\n".join(words["own"])
    line = escape(words["gmail"].format(n=NAME, a=ADDRESS))
    block = "<br>".join(
        f"<b>{escape(label)}:</b>{escape(rest)}"
        for label, _, rest in (one.partition(":") for one in _header(words["outlook"]))
    )
    opening = escape(words["opening"])
    pages = {
        "gmail": f'<div dir="ltr">{own}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{line}<br></div><blockquote class="gmail_quote">{old}</blockquote></div>',
        "apple": f'<html><body>{own}<br><div><br><blockquote type="cite"><div>{line}</div><br><div>{old}</div></blockquote></div></body></html>',
        "apple, attribution before": f'<body>{own}<br><div>{line}</div><br><blockquote type="cite"><div>{old}</div></blockquote></body>',
        "thunderbird": f'<body>{own}<div class="moz-cite-prefix">{line}<br></div><blockquote type="cite" cite="mid:1@x">{old}</blockquote></body>',
        "outlook desktop": f'<div class="WordSection1">{own}<p class="MsoNormal"><o:p>&nbsp;</o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{block}</p></div></div><p class="MsoNormal">{old}</p></div>',
        "outlook 2007": f'<div class="Section1">{own}<div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal">{block}</p></div><p class="MsoNormal">{old}</p></div>',
        "outlook web": f'<body><div class="elementToProof">{own}</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">{block}</div><div>{old}</div></body>',
        "outlook mobile": f'<body>{own}<div class="ms-outlook-mobile-reference-message skipProofing"><hr><div>{block}</div></div><div>{old}</div></body>',
        "hotmail": f"<body class='hmmessage'><div dir='ltr'>{own}<div><hr id=\"stopSpelling\">{block}<br><br>{old}</div></div></body>",
        "yahoo": f'<body><div class="yahoo-style-wrap">{own}</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>{line}</div><div>{old}</div></div></body>',
        "proton": f'<div>{own}</div><div class="protonmail_quote">{line}<br><blockquote class="protonmail_quote" type="cite">{old}</blockquote></div>',
        "zimbra": f'<div>{own}<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><blockquote>{block}</blockquote></div><blockquote data-marker="__QUOTED_TEXT__">{old}</blockquote></div>',
        "aol": f'<div>{own}</div><div style="font-family:arial">-----{opening}-----<br>{block}<br><br><div id="AOLMsgPart_0_1">{old}</div></div>',
        "aol new": f'<div>{own}</div><div class="aolReplacedBody">{line}<div>{old}</div></div>',
        "tuta": f'<div>{own}</div><div>{line}<br><blockquote class="tutanota_quote">{old}</blockquote></div>',
        "gmx": f'<div>{own}<div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;"><div>{block}</div><div name="quoted-content">{old}</div></div></div>',
        "roundcube": f'<body>{own}<p id="reply-intro">{line}</p><blockquote type="cite" style="padding: 0 0.4em">{old}</blockquote></body>',
        "samsung": f'<body>{own}<div id="composer_signature"><div>{escape(words["phone"])}</div></div><div>-------- {opening} --------</div><div>{block}</div><div><br></div><div>{old}</div></body>',
        "ios": f'<body>{own}<br><div dir="ltr">{escape(words["phone"])}</div><div dir="ltr"><br><blockquote type="cite">{line}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{old}</div></blockquote></body>',
        "windows mail": f'<body>{own}<div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; border-top-style: solid;">{block}</div><div>{old}</div></body>',
    }
    for program, html in pages.items():
        yield Reply(program, language, "html", html, newest, html=True)


def _joined(*lines: str) -> str:
    return "\n".join(lines) + "\n"

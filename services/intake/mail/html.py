"""HTML mail to text: quoted parts cut where mail programs mark them, then the words (channels.md 3.3)."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

HTML_CHARS_MAX = 500_000
_QUOTES = (
    "div.gmail_quote",
    "div.gmail_extra blockquote",
    "blockquote[type=cite]",
    "blockquote.gmail_quote",
    "div.moz-cite-prefix",
    "div.yahoo_quoted",
    "div#divRplyFwdMsg",
    "div#appendonsend",
    "hr#stopSpelling",
    "div.gmail_signature",
)
_AFTER = ("div#divRplyFwdMsg", "div#appendonsend", "hr#stopSpelling")
"""Marks behind which everything is quoted."""
_SILENT = ("script", "style", "head", "title", "template", "noscript")
_BLOCKS = ("p", "div", "tr", "li", "blockquote", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre", "hr")
_MARK = "\u2028"
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def html_to_text(html: str, *, newest: bool = True) -> str:
    """The words of an HTML mail; `newest` leaves out what it quotes, unless nothing would remain."""
    words = _text(html[:HTML_CHARS_MAX], cut=newest)
    return words if words or not newest else _text(html[:HTML_CHARS_MAX], cut=False)


def _text(html: str, *, cut: bool) -> str:
    tree = LexborHTMLParser(html)
    if cut:
        _cut_quotes(tree)
    for name in _SILENT:
        for node in tree.css(name):
            node.decompose()
    root = tree.body or tree.root
    if root is None:
        return ""
    for node in root.css("br"):
        node.insert_after(_MARK)
    for name in _BLOCKS:
        for node in root.css(name):
            node.insert_before(_MARK)
            node.insert_after(_MARK)
    lines = (_SPACES.sub(" ", part).strip() for part in root.text().split(_MARK))
    return _squeezed(list(lines))


def _cut_quotes(tree: LexborHTMLParser) -> None:
    for selector in _AFTER:
        for mark in tree.css(selector):
            node: LexborNode | None = mark.next
            while node is not None:
                following = node.next
                node.decompose()
                node = following
    for selector in _QUOTES:
        for node in tree.css(selector):
            node.decompose()


def _squeezed(lines: list[str]) -> str:
    """Lines with at most one blank between them."""
    kept: list[str] = []
    for one in lines:
        if one or (kept and kept[-1]):
            kept.append(one)
    return "\n".join(kept).strip()

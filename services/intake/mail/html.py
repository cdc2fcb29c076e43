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
QUOTES_MAX = 200
DEPTH_MAX = 1_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>?")
_VOID = frozenset(
    {"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "p", "li", "td", "tr", "o"}
)
_SILENT = ("script", "style", "head", "title", "template", "noscript")
_BLOCKS = ("p", "div", "tr", "li", "blockquote", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre", "hr")
_BREAKS = frozenset(_BLOCKS) | {"br"}
_MARK = "\u2028"
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def html_to_text(html: str, *, newest: bool = True) -> str:
    """The words of an HTML mail; `newest` leaves out what it quotes, unless nothing would remain."""
    if _depth(html[:HTML_CHARS_MAX]) > DEPTH_MAX:
        return _squeezed([" ".join(_TAG.sub(" ", html[:HTML_CHARS_MAX]).split())])
    words = _text(html[:HTML_CHARS_MAX], cut=newest)
    return words if words or not newest else _text(html[:HTML_CHARS_MAX], cut=False)


def _depth(html: str) -> int:
    """About how deep the tags nest; the parser takes quadratic time on deep ones."""
    depth = deepest = 0
    for tag in _TAG.finditer(html):
        name = tag.group(2).lower()
        if tag.group(1):
            depth = max(0, depth - 1)
        elif name not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _text(html: str, *, cut: bool) -> str:
    """Walks the tree once: nested tags cost no more than flat ones."""
    tree = LexborHTMLParser(html)
    if cut:
        _cut_quotes(tree)
    for node in tree.css(",".join(_SILENT)):
        node.decompose()
    root = tree.body or tree.root
    if root is None:
        return ""
    parts: list[str] = []
    for node in root.traverse(include_text=True):
        if node.tag in _BREAKS:
            parts.append(_MARK)
        elif node.tag == "-text":
            follows = node.parent is not None and node.prev is not None and node.prev.tag in _BLOCKS
            parts.append((_MARK if follows else "") + (node.text_content or ""))
    lines = (_SPACES.sub(" ", part).strip() for part in "".join(parts).split(_MARK))
    return _squeezed(list(lines))


def _cut_quotes(tree: LexborHTMLParser) -> None:
    for mark in tree.css(",".join(_AFTER)):
        node: LexborNode | None = mark.next
        while node is not None:
            following = node.next
            node.decompose()
            node = following
    for node in _outermost(tree.css(",".join(_QUOTES))):
        node.decompose()


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    """The first QUOTES_MAX quotes; a quote within a quote goes with it (a later removal is harmless)."""
    return list(reversed(nodes[:QUOTES_MAX]))


def _squeezed(lines: list[str]) -> str:
    """Lines with at most one blank between them."""
    kept: list[str] = []
    for one in lines:
        if one or (kept and kept[-1]):
            kept.append(one)
    return "\n".join(kept).strip()

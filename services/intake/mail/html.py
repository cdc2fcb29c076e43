"""HTML mail to text: quoted parts cut where mail programs mark them, then the words (channels.md 3.3)."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from services.intake.mail.newest import own_lines

HTML_CHARS_MAX = 500_000
_QUOTES = (
    "div.gmail_quote",
    "div.gmail_extra blockquote",
    "blockquote[type=cite]",
    "blockquote.gmail_quote",
    "div.moz-cite-prefix",
    "div.moz-forward-container",
    "div.yahoo_quoted",
    "div[id^=yahoo_quoted]",
    "div.protonmail_quote",
    "blockquote.protonmail_quote",
    "blockquote.tutanota_quote",
    "div.aolReplacedBody",
    "div[data-marker=__HEADERS__]",
    "blockquote[data-marker=__QUOTED_TEXT__]",
    "div.zmail_extra",
    "div[name=quote]",
    "div[name=messageReplySection]",
    "span#OLK_SRC_BODY_SECTION",
    "p#reply-intro",
    "div#isReplyContent",
    "div#isForwardContent",
    "blockquote.spark_quote",
    "blockquote.front-blockquote",
)
_AFTER = (
    "div#divRplyFwdMsg",
    "div#appendonsend",
    "hr#stopSpelling",
    "hr#zwchr",
    "div.OutlookMessageHeader",
    "div#mail-editor-reference-message-container",
    "div.ms-outlook-mobile-reference-message",
)
"""Marks behind which everything is quoted, in the order of the document."""
_SIGNATURES = (
    "div.gmail_signature",
    "span.gmail_signature_prefix",
    "div.moz-signature",
    "pre.moz-signature",
    "div.protonmail_signature_block",
    "div[data-signatureblock]",
    "div#Signature",
    "div#composer_signature",
    "div#ms-outlook-mobile-signature",
    "div[id^=ymail_android_signature]",
)
_BORDER = re.compile(
    r"border-top\s*:\s*(?:\d[\w.]*\s+)?solid\s+#(?:e1e1e1|b5c4df)|border-top\s*:\s*#(?:e1e1e1|b5c4df)[^;]{0,20}solid"
    r"|border-top-color\s*:\s*rgb\(229, ?229, ?229\)",
    re.IGNORECASE,
)
"""The line that Outlook and Windows Mail draw above their block."""
QUOTES_MAX = 200
DEPTH_MAX = 1_000
PRE_DEPTH_MAX = 4
"""Tags between a text and its <pre>, so that deep ones cost no more than flat ones."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>?")
_VOID = frozenset(
    {"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "p", "li", "td", "tr", "o"}
)
_SILENT = ("script", "style", "head", "title", "template", "noscript")
_BLOCKS = ("p", "div", "tr", "li", "blockquote", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre", "hr")
_BREAKS = frozenset(_BLOCKS) | {"br"}
_CELLS = frozenset({"td", "th"})
"""Stand beside one another, with a blank between: "Order 4711", not "Order4711"."""
_MARK = "\u2028"
_QUOTED = "> "
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def html_to_text(html: str, *, newest: bool = True) -> str:
    """The words of an HTML mail; `newest` leaves out what it quotes, unless nothing would remain."""
    if _depth(html[:HTML_CHARS_MAX]) > DEPTH_MAX:
        return _squeezed([" ".join(_TAG.sub(" ", html[:HTML_CHARS_MAX]).split())])
    if newest:
        words = _squeezed(own_lines(_text(html[:HTML_CHARS_MAX], cut=True).split("\n")))
        if words:
            return words
    return _text(html[:HTML_CHARS_MAX], cut=False)


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
        elif node.tag in _CELLS:
            parts.append(" ")
        elif node.tag == "-text":
            follows = node.parent is not None and node.prev is not None and node.prev.tag in _BLOCKS
            said = node.text_content or ""
            if _is_preformatted(node):
                said = said.replace("\n", _MARK)
            parts.append((_MARK if follows else "") + said)
    lines = (_SPACES.sub(" ", part).strip() for part in "".join(parts).split(_MARK))
    return _squeezed(list(lines))


def _is_preformatted(node: LexborNode) -> bool:
    """Whether a text stands in <pre>, or in the few tags that programs put within it: <code>, <span>, <font>, <a>."""
    parent = node.parent
    for _ in range(PRE_DEPTH_MAX):
        if parent is None or parent.tag == "pre":
            return parent is not None
        parent = parent.parent
    return False


def _cut_quotes(tree: LexborHTMLParser) -> None:
    """A quote becomes a marked line, so that an attribution above it is known and words below it stay."""
    for node in tree.css(",".join(_SIGNATURES))[:QUOTES_MAX]:
        node.decompose()
    for node in reversed(tree.css(",".join(_QUOTES))[:QUOTES_MAX]):
        node.insert_before(tree.create_node("hr"))
        node.insert_before(_QUOTED)
        node.insert_before(tree.create_node("hr"))
        node.decompose()
    for mark in tree.css(",".join(_AFTER))[:1]:
        _cut_from(mark)
    for mark in _borders(tree)[:1]:  # looked for anew: a cut removes what stands behind it
        _cut_from(mark)


def _borders(tree: LexborHTMLParser) -> list[LexborNode]:
    nodes = tree.css("div[style*=border-top]")[:QUOTES_MAX]
    return [node for node in nodes if _BORDER.search((node.attributes.get("style") or "")[:1_000])]


def _cut_from(mark: LexborNode) -> None:
    """Removes a node, and all that follows it in the document."""
    node: LexborNode | None = mark
    while node is not None and node.tag not in ("body", "html"):
        following = node.next
        while following is not None:
            after = following.next
            following.decompose()
            following = after
        node = node.parent
    mark.decompose()


def _squeezed(lines: list[str]) -> str:
    """Lines with at most one blank between them."""
    kept: list[str] = []
    for one in lines:
        if one or (kept and kept[-1]):
            kept.append(one)
    return "\n".join(kept).strip()

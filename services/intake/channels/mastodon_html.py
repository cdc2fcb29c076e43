"""A fediverse post's HTML to text: what its writer wrote, not what a browser leaves out of a long link.

Mastodon wraps the ends of a long address into invisible spans, so the whole address is the link's text; paragraphs
are parted by a blank line. What quotes another post for older programs (`quote-inline`) is left out.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

HTML_CHARS_MAX = 40_000
"""A post has some 500 characters, on some servers 10,000; deep nesting costs quadratic time (10,000 tags: 0.13 s)."""
LINKS_MAX = 100
_BLOCKS = {
    **dict.fromkeys(("p", "div", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"), "\n\n"),
    **dict.fromkeys(("ul", "ol", "br"), "\n"),
    "li": "\n- ",
}
_LEFT_OUT = ".quote-inline, script, style, template, title"
_SAYS_ITSELF = frozenset({"mention", "hashtag", "u-url"})
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_MANY_LINES = re.compile(r"\n{3,}")


def post_text(html: str) -> str:
    """The words of a post; a link that does not show its address has it behind its words."""
    tree = LexborHTMLParser(html[:HTML_CHARS_MAX])
    for node in tree.css(_LEFT_OUT):
        node.decompose()
    for link in tree.css("a[href]")[:LINKS_MAX]:
        if address := _hidden_address(link):
            link.insert_after(f" ({address})")
    root = tree.body or tree.root
    if root is None:
        return ""
    parts: list[str] = []
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            after = node.prev is not None and node.prev.tag in _BLOCKS and node.prev.tag != "br"
            parts.append(("\n" if after else "") + (node.text_content or "").replace("\n", " "))
        elif node.tag in _BLOCKS:
            parts.append(_BLOCKS[node.tag])
        elif node.tag == "img":
            parts.append((node.attributes.get("alt") or "")[:200])
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(parts).split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _hidden_address(link: LexborNode) -> str:
    """The address of a link whose words are others; "" for a mention, a hashtag, and an address that is shown."""
    classes = frozenset((link.attributes.get("class") or "").split())
    address = (link.attributes.get("href") or "").strip()[:2_000]
    if classes & _SAYS_ITSELF or not address.startswith(("http://", "https://")):
        return ""
    shown = link.text().strip()
    bare = address.partition("://")[2].rstrip("/")
    return "" if not shown or shown[:1] in "@#" or bare in shown or shown.rstrip("…/") in address else address

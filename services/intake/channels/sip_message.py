"""One SIP message from the bytes of a datagram (RFC 3261 7, tried with RFC 4475's torture messages). Pure.

What cannot be trusted to mean anything is refused with Unreadable; what can be read although another element would
refuse it has a mark in `marks`. Octets after the body are ignored, as RFC 3261 18.3 says: a second request in the
same datagram does not count. A method's name is compared as it stands, escapes and all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from services.intake.values import Unreadable, clean

MESSAGE_BYTES_MAX = 65_535
"""What a datagram can hold."""
HEADERS_MAX = 500
ASSERTED_MAX = 10
VERSION = "SIP/2.0"
_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
_ONCE = ("call-id", "cseq", "from", "to")
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~ \t]*")
_STATUS = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.DOTALL)
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+(\S+)")
_VIA = re.compile(r"\s*SIP\s*/\s*2\.0\s*/\s*[A-Za-z0-9\-.!%*_+`'~]+\s+[^\s;,]+\s*(?:;\s*[^\s;,][^;,]*)*")
_SCHEMES = ("sip", "sips", "tel")
_AUTHENTICATIONS = ("digest", "basic", "bearer", "aka")
_EXTENSIONS = """
100rel answermode early-session eventlist from-change geolocation-sip gin gruu histinfo ice join
multiple-refer norefersub outbound path policy precondition pref privacy record-aware recipient-
list-invite replaces resource-priority sdp-anat sec-agree siprec tdialog timer trickle-ice uui
"""
"""Option tags (RFC 3261 27.1), with white space between."""
_KNOWN_EXTENSIONS = frozenset(_EXTENSIONS.split())
_CONTACT_PARAMETERS = frozenset({"q", "expires", "reg-id", "methods", "audio", "video", "text", "events"})


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or addr-spec (RFC 3261 20.10): display name, URI, and the header's own parameters."""

    name: str = field(default="", repr=False)
    uri: str = field(default="", repr=False)
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    marks: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        return self.parameters.get("tag", "")

    @property
    def user(self) -> str:
        """The user part, or the number of a tel: URI."""
        scheme, _, rest = self.uri.partition(":")
        if scheme.lower() == "tel":
            return rest.partition(";")[0]
        user, at, _ = rest.rpartition("@")
        return user if at else ""


@dataclass(frozen=True, slots=True)
class Message:
    """A request (`method`, `uri`) or a response (`status`); `method` of a response is its CSeq's."""

    method: str
    uri: str = field(default="", repr=False)
    status: int = 0
    reason: str = field(default="", repr=False)
    headers: dict[str, list[str]] = field(default_factory=dict, repr=False)
    caller: Address = field(default_factory=Address, repr=False)
    called: Address = field(default_factory=Address, repr=False)
    asserted: tuple[Address, ...] = field(default=(), repr=False)
    """P-Asserted-Identity (RFC 3325), else Remote-Party-ID (draft-ietf-sip-privacy-04), in order."""
    call_id: str = field(default="", repr=False)
    branch: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    marks: tuple[str, ...] = ()

    def one(self, name: str) -> str:
        return next(iter(self.headers.get(name, ())), "")


def read_message(data: bytes) -> Message:
    """The first message of a datagram. Raises Unreadable, and nothing else, for what is none."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise Unreadable("longer than a datagram")
    data = data.lstrip(b"\r\n")
    lines, body, ended = _split(data)
    if not lines:
        raise Unreadable("no start line")
    marks = [] if ended else ["cut_short"]
    method, uri, status, reason = _start(lines[0], marks)
    headers = _headers(lines[1:], marks)
    for name in _ONCE:
        values = headers.get(name, [])
        if not values or not values[0]:
            raise Unreadable(f"no {name} header")
        if len(values) > 1:
            raise Unreadable(f"more than one {name} header")
    caller, called = _address(headers["from"][0]), _address(headers["to"][0], strict=False)
    marks += [*caller.marks, *called.marks]
    sequence = _CSEQ.fullmatch(headers["cseq"][0])
    if sequence is None or int(sequence[1]) >= 2**31 or (not status and sequence[2] != method):
        marks.append("cseq")
    if status:
        method = sequence[2] if sequence else ""
    _weigh(method, status, headers, marks)
    vias = headers.get("via", [])
    return Message(
        method=method,
        uri=uri,
        status=status,
        reason=reason,
        headers=headers,
        caller=caller,
        called=called,
        asserted=tuple(islice(_asserted(headers), ASSERTED_MAX)),
        call_id=headers["call-id"][0],
        branch=_parameters(vias[0].partition(";")[2]).get("branch", "") if vias else "",
        body=_body(headers, body, marks),
        marks=tuple(dict.fromkeys(marks)),
    )


def _split(data: bytes) -> tuple[list[str], bytes, bool]:
    """Unfolded lines before the empty one, what follows it, and whether it was there. LF alone ends a line too."""
    lines: list[str] = []
    parts: list[str] = []
    place = 0
    while place < len(data):
        end = data.find(b"\n", place)
        raw = data[place:] if end < 0 else data[place:end]
        place = len(data) if end < 0 else end + 1
        raw = raw.removesuffix(b"\r")
        if not raw:
            if parts:
                lines.append(" ".join(parts))
            return lines, data[place:], True
        words = clean(raw.decode("utf-8", "replace"))
        if words[:1] in (" ", "\t") and lines:
            parts.append(words.strip())
        elif words[:1] in (" ", "\t") and parts:
            raise Unreadable("a folded start line")
        else:
            if parts:
                lines.append(" ".join(parts))
            if len(lines) > HEADERS_MAX:
                raise Unreadable("too many headers")
            parts = [words]
    if parts:
        lines.append(" ".join(parts))
    return lines, b"", False


def _start(line: str, marks: list[str]) -> tuple[str, str, int, str]:
    """Method, URI, status and reason of a start line; spaces where none belong are marked."""
    if line[:4].upper() == "SIP/":
        found = _STATUS.fullmatch(line)
        if found is None:
            raise Unreadable("not a status line of SIP/2.0")
        return "", "", int(found[1]), (found[2] or "").strip()
    stripped = line.rstrip()
    if stripped != line:
        marks.append("start_line")
    method, _, rest = stripped.partition(" ")
    uri, _, version = rest.rpartition(" ")
    if version.upper() != VERSION:
        raise Unreadable("not a request of SIP/2.0")
    if not _TOKEN.fullmatch(method) or not uri.strip():
        raise Unreadable("not a request line")
    scheme, colon, rest = uri.strip().partition(":")
    spaced = uri != uri.strip() or " " in uri or "\t" in uri
    if spaced or uri.startswith("<") or not colon or not rest:
        marks.append("request_uri")
    elif scheme.lower() not in _SCHEMES:
        marks.append("unknown_scheme")
    elif "?" in rest.rpartition("@")[2]:
        marks.append("request_uri")
    return method, uri.strip(), 0, ""


def _headers(lines: list[str], marks: list[str]) -> dict[str, list[str]]:
    """Values by lower-case full name, in order. A line without a colon is marked and skipped."""
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _TOKEN.fullmatch(name):
            marks.append("header")
            continue
        headers.setdefault(_COMPACT.get(name, name), []).append(value.strip())
    return headers


def _address(value: str, *, strict: bool = True) -> Address:
    """Reads an address; raises Unreadable when `strict` and nothing can be made of it."""
    value, name, marks = value.strip(), "", []
    if value.startswith('"'):
        end = _closing(value)
        if end < 0:
            if strict:
                raise Unreadable("quotes are not closed")
            start = value.find("<")
            name, value = value[1:start].strip(), value[max(start, 0) :]
            marks.append("quotes")
        else:
            name, value = re.sub(r"\\(.)", r"\1", value[1:end]), value[end + 1 :].lstrip()
            if not value.startswith("<"):
                marks.append("display_name")
    opening = value.find("<")
    if opening >= 0:
        if opening:
            name = value[:opening].strip()
            if not _NAME.fullmatch(name):
                marks.append("display_name")
        closing = value.find(">", opening)
        if closing < 0:
            if strict:
                raise Unreadable("an address is not closed")
            return Address(name, marks=(*marks, "address"))
        uri, rest = value[opening + 1 : closing], value[closing + 1 :]
    else:
        uri, _, rest = value.partition(";")
        if "?" in uri:
            marks.append("address")
    if uri != uri.strip() or " " in uri.strip():
        marks.append("address")
    return Address(name, uri.strip(), _parameters(rest), tuple(marks))


def _closing(value: str) -> int:
    """Place of the quote that closes the first one, -1 without one."""
    place = 1
    while place < len(value):
        if value[place] == "\\":
            place += 1
        elif value[place] == '"':
            return place
        place += 1
    return -1


def _parameters(text: str) -> dict[str, str]:
    """;tag = 1 ;lr as a mapping; of a repeated name the first counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def _listed(value: str) -> Iterator[str]:
    """The parts between commas that stand neither in quotes nor in <>."""
    start, quoted, inside, skip = 0, False, False, False
    for place, letter in enumerate(value):
        if skip:
            skip = False
        elif letter == "\\" and quoted:
            skip = True
        elif letter == '"':
            quoted = not quoted
        elif letter in "<>" and not quoted:
            inside = letter == "<"
        elif letter == "," and not quoted and not inside:
            yield value[start:place]
            start = place + 1
    yield value[start:]


def _asserted(headers: dict[str, list[str]]) -> Iterator[Address]:
    """Of P-Asserted-Identity; where there is none, of the Remote-Party-ID that older trunks send, unless it is the called
    party's or to be kept private; with privacy=name the name is, and not the number."""
    asserted = headers.get("p-asserted-identity", [])
    for value in asserted or headers.get("remote-party-id", []):
        for one in _listed(value):
            found = _address(one, strict=False)
            party, privacy = (found.parameters.get(name, "").lower() for name in ("party", "privacy"))
            if found.uri and (asserted or (party != "called" and privacy in ("", "off", "name"))):
                yield found if asserted or privacy != "name" else replace(found, name="")


def _body(headers: dict[str, list[str]], body: bytes, marks: list[str]) -> bytes:
    """As many octets as Content-Length says; without it, all."""
    lengths = headers.get("content-length", [])
    if len(set(lengths)) > 1 or not all(
        one.isascii() and one.isdecimal() and len(one) < 10 for one in lengths
    ):
        marks.append("length")
        return body
    if not lengths:
        return body
    length = int(lengths[0])
    if length > len(body):
        marks.append("length")
    return body[:length]


def _weigh(method: str, status: int, headers: dict[str, list[str]], marks: list[str]) -> None:
    """Marks what another element would refuse, for whoever wants to know why a call came to nothing."""
    vias = [one for value in headers.get("via", []) for one in _listed(value)]
    if not vias or not all(_VIA.fullmatch(one) for one in vias):
        marks.append("via")
    hops = next(iter(headers.get("max-forwards", [])), "70")
    hops = hops.lstrip("0") or hops[:1]  # the same number; a longer one than a number may be is none
    if not (hops.isascii() and hops.isdecimal()) or len(hops) > 3 or int(hops) > 255:
        marks.append("max_forwards")
    elif not int(hops) and not status:
        marks.append("no_hops")
    for name in ("require", "proxy-require"):
        asked = {tag.strip().lower() for value in headers.get(name, []) for tag in value.split(",")}
        if not asked - {""} <= _KNOWN_EXTENSIONS:
            marks.append("unknown_extension")
    for value in headers.get("contact", []):
        if re.search(r";\s*(;|$)", value):
            marks.append("contact")
        elif any(
            not name.startswith("+") and name not in _CONTACT_PARAMETERS
            for one in _listed(value)
            for name in _address(one, strict=False).parameters
        ):
            marks.append("unknown_parameter")
    for value in headers.get("authorization", []):
        if not value.lower().startswith(_AUTHENTICATIONS):
            marks.append("unknown_authentication")
    accepts = ",".join(headers.get("accept", [])).lower()
    kinds = ("application/sdp", "application/*", "*/*", "multipart/")
    if method == "INVITE" and not status and accepts and not any(one in accepts for one in kinds):
        marks.append("unknown_accept")

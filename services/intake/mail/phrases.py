"""The words by which mail programs mark quotes, footers and closings: quotes.toml, compiled once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_RULES = r"[-_\s*>=~#—–‐−]{2,}"


@dataclass(frozen=True, slots=True)
class Phrases:
    """Of all languages together: a reply's language need not be its quote's."""

    wrote: re.Pattern[str]
    """A verb of writing, anywhere in an attribution."""
    wrote_inline: re.Pattern[str]
    """The same with its colon: what stands behind is quoted already."""
    dashed_opening: re.Pattern[str]
    bare_opening: re.Pattern[str]
    sent_from: re.Pattern[str]
    notice: re.Pattern[str]
    banner: re.Pattern[str]
    roles: Mapping[str, frozenset[str]]
    """Lower-case names of header lines, each with the kinds it may be: "from", "sent", "to", "subject"."""
    said: frozenset[str]
    """Lower-case names of a form's field for the words themselves."""
    openers: re.Pattern[str]
    """The first name of a block that was flattened into one line."""
    closings: frozenset[str]


@cache
def phrases() -> Phrases:
    """Reads the data; some 30 ms, once a process."""
    data = tomllib.loads((Path(__file__).parent / "quotes.toml").read_text(encoding="utf-8"))
    languages = [value for value in data.values() if isinstance(value, dict)]

    def either(name: str) -> str:
        return "|".join(dict.fromkeys(one for language in languages for one in language.get(name, [])))

    roles: dict[str, set[str]] = {}
    for role in ("from", "sent", "to", "subject"):
        for language in languages:
            for name in language.get(role, []):
                roles.setdefault(name, set()).add(role)
    fold = re.IGNORECASE
    openers = "|".join(
        re.escape(name) for name in sorted(roles, key=len, reverse=True) if "from" in roles[name]
    )
    return Phrases(
        wrote=re.compile(either("wrote"), fold),
        wrote_inline=re.compile(rf"(?:{either('wrote')})\s?[:：]\s", fold),
        dashed_opening=re.compile(rf"^{_RULES}\s*(?:{either('opening')})\s*:?\s*{_RULES}$", fold),
        bare_opening=re.compile(rf"^[\s>*]*(?:{either('opening')})\s*[:：]?\s*\*?$", fold),
        sent_from=re.compile(rf"^(?:{either('sent_from')})", fold),
        notice=re.compile(rf"^[\s*_#-]*(?:{either('notice')})", fold),
        banner=re.compile(rf"^[\s*_#!\[<-]*(?:{either('banner')})", fold),
        roles={name: frozenset(found) for name, found in roles.items()},
        said=frozenset(name for language in languages for name in language.get("said", [])),
        openers=re.compile(rf"^[\s>*|]{{0,4}}(?:{openers})\s?\*?[:：]", fold),
        closings=frozenset(one for language in languages for one in language.get("closing", [])),
    )

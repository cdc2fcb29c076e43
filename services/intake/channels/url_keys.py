"""A secret in the URL, for providers that sign nothing: `/hooks/name?key=...`, several keys for rotation.

It keeps strangers out as long as the URL stays secret, so it belongs into no access log; a list of the
provider's addresses in front of intake is the second lock.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.intake.canonical import Delivery, Verdict
from services.intake.channels.query import parameter
from services.intake.channels.signing import any_equal

SCHEME = "url_key"


def verify_url_key(delivery: Delivery, keys: Iterable[str], name: str = "key") -> Verdict:
    """Whether the URL carries one of the keys; an empty one never counts."""
    given = parameter(delivery, name)
    if any_equal(given, (key for key in keys if key)):
        return Verdict(True, SCHEME)
    return Verdict(False, SCHEME, "wrong key in the URL" if given else "no key in the URL")

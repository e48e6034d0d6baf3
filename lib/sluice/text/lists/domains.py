"""The domain that the owner of a host registered, by its shape: `shop.example.co.uk` belongs to `example.co.uk`.

Ours, in place of the Public Suffix List, whose private part would make each blog of a hosting service a domain of its
own. One pattern serves Python and Spark (Java), so that both give the same domains.
"""

import re

SECOND_LEVEL = "ac|co|com|edu|go|gob|gov|govt|gen|gr|idv|ind|info|mil|ne|net|nom|or|org|sch"
"""Second-level names below which a country's registry sells domains, such as com.cn, co.uk, or.jp."""
PATTERN = rf"[^.]+\.(?:(?:{SECOND_LEVEL})\.[a-z]{{2}}|[^.]+)$"
ADDRESS = r"^[0-9.]+$|:"
"""IPv4 and IPv6 addresses, which are whole names."""


def registered_domain(host: str) -> str | None:
    """Returns the registered domain of a host; None for a host without a dot and for an IP address.

    >>> registered_domain("a8x3.example.loan"), registered_domain("www.example.com.cn"), registered_domain("127.0.0.1")
    ('example.loan', 'example.com.cn', None)
    """
    found = None if re.search(ADDRESS, host) else re.search(PATTERN, host)
    return found[0] if found else None

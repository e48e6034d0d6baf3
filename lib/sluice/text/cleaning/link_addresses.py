"""Personal data in the addresses of links, which the plain text does not show. Source: ours."""

import re
from urllib.parse import unquote

from sluice.core.config.extract import PiiConfig
from sluice.text.cleaning.mask_pii import find

SEPARATORS = re.compile("[/?&=;#]+")
MAX_QUOTING = 3
"""Times that an address may be percent-encoded: `%2540` is `@` in an address within an address."""


def has_personal_data(address: str, options: PiiConfig) -> bool:
    """Whether the address of a link contains personal data that has a mask.

    Numbers in the text of an address are left alone by `mask`, since most are numbers of articles. A link is not needed
    to read the text, so here every part of its path and query is examined like a word of its own.

    >>> has_personal_data("https://site.test/send?phone=8613812345678", PiiConfig())
    True
    >>> has_personal_data("https://site.test/2024/05/article-123456.html", PiiConfig())
    False
    """
    for _ in range(MAX_QUOTING):
        decoded = unquote(address)
        if decoded == address:
            break
        address = decoded
    return bool(find(address, options) or find(SEPARATORS.sub("\n", address), options))

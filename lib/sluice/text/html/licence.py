"""Licence and robots directives of a page: Creative Commons marks, meta robots, X-Robots-Tag, text mining.

Sources: Creative Commons' ccREL (rel="license", cc:license) and the paths of its deeds; SPDX ids; directives after
Google's robots meta tag specification, DeviantArt's noai and noimageai, and the TDM Reservation Protocol of the W3C
community group (2024). Interpretation is left to the user: robots directives are addressed to search engines, and a
licence may apply to a single picture.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np

from sluice.text.html.kernels import licence as kernels
from sluice.text.html.metadata import ATTRIBUTE

Evidence = Literal["link_rel", "anchor_rel", "property", "json_ld", "meta", "anchor"]
EVIDENCE: tuple[Evidence, ...] = ("link_rel", "anchor_rel", "property", "json_ld", "meta", "anchor")
"""Kinds of evidence for a licence, the most reliable first. `link_rel`: <link rel=license>; `anchor_rel`: <a
rel=license>; `property`: RDFa or microdata; `meta`: Dublin Core and similar; `anchor`: any link to a deed. Of 46 pages
with only such links, 26 were under that licence; on 17 it applied to a picture or a quotation."""

DEED = re.compile(
    r"creativecommons\.org/(licenses|publicdomain)/([a-z+-]+)(?:/(\d\.\d)(?:/([a-z]{2}|igo|scotland)(?![\w.-]))?)?",
    re.IGNORECASE,
)
NAMED = re.compile(r"\bCC[ -](BY(?:-(?:NC|ND|SA))*)(?:[ -](\d\.\d))?\b", re.IGNORECASE)
KINDS = frozenset("by by-sa by-nd by-nc by-nc-sa by-nc-nd sa nc nd nc-sa nc-nd".split())
OLD_KINDS = {"by-nd-nc": "by-nc-nd", "nd-nc": "nc-nd", "by-sa-nc": "by-nc-sa"}
LICENCE_PROPERTIES = frozenset(
    "license cc:license dc:license dct:license dcterms:license schema:license dc.license dcterms.license "
    "copyright rights dc:rights dct:rights dcterms:rights dc.rights dcterms.rights dc.rights.license "
    "dcterms.rights.license dc.rights.uri "
    "http://creativecommons.org/ns#license http://schema.org/license https://schema.org/license "
    "http://purl.org/dc/terms/license".split()
)
MEDIA = frozenset(("ImageObject", "VideoObject", "AudioObject", "MediaObject", "3DModel"))

DIRECTIVES = frozenset(
    "noindex nofollow noarchive nosnippet noimageindex notranslate noai noimageai unavailable_after".split()
)
SAME_DIRECTIVES = {
    "none": ("noindex", "nofollow"),
    "nocache": ("noarchive",),
    "max-snippet:0": ("nosnippet",),
    "max-image-preview:none": ("noimageindex",),
}
CRAWLERS = frozenset(
    "googlebot bingbot msnbot yandexbot baiduspider bytespider 360spider haosouspider sosospider "
    "yisouspider gptbot claudebot ccbot duckduckbot applebot petalbot".split()
)
"""Robots addressed by named <meta>s; their directives keep the name, as in `baiduspider:noarchive`."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Findings; None and () where a page declares nothing."""

    licence: str | None
    """SPDX id: CC-BY-SA-4.0, CC-BY-3.0-DE, CC0-1.0; PDM-1.0 for the public domain mark. The version is omitted if the
    page omits it. None also if the best evidence names several licences."""
    licence_by: Evidence | None
    """Kind of the best evidence."""
    licences: tuple[str, ...]
    """All marks on the page. More than one is ambiguous, whatever `licence` is."""
    robots: tuple[str, ...]
    """Restrictions, sorted; those for one crawler are prefixed with its name."""


NOTHING = Rights(None, None, (), ())


def rights(data: bytes, x_robots_tag: str | None = None) -> Rights:
    """Finds licence and directives of a page in UTF-8, and of its X-Robots-Tag header (several joined by commas).

    Permissions (`index`, `all`, `max-snippet:-1`) are omitted. Comments and scripts are ignored, except JSON-LD.
    """
    directives = set(_header_directives(x_robots_tag)) if x_robots_tag else set()
    found: dict[Evidence, set[str]] = {}
    page = np.frombuffer(data, np.uint8)
    reach = kernels.last_hint(page)
    if reach:
        for kind, start, end in kernels.find_marks(page, reach).tolist():
            source = data[start:end].decode("utf-8", "replace")
            if kind == kernels.JSON:
                _add(found, "json_ld", _json_licences(source))
                continue
            values = {m[1].lower(): html.unescape(m[2] or m[3] or m[4] or "") for m in ATTRIBUTE.finditer(source)}
            if kind == kernels.META:
                directives.update(_meta_directives(values))
                if _names_licence(values):
                    _add(found, "meta", _licences(values.get("content", ""), NAMED))
            else:
                _add(found, _evidence(source, values), _licences(values.get("href") or values.get("resource") or ""))
    if not (found or directives):
        return NOTHING
    best = next((evidence for evidence in EVIDENCE if evidence in found), None)
    marks = found[best] if best else set()
    licence = next(iter(marks)) if len(marks) == 1 else None
    return Rights(licence, best, tuple(sorted(set().union(*found.values()))), tuple(sorted(directives)))


def licence_id(url: str) -> str | None:
    """Returns the id of the Creative Commons deed that a URL links to; None for any other URL.

    >>> licence_id("https://creativecommons.org/licenses/by-sa/3.0/de/deed.en")
    'CC-BY-SA-3.0-DE'
    """
    return next(_licences(url), None)


def _licences(text: str, also: re.Pattern[str] | None = None) -> Iterator[str]:
    """Yields ids of the deeds in a text or, if there are none, of matches of `also` (kind, version)."""
    is_found = False
    for group, kind, version, place in DEED.findall(text):
        is_found = True
        yield from _id(group.lower(), kind.lower(), version, place)
    if also and not is_found:
        for kind, version in also.findall(text):
            yield from _id("licenses", kind.lower(), version, "")


def _id(group: str, kind: str, version: str, place: str) -> Iterator[str]:
    if group == "publicdomain":
        if kind in ("zero", "mark"):
            yield {"zero": "CC0-1.0", "mark": "PDM-1.0"}[kind]
        return
    kind = OLD_KINDS.get(kind, kind)
    if kind == "publicdomain":
        yield "CC-PDDC"
    elif kind in KINDS:
        # since version 4 there are no ports; a language may be in that position
        parts = ["CC", kind, version, "" if version >= "4" else place]
        yield "-".join(filter(None, parts)).upper()


def _add(found: dict[Evidence, set[str]], evidence: Evidence, licences: Iterator[str]) -> None:
    for licence in licences:
        found.setdefault(evidence, set()).add(licence)


def _evidence(source: str, values: dict[str, str]) -> Evidence:
    relations = values.get("rel", "").lower().split()
    is_link = source[1:5].lower() == "link"
    if "license" in relations or (is_link and "copyright" in relations):
        return "link_rel" if is_link else "anchor_rel"
    return "property" if _names_licence(values) else "anchor"


def _names_licence(values: dict[str, str]) -> bool:
    named = " ".join(values.get(name, "") for name in ("property", "name", "itemprop", "rel")).lower().split()
    return not LICENCE_PROPERTIES.isdisjoint(named)


def _json_licences(source: str) -> Iterator[str]:
    try:
        yield from _walk(msgspec.json.decode(source))
    except (msgspec.DecodeError, RecursionError):  # a script that browsers could not parse either
        return


def _walk(tree: Any) -> Iterator[str]:
    """Yields ids under "license" in JSON-LD, except those of pictures and recordings."""
    if isinstance(tree, list):
        for item in tree:
            yield from _walk(item)
    elif isinstance(tree, dict):
        types = tree.get("@type")
        if not MEDIA.isdisjoint(types if isinstance(types, list) else [str(types)]):
            return
        for key, value in tree.items():
            if key == "license":
                for item in value if isinstance(value, list) else [value]:
                    text = item.get("@id") or item.get("url") if isinstance(item, dict) else item
                    yield from _licences(str(text))
            else:
                yield from _walk(value)


def _meta_directives(values: dict[str, str]) -> Iterator[str]:
    name, content = values.get("name", "").strip().lower(), values.get("content", "")
    if name == "robots":
        yield from _directives(content)
    elif name in CRAWLERS:
        yield from (f"{name}:{directive}" for directive in _directives(content))
    elif name == "tdm-reservation" and content.strip() == "1":
        yield "tdm-reservation"


def _header_directives(header: str) -> Iterator[str]:
    """Yields directives of a header. A name before a colon is a crawler, to which all following directives apply."""
    prefix = ""
    for part in header.split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip().lower() not in ("unavailable_after", *_VALUED):
            prefix, part = f"{name.strip().lower()}:", rest
        yield from (prefix + directive for directive in _directives(part))


_VALUED = ("max-snippet", "max-image-preview", "max-video-preview")


def _directives(text: str) -> Iterator[str]:
    for word in re.sub(r"\s*:\s*", ":", text.lower()).replace(";", ",").replace(",", " ").split():
        if word in SAME_DIRECTIVES:
            yield from SAME_DIRECTIVES[word]
        elif word.partition(":")[0] in DIRECTIVES:
            yield word.partition(":")[0]

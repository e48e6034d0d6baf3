"""Block lists: the URLs that an entry matches, and equality of the compiled matcher and a plain one."""

import contextlib
import gzip
import json
import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.core.errors import FormatError
from sluice.text.lists.blocklist import BlockList, Match
from sluice.text.lists.blocklist_build import build
from sluice.text.lists.hosts import plain_host
from tests.helpers.block_lists import is_blocked


def test_a_domain_matches_itself_and_its_subdomains_but_not_similar_names(make_list):
    blocklist = make_list("casino.example")
    for url in (
        "http://casino.example/",
        "https://casino.example",
        "casino.example",
        "//casino.example/x",
        "http://www.casino.example/x?y#z",
        "http://a.b.casino.example:8080/x",
        "http://user:pass@CASINO.Example./x",
        "ftp://casino.example/",
        "http:\\\\casino.example\\x",
        "  http://casino.example/\n",
        "http://c%61sino.example/",
        "http://casino.example?u=http://other.example/",
    ):
        assert blocklist.match(url) == Match("spam", "domain"), url
    for url in (
        "http://mycasino.example/",
        "http://casino.example.org/",
        "http://example/",
        "http://other.example/casino.example",
        "http://casino.example@other.example/",
        "http://other.example/?u=casino.example",
        "http://casinoXexample/",
        "mailto:me@casino",
        "",
        "http://",
        "\ud800",
    ):
        assert blocklist.match(url) is None, url


def test_a_name_with_www_matches_that_site_only(make_list):
    # www.gov.example is one site, gov.example is all of its sites
    blocklist = make_list("www.gov.example")
    assert is_blocked(blocklist, "http://www.gov.example/a", "http://gov.example", "http://city.gov.example/") == [
        True,
        True,
        False,
    ]
    # www is not a prefix here, but the name of the domain
    assert is_blocked(
        make_list("www.example"), "http://www.example/", "http://a.www.example/", "http://b.example/"
    ) == [
        True,
        True,
        False,
    ]


def test_a_public_suffix_matches_only_if_it_is_listed(make_list):
    assert is_blocked(make_list("bad.co.example"), "http://co.example/", "http://good.co.example/") == [False, False]
    assert is_blocked(make_list("co.example"), "http://co.example/", "http://good.co.example/") == [True, True]


@pytest.mark.parametrize(
    "entry, same",
    [
        ("1.2.3.4", ["http://1.2.3.4/a", "http://1.2.3.4:81", "http://0x1020304/", "http://16909060/", "1.2.772"]),
        ("[2001:DB8::0:1]", ["http://[2001:db8:0::1]:8080/a", "[2001:db8::1]"]),
    ],
)
def test_an_ip_address_matches_all_its_notations(make_list, entry, same):
    blocklist = make_list(entry)
    assert is_blocked(blocklist, *same) == [True] * len(same)
    assert (
        is_blocked(blocklist, "http://11.2.3.4/", "http://9.1.2.3.4/", "http://3.4/", "http://[2001:db8::2]/")
        == [False] * 4
    )


@pytest.mark.parametrize("entry", ["公司.中国", "xn--55qx5d.xn--fiqs8s", "*.公司。中国", "http://公司.中国/"])
def test_chinese_hosts_match_in_unicode_punycode_and_references(make_list, entry):
    # names of two top-level domains in the root zone
    blocklist = make_list(entry)
    for url in (
        "http://公司.中国/",
        "http://www.公司。中国/新闻",
        "http://xn--55qx5d.XN--FIQS8S/",
        "http://%E5%85%AC%E5%8F%B8.%E4%B8%AD%E5%9B%BD/",
    ):
        assert blocklist.match(url), url
    assert blocklist.match("http://公.中国/") is None


@pytest.mark.parametrize("ignored", ["\u00ad", "\u200b", "\u2060", "\ufeff", "%C2%AD", "\ufe0f"])
def test_characters_that_browsers_remove_from_a_host_are_ignored(make_list, ignored):
    blocklist = make_list("casino.example")
    assert blocklist.match(f"http://cas{ignored}ino.example/")
    assert blocklist.match(f"http://cas{ignored}ina.example/") is None


def test_a_too_long_host_is_an_error_before_its_conversion_to_punycode():
    # Python's codec takes quadratic time in the length of a label: 40 s for 20,000 characters
    for host in ("赌" * 254, "赌." * 127 + "中国", "xn--" + "a" * 250 + ".中国"):
        with pytest.raises(ValueError, match="a host of more than 253 characters"):
            plain_host(host)
    assert plain_host("赌" * 40 + ".中国").endswith(".xn--fiqs8s")


def test_a_url_matches_itself_and_urls_below_it(make_list):
    blocklist = make_list("http://host.example/~me/")
    for url in (
        "https://www.host.example/~me",
        "http://host.example:80/~me/",
        "http://host.example/%7Eme/page.html",
        "http://host.example/~me?x",
        "http://host.example/~me#x",
        "http://host.example\\~me\\x",
    ):
        assert blocklist.match(url) == Match("spam", "url"), url
    for url in (
        "http://host.example/",
        "http://host.example/~men",
        "http://host.example/~ME/",
        "http://sub.host.example/~me/",
        "http://host.example/x/~me/",
        "http://host.example/%2F~me",
    ):
        assert blocklist.match(url) is None, url


def test_a_url_with_a_query_or_a_chinese_path_matches(make_list):
    assert is_blocked(
        make_list("h.example/p?id=1"), "http://h.example/p?id=1#a", "h.example/p?id=12", "h.example/p"
    ) == [
        True,
        False,
        False,
    ]
    escaped = "http://h.example/%E8%B5%8C/a%20b"
    assert is_blocked(make_list("h.example/赌"), escaped, "http://h.example/赌", "h.example/赌场") == [
        True,
        True,
        False,
    ]


def test_a_url_without_a_path_matches_its_host_only(make_list):
    assert is_blocked(make_list("https://h.example/"), "http://h.example/a/b", "http://sub.h.example/") == [True, False]


def test_allowed_entries_are_not_blocked(make_list):
    blocklist = make_list("host.example", allow=["good.host.example  # ours", "host.example/about", ""])
    assert is_blocked(
        blocklist, "http://host.example/", "http://x.good.host.example/", "http://host.example/about/us", "h.example"
    ) == [True, False, False, False]


def test_the_longest_matching_entry_determines_the_category(tmp_path):
    lines = [("a", "domain", "x.example"), ("b", "domain", "y.x.example"), ("c", "url", "y.x.example/p")]
    path = tmp_path / "list.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(json.dumps({"category": c, k: v}).encode() for c, k, v in lines)))
    description = build([str(path)], f"{tmp_path}/list.bin").description
    assert description.categories == {"a": 1, "b": 1, "c": 1}
    blocklist = BlockList.open(f"{tmp_path}/list.bin")
    assert blocklist.match("http://x.example/p") == Match("a", "domain")
    assert blocklist.match("http://z.y.x.example/p") == Match("b", "domain")
    assert blocklist.match("http://y.x.example/p/q") == Match("c", "url")


# comparison with a plain matcher


def plain_parts(url):
    """Host without www., and path as bytes with references decoded, by regular expressions and urllib."""
    rest = re.sub(r"^(?:[a-zA-Z0-9+.-]+:)?[/\\]{2}", "", url.strip())
    host, path = re.match(r"([^/\\?#]*)(.*)", rest, re.DOTALL).groups()
    host = re.sub(r":\d*$", "", host.rpartition("@")[2]).rstrip(".").lower()
    head, mark, query = path.partition("?")
    path = (head.replace("\\", "/") + mark + query).encode()
    kept = re.compile(rb"%(2[35F]|3F|5C|[01]\d|20|7F)", re.IGNORECASE)
    pieces = kept.split(path)
    for i, piece in enumerate(pieces):
        pieces[i] = b"%" + piece.upper() if i % 2 else unquote_to_bytes(piece).replace(b" ", b"%20")
    return host, b"".join(pieces)


def plain_match(url, entries):
    host, path = plain_parts(url)
    if not re.fullmatch(r"(?:[a-z0-9_-]+\.)+[a-z0-9_-]+", host):
        return False
    site = re.sub(r"^www\.(?=.+\..)", "", host)
    for entry in entries:
        listed, below = plain_parts(entry)
        listed_site = re.sub(r"^www\.(?=.+\..)", "", listed)
        if listed == listed_site and not below:
            if f".{site}".endswith(f".{listed}"):
                return True
            continue
        below = below.rstrip(b"/?#")
        if (
            site == listed_site
            and path.startswith(below)
            and path[len(below) : len(below) + 1] in (b"", b"/", b"?", b"#")
        ):
            return True
    return False


HOSTS = st.lists(st.sampled_from(["a", "b", "www", "w-w", "B"]), min_size=2, max_size=4).map(".".join)
PATHS = st.lists(st.sampled_from([*"/?#ab%~ \\é赌", "%61", "%2f", "%2F", "%E9", "%20"]), max_size=6).map("".join)
URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "http://", "//", "https://", "x://u:p@"]),
    HOSTS,
    st.sampled_from(["", ".", ":80", ":"]),
    st.just("") | st.tuples(st.sampled_from("/?#\\"), PATHS).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(HOSTS, st.sampled_from(["", "/", "/a", "/a/b", "/~b/", "?a", "/赌"])).map("".join), min_size=1),
    URLS,
)
def test_the_compiled_matcher_equals_a_plain_matcher(tmp_path_factory, entries, url):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "list.txt").write_text("\n".join(entries), encoding="utf-8")
    build([f"{folder}/list.txt"], f"{folder}/list.bin")
    url = url.strip()
    found = BlockList.open(f"{folder}/list.bin").match(url)
    assert (found is not None) == plain_match(url, entries), (url, entries)


LABELS = st.text("aZ0-_é中ßＡ。①", min_size=1, max_size=4)
LINES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "http://", "https://u@", "//", "www.", "http://www."]),
    st.lists(LABELS | st.sampled_from(["%61", "xn--fiqs8s", "7", "0x1f"]), min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", ".", ":8", "/", "/a%20b", "/中/?q=%41#x", "?", "/a\\b//"]),
)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_every_valid_entry_matches_itself(tmp_path_factory, line):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "list.txt").write_text(line, encoding="utf-8")
    try:
        build([f"{folder}/list.txt"], f"{folder}/list.bin")
    except FormatError:
        return
    blocklist = BlockList.open(f"{folder}/list.bin")
    assert blocklist.match(line), line


@pytest.fixture(scope="module")
def some_list(tmp_path_factory):
    folder = tmp_path_factory.mktemp("some")
    (folder / "list.txt").write_text("a.example\n")
    build([f"{folder}/list.txt"], f"{folder}/list.bin")
    return BlockList.open(f"{folder}/list.bin")


@settings(max_examples=300, deadline=None)
@given(text=st.text() | st.text("aA.:/?#@[]%0x\\wé。／").map("http://{}".format))
def test_any_text_is_matched_without_an_error(some_list, text):
    some_list.match(text)
    assert some_list.match(f"http://a.example/{text}")
    with contextlib.suppress(ValueError):
        assert plain_host(text).isascii()


def test_every_domain_of_a_real_list_matches_and_its_parents_do_not(shared_data, tmp_path):
    source = shared_data / "filters" / "ut1-domains.jsonl.gz"
    built = build([str(source)], f"{tmp_path}/list.bin", skip_broken=True)
    assert built.broken == ()
    rows = [json.loads(line) for line in gzip.open(source)]
    first = {}
    for row in rows:
        first.setdefault(row["domain"], row["category"])
    assert built.description.entries == len(first)
    blocklist = BlockList.open(f"{tmp_path}/list.bin")
    for name, category in first.items():
        assert blocklist.match(f"http://{name}/x") == Match(category, "domain"), name
        parent = name.partition(".")[2]
        if not re.fullmatch(r"[\d.]+", name) and "." in parent:
            listed = any(parent == end or parent.endswith(f".{end}") for end in [parent] if end in first)
            if not listed and not any(parent[i + 1 :] in first for i, c in enumerate(parent) if c == "."):
                assert blocklist.match(f"http://{parent}/") is None, parent

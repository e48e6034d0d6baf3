"""Block lists: what matches, what is refused, and that the compiled matcher agrees with a plain one."""

import contextlib
import gzip
import io
import json
import pickle
import re
import struct
import tarfile
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.commands.main import main
from sluice.core.errors import FormatError, InputError
from sluice.text.lists.blocklist import BlockList, Match, describe
from sluice.text.lists.blocklist_build import build
from sluice.text.lists.hosts import plain_host


@pytest.fixture
def make(tmp_path):
    """Returns a function that builds a block list of some lines in one category."""

    def made(*lines, allow=None, category="spam"):
        (tmp_path / "list.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        build([f"{category}={tmp_path}/list.txt"], f"{tmp_path}/list.bin")
        if allow is None:
            return BlockList.open(f"{tmp_path}/list.bin")
        (tmp_path / "allow.txt").write_text("".join(f"{line}\n" for line in allow), encoding="utf-8")
        return BlockList.open(f"{tmp_path}/list.bin", f"{tmp_path}/allow.txt")

    return made


def is_blocked(blocklist, *urls):
    return [blocklist.match(url) is not None for url in urls]


# what matches


def test_a_domain_matches_itself_and_its_subdomains_but_not_similar_names(make):
    blocklist = make("casino.example")
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


def test_a_name_with_www_matches_that_site_only(make):
    # www.gov.example is one site, gov.example is all of its sites
    blocklist = make("www.gov.example")
    assert is_blocked(blocklist, "http://www.gov.example/a", "http://gov.example", "http://city.gov.example/") == [
        True,
        True,
        False,
    ]
    # www is not a prefix here, but the name of the domain
    assert is_blocked(make("www.example"), "http://www.example/", "http://a.www.example/", "http://b.example/") == [
        True,
        True,
        False,
    ]


def test_a_public_suffix_matches_only_if_it_is_listed(make):
    assert is_blocked(make("bad.co.example"), "http://co.example/", "http://good.co.example/") == [False, False]
    assert is_blocked(make("co.example"), "http://co.example/", "http://good.co.example/") == [True, True]


@pytest.mark.parametrize(
    "entry, same",
    [
        ("1.2.3.4", ["http://1.2.3.4/a", "http://1.2.3.4:81", "http://0x1020304/", "http://16909060/", "1.2.772"]),
        ("[2001:DB8::0:1]", ["http://[2001:db8:0::1]:8080/a", "[2001:db8::1]"]),
    ],
)
def test_an_ip_address_matches_all_its_notations(make, entry, same):
    blocklist = make(entry)
    assert is_blocked(blocklist, *same) == [True] * len(same)
    assert (
        is_blocked(blocklist, "http://11.2.3.4/", "http://9.1.2.3.4/", "http://3.4/", "http://[2001:db8::2]/")
        == [False] * 4
    )


@pytest.mark.parametrize("entry", ["公司.中国", "xn--55qx5d.xn--fiqs8s", "*.公司。中国", "http://公司.中国/"])
def test_chinese_hosts_match_in_unicode_punycode_and_references(make, entry):
    # names of two top-level domains in the root zone
    blocklist = make(entry)
    for url in (
        "http://公司.中国/",
        "http://www.公司。中国/新闻",
        "http://xn--55qx5d.XN--FIQS8S/",
        "http://%E5%85%AC%E5%8F%B8.%E4%B8%AD%E5%9B%BD/",
    ):
        assert blocklist.match(url), url
    assert blocklist.match("http://公.中国/") is None


@pytest.mark.parametrize("ignored", ["\u00ad", "\u200b", "\u2060", "\ufeff", "%C2%AD", "\ufe0f"])
def test_characters_that_browsers_remove_from_a_host_are_ignored(make, ignored):
    blocklist = make("casino.example")
    assert blocklist.match(f"http://cas{ignored}ino.example/")
    assert blocklist.match(f"http://cas{ignored}ina.example/") is None


def test_a_too_long_host_is_an_error_before_its_conversion_to_punycode():
    # Python's codec takes quadratic time in the length of a label: 40 s for 20,000 characters
    for host in ("赌" * 254, "赌." * 127 + "中国", "xn--" + "a" * 250 + ".中国"):
        with pytest.raises(ValueError, match="a host of more than 253 characters"):
            plain_host(host)
    assert plain_host("赌" * 40 + ".中国").endswith(".xn--fiqs8s")


def test_a_url_matches_itself_and_urls_below_it(make):
    blocklist = make("http://host.example/~me/")
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


def test_a_url_with_a_query_or_a_chinese_path_matches(make):
    assert is_blocked(make("h.example/p?id=1"), "http://h.example/p?id=1#a", "h.example/p?id=12", "h.example/p") == [
        True,
        False,
        False,
    ]
    escaped = "http://h.example/%E8%B5%8C/a%20b"
    assert is_blocked(make("h.example/赌"), escaped, "http://h.example/赌", "h.example/赌场") == [True, True, False]


def test_a_url_without_a_path_matches_its_host_only(make):
    assert is_blocked(make("https://h.example/"), "http://h.example/a/b", "http://sub.h.example/") == [True, False]


def test_allowed_entries_are_not_blocked(make):
    blocklist = make("host.example", allow=["good.host.example  # ours", "host.example/about", ""])
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


# building


@pytest.fixture
def ut1(tmp_path):
    root = tmp_path / "blacklists"
    for name, text in {
        "adult/domains": "a.example\nboth.example\n",
        "adult/urls": "host.example/a\nhost2.example\n",
        "adult/expressions": "(sex|porn)\n",
        "adult/usage": "black\n",
        "gambling/domains": "b.example\nboth.example\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def as_tar(root):
    path = root.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(root, "blacklists")
    return path


@pytest.mark.parametrize("pack", [lambda root: root, as_tar])
def test_a_folder_or_tar_in_ut1_format_is_read(ut1, tmp_path, pack):
    built = build([str(pack(ut1))], f"{tmp_path}/list.bin")
    assert built.description.entries == 5
    assert sum(built.description.categories.values()) == 5
    assert [(name.rpartition("blacklists/")[2]) for name in built.unused] == ["adult/expressions"]
    blocklist = BlockList.open(f"{tmp_path}/list.bin")
    assert blocklist.match("http://b.example/") == Match("gambling", "domain")
    assert blocklist.match("http://host.example/a/b") == Match("adult", "url")
    assert is_blocked(blocklist, "http://host2.example/x", "http://sub.host2.example/") == [True, False]


def test_categories_can_be_selected_and_the_first_of_several_is_kept(ut1, tmp_path):
    built = build([str(ut1)], f"{tmp_path}/list.bin", only=["gambling"])
    assert built.description.categories == {"gambling": 2}
    build([f"{ut1}/gambling/domains", str(ut1)], f"{tmp_path}/list.bin")  # a single file has its name as the category
    assert BlockList.open(f"{tmp_path}/list.bin").match("both.example") == Match("domains", "domain")
    with pytest.raises(InputError, match="no entries of poker"):
        build([str(ut1)], f"{tmp_path}/list.bin", only=["gambling", "poker"])


BROKEN = [
    ("two words.example", "space"),
    ("tab\there.example", "space"),
    ("bell\x07.example", "space"),
    ("nodot", "without a dot"),
    ("http:///path", "no host"),
    ("a..example", "nothing between two dots"),
    (f"{'a' * 64}.example", "63 characters"),
    (".".join(["abcdefghi"] * 26), "253 characters"),
    (f"h.example/{'a' * 5000}", "4,096 bytes"),
    ("*nodot.example", "letters, digits"),
    ("b!d.example", "letters, digits"),
    ("xn--\x80.example", "not UTF-8"),
    ("xn--99999999999.example", "IDNA"),
    ("1.2.3.999", "IPv4"),
    ("http://[::1::2]/", "'::'"),
    ("a.example%2Fb", "a delimiter"),
]


@pytest.mark.parametrize("line, reason", BROKEN, ids=[line[:12] for line, _ in BROKEN])
def test_an_invalid_line_is_an_error_with_its_number_or_skipped_and_counted(tmp_path, line, reason):
    path, out = tmp_path / "list.txt", tmp_path / "list.bin"
    path.write_bytes(b"# list\n\ngood.example\n" + line.encode("latin-1") + b"\nlast.example")
    with pytest.raises(FormatError, match=r"list\.txt, line 4: .*" + re.escape(reason)):
        build([str(path)], str(out))
    assert not out.exists()
    built = build([str(path)], str(out), skip_broken=True)
    assert built.description.entries == 2
    assert built.description.sources[0].skipped == 1
    assert len(built.broken) == 1 and reason in built.broken[0]
    assert is_blocked(BlockList.open(str(out)), "good.example", "last.example") == [True, True]


@pytest.mark.parametrize(
    "row",
    [
        *("[]", "{", '{"domain": "a.example"}', '{"category": "a", "domain": "a b"}', '{"category": "a"}'),
        '{"category": "", "domain": "a.example"}',
        '{"category": "a", "domain": "a.example", "url": "http://b.example/x"}',  # one of the two would be lost
    ],
)
def test_an_invalid_json_line_is_an_error_with_its_number(tmp_path, row):
    path = tmp_path / "list.jsonl"
    path.write_text('{"category": "a", "domain": "a.example"}\n\n' + row)
    with pytest.raises(FormatError, match=r"list\.jsonl, line 3"):
        build([str(path)], f"{tmp_path}/list.bin")


def test_lines_across_blocks_a_byte_order_mark_and_all_line_ends_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("sluice.text.lists.url_lines.BLOCK_BYTES", 40)
    path = tmp_path / "list.txt"
    path.write_bytes(
        b"\xef\xbb\xbfa.example\r\n" + b"".join(b"h%d.example  # %d\r\n" % (i, i) for i in range(100)) + b"z z"
    )
    with pytest.raises(FormatError, match="line 102"):
        build([str(path)], f"{tmp_path}/list.bin")
    built = build([str(path)], f"{tmp_path}/list.bin", skip_broken=True)
    assert built.description.entries == 101
    blocklist = BlockList.open(f"{tmp_path}/list.bin")
    assert all(is_blocked(blocklist, "a.example", *(f"h{i}.example" for i in range(100))))
    path.write_bytes(b"x" * 100)
    with pytest.raises(FormatError, match="no line ends"):
        build([str(path)], f"{tmp_path}/list.bin")


def test_empty_missing_and_truncated_sources_are_errors(tmp_path):
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(InputError, match="no entry in"):
        build([f"{tmp_path}/empty.txt"], f"{tmp_path}/list.bin")
    with pytest.raises(InputError, match="No input files at"):
        build([f"{tmp_path}/missing.txt"], f"{tmp_path}/list.bin")
    (tmp_path / "broken.txt.gz").write_bytes(gzip.compress(b"a.example\n" * 1000)[:-9])
    with pytest.raises(FormatError, match="not a whole gzip"):
        build([f"{tmp_path}/broken.txt.gz"], f"{tmp_path}/list.bin")
    (tmp_path / "broken.tar.gz").write_bytes(b"x" * 2000)
    with pytest.raises(FormatError, match="not a whole tar"):
        build([f"{tmp_path}/broken.tar.gz"], f"{tmp_path}/list.bin")


def test_a_category_without_a_valid_line_is_missing(ut1, tmp_path):
    (ut1 / "adult" / "domains").write_text("# nothing\n")
    (ut1 / "adult" / "urls").write_text("nodot\n")
    with pytest.raises(InputError, match="no entries of adult"):
        build([str(ut1)], f"{tmp_path}/list.bin", only=["adult", "gambling"], skip_broken=True)
    path = tmp_path / "list.jsonl"
    path.write_text('{"category": "a", "domain": "nodot"}\n{"category": "b", "domain": "b.example"}\n')
    with pytest.raises(InputError, match="no entries of a"):
        build([str(path)], f"{tmp_path}/list.bin", only=["a", "b"], skip_broken=True)
    assert build([str(path)], f"{tmp_path}/list.bin", skip_broken=True).description.categories == {"b": 1}


def test_a_folder_of_another_format_is_an_error_even_with_a_valid_source(ut1, tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "spam.txt").write_text("a.example\n")
    with pytest.raises(InputError, match=r"lists has no file `domains` or `urls`.*one by one"):
        build([str(ut1), str(folder)], f"{tmp_path}/list.bin")


@pytest.mark.parametrize("pack", [lambda root: root, as_tar])
def test_compressed_lists_in_ut1_format_are_decompressed(ut1, tmp_path, pack):
    plain = ut1 / "gambling" / "domains"
    (ut1 / "gambling" / "domains.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert build([str(pack(ut1))], f"{tmp_path}/list.bin").description.categories == {"adult": 4, "gambling": 1}


def test_a_damaged_archive_is_always_an_error(tmp_path):
    root = tmp_path / "lists"
    for name in ("adult", "gambling"):
        (root / name).mkdir(parents=True)
        (root / name / "domains").write_text("".join(f"{name}{i * 7919 % 4099}.example\n" for i in range(3000)))
    whole, out = as_tar(root).read_bytes(), tmp_path / "list.bin"
    bare = gzip.decompress(whole)
    damaged = [whole[: len(whole) * i // 16] for i in range(16)] + [whole[:-4], bare[: len(bare) // 2]]
    # only the checksum at the end detects a flipped bit that changes the content
    damaged += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(40, len(whole), len(whole) // 40)]
    for data in damaged:
        (tmp_path / "damaged.tar.gz").write_bytes(data)
        with pytest.raises(FormatError, match=r"damaged\.tar\.gz is not a whole tar"):
            build([f"{tmp_path}/damaged.tar.gz"], str(out), skip_broken=True)
    assert not out.exists()
    (tmp_path / "bare.tar").write_bytes(bare)
    assert build([f"{tmp_path}/bare.tar"], str(out)).description.entries == 6000
    packed = gzip.compress(bare)
    (tmp_path / "list.txt.gz").write_bytes(packed[:500] + b"\xff" * 20 + packed[520:])
    with pytest.raises(FormatError, match=r"list\.txt\.gz is not a whole gzip"):
        build([f"{tmp_path}/list.txt.gz"], str(out), skip_broken=True)


# the built file


def test_the_digest_depends_on_the_entries_and_not_on_their_order(make):
    first = make("a.example", "b.example", "b.example").digest
    assert make("http://b.example.", "a.example").digest != first  # a site is not a domain
    assert make("*.b.example.", "A.example").digest == first
    assert make("a.example", "b.example", category="porn").digest != first


def test_a_block_list_is_pickled_as_paths_and_digests_and_changed_files_are_errors(make):
    blocklist = make("a.example", allow=["b.a.example"])
    assert blocklist.match("a.example")
    packed = pickle.dumps(blocklist)
    assert len(packed) < 600
    assert is_blocked(pickle.loads(packed), "a.example", "b.a.example") == [True, False]
    make("a.example", allow=["c.a.example"])
    with pytest.raises(InputError, match=r"allow\.txt is not the list that this run began with"):
        pickle.loads(packed).match("a.example")
    make("c.example")
    with pytest.raises(InputError, match=r"list\.bin is not the list that this run began with"):
        pickle.loads(packed).match("a.example")


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda data: b"", "no block list"),
        (lambda data: b"a.example\n" * 10, "no block list"),
        (lambda data: data[:-5], "cut off"),
        (lambda data: data[:8] + struct.pack("<Q", 9) + data[16:], "version 9"),
        (lambda data: data[:16] + data[24:], "do not fit"),
        (lambda data: data.replace(b'"entries"', b'"entriez"', 1), "damaged.*missing required field `entries`"),
        (lambda data: data.replace(b'":6,"categories":{"spam"', b'":96,"categories":{"spa"'), "damaged.*<= 32"),
        # two keys, then the starts of 64 buckets: the last start would be far beyond the keys
        (lambda data: data[: 16 + 16 + 4 * 64] + b"\xff" * 4 + data[16 + 16 + 4 * 65 :], "buckets are out of order"),
        (lambda data: data[: 16 + 16] + b"\xff" * 4 + data[16 + 16 + 4 :], "buckets are out of order"),
    ],
)
def test_a_damaged_block_list_is_an_error(make, tmp_path, damage, said):
    make("a.example", "b.example")
    path = tmp_path / "list.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=said):
        describe(str(path))
    with pytest.raises(InputError, match="Cannot map"):
        describe(f"{tmp_path}/missing.bin")


# command line


def test_a_list_is_built_and_checked_on_the_command_line(ut1, tmp_path, capsys):
    out = f"{tmp_path}/list.bin"
    (ut1 / "adult" / "domains").write_text("a.example\nb b\n")
    assert main(["blocklist", "build", out, str(ut1)]) == 3
    assert "domains, line 2" in capsys.readouterr().err
    assert main(["blocklist", "build", out, str(ut1), "--skip-broken"]) == 0
    printed = capsys.readouterr().out
    assert "line 2: 'b b' is no domain or URL" in printed
    assert "adult/expressions (regular expressions)" in printed
    assert re.search(r"5 +entries of 5 sound lines, 1 broken lines skipped", printed)
    (tmp_path / "allow.txt").write_text("good.b.example\n")
    urls = ["http://x.b.example/", "http://good.b.example/", "h.example"]
    assert main(["blocklist", "check", out, *urls, "--allow", f"{tmp_path}/allow.txt"]) == 0
    assert capsys.readouterr().out == (
        "gambling\tdomain\thttp://x.b.example/\n-\t-\thttp://good.b.example/\n-\t-\th.example\n"
    )
    assert main(["blocklist", "build", out, str(ut1), "--only", ","]) == 2


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


def test_a_list_can_be_read_from_any_stream(tmp_path):
    from sluice.text.lists.url_lines import UrlLines

    lines = UrlLines(io.BytesIO(b"a.example\nb.example/x\n"), "memory")
    assert [len(keys) for keys in lines] == [2]
    assert lines.entries == 2

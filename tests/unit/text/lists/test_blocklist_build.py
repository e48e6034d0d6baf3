"""Building block lists: sources, invalid and damaged input, the built file, and the command line."""

import gzip
import io
import pickle
import re
import struct
import tarfile

import pytest

from sluice.commands.main import main
from sluice.core.errors import FormatError, InputError
from sluice.text.lists.blocklist import BlockList, Match, describe
from sluice.text.lists.blocklist_build import build
from tests.helpers.block_lists import is_blocked


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
    with pytest.raises(FormatError, match="not a complete gzip"):
        build([f"{tmp_path}/broken.txt.gz"], f"{tmp_path}/list.bin")
    (tmp_path / "broken.tar.gz").write_bytes(b"x" * 2000)
    with pytest.raises(FormatError, match="not a complete tar"):
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
        with pytest.raises(FormatError, match=r"damaged\.tar\.gz is not a complete tar"):
            build([f"{tmp_path}/damaged.tar.gz"], str(out), skip_broken=True)
    assert not out.exists()
    (tmp_path / "bare.tar").write_bytes(bare)
    assert build([f"{tmp_path}/bare.tar"], str(out)).description.entries == 6000
    packed = gzip.compress(bare)
    (tmp_path / "list.txt.gz").write_bytes(packed[:500] + b"\xff" * 20 + packed[520:])
    with pytest.raises(FormatError, match=r"list\.txt\.gz is not a complete gzip"):
        build([f"{tmp_path}/list.txt.gz"], str(out), skip_broken=True)


def test_a_list_can_be_read_from_any_stream(tmp_path):
    from sluice.text.lists.url_lines import UrlLines

    lines = UrlLines(io.BytesIO(b"a.example\nb.example/x\n"), "memory")
    assert [len(keys) for keys in lines] == [2]
    assert lines.entries == 2


# the built file


def test_the_digest_depends_on_the_entries_and_not_on_their_order(make_list):
    first = make_list("a.example", "b.example", "b.example").digest
    assert make_list("http://b.example.", "a.example").digest != first  # a site is not a domain
    assert make_list("*.b.example.", "A.example").digest == first
    assert make_list("a.example", "b.example", category="porn").digest != first


def test_a_block_list_is_pickled_as_paths_and_digests_and_changed_files_are_errors(make_list):
    blocklist = make_list("a.example", allow=["b.a.example"])
    assert blocklist.match("a.example")
    packed = pickle.dumps(blocklist)
    assert len(packed) < 600
    assert is_blocked(pickle.loads(packed), "a.example", "b.a.example") == [True, False]
    make_list("a.example", allow=["c.a.example"])
    with pytest.raises(InputError, match=r"allow\.txt is not the list used at the start of this run"):
        pickle.loads(packed).match("a.example")
    make_list("c.example")
    with pytest.raises(InputError, match=r"list\.bin is not the list used at the start of this run"):
        pickle.loads(packed).match("a.example")


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda data: b"", "not a block list"),
        (lambda data: b"a.example\n" * 10, "not a block list"),
        (lambda data: data[:-5], "truncated"),
        (lambda data: data[:8] + struct.pack("<Q", 9) + data[16:], "version 9"),
        (lambda data: data[:16] + data[24:], "do not match"),
        (lambda data: data.replace(b'"entries"', b'"entriez"', 1), "damaged.*missing required field `entries`"),
        (lambda data: data.replace(b'":6,"categories":{"spam"', b'":96,"categories":{"spa"'), "damaged.*<= 32"),
        # two keys, then the starts of 64 buckets: the last start would be far beyond the keys
        (lambda data: data[: 16 + 16 + 4 * 64] + b"\xff" * 4 + data[16 + 16 + 4 * 65 :], "buckets are out of order"),
        (lambda data: data[: 16 + 16] + b"\xff" * 4 + data[16 + 16 + 4 :], "buckets are out of order"),
    ],
)
def test_a_damaged_block_list_is_an_error(make_list, tmp_path, damage, message):
    make_list("a.example", "b.example")
    path = tmp_path / "list.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FormatError, match=message):
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
    assert "line 2: 'b b' is not a domain or URL" in printed
    assert "adult/expressions (regular expressions)" in printed
    assert re.search(r"5 +entries of 5 valid lines, 1 invalid skipped", printed)
    (tmp_path / "allow.txt").write_text("good.b.example\n")
    urls = ["http://x.b.example/", "http://good.b.example/", "h.example"]
    assert main(["blocklist", "check", out, *urls, "--allow", f"{tmp_path}/allow.txt"]) == 0
    assert capsys.readouterr().out == (
        "gambling\tdomain\thttp://x.b.example/\n-\t-\thttp://good.b.example/\n-\t-\th.example\n"
    )
    assert main(["blocklist", "build", out, str(ut1), "--only", ","]) == 2

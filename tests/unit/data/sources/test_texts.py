import gzip

import pytest

from sluice.core.errors import FormatError, InputError
from sluice.data.sources.texts import iter_texts


def write(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(path)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_text_file_is_one_document_or_one_per_line(tmp_path, name):
    path = write(tmp_path, name, "one\x85 1\r\n\n two".encode())
    assert list(iter_texts(path)) == ["one\x85 1\r\n\n two"]
    assert list(iter_texts(path, lines=True)) == ["one\x85 1", "", " two"]


def test_a_final_line_feed_starts_no_document(tmp_path):
    assert list(iter_texts(write(tmp_path, "a.txt", b"a\nb\n"), lines=True)) == ["a", "b"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_json_lines_are_read_from_the_field_and_blank_lines_are_skipped(tmp_path, name):
    path = write(tmp_path, name, '{"text": "a\\nb", "n": 1}\n\n{"text": "你"}\n'.encode())
    assert list(iter_texts(path)) == ["a\nb", "你"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "is not a JSON object: its objects span lines"),
        (b'{"body": "x"}', "has no field 'text'; there are 'body'"),
        (b"[1]", "is not a JSON object: it is an array"),
        (b"7", "is not a JSON object: it is a int"),
    ],
)
def test_an_invalid_json_line_is_an_error_with_its_number(tmp_path, line, problem):
    path = write(tmp_path, "a.jsonl", b'{"text": "ok"}\n' + line)
    with pytest.raises(FormatError, match=rf"a\.jsonl, line 2, {problem}"):
        list(iter_texts(path))


def test_a_text_that_is_no_string_is_an_error(tmp_path):
    with pytest.raises(FormatError, match=r"a\.jsonl, line 1: the field 'text' contains a int; expected a string"):
        list(iter_texts(write(tmp_path, "a.jsonl", b'{"text": 7}')))


@pytest.mark.parametrize("lines", [True, False])
def test_json_lines_under_the_name_of_a_text_are_refused(tmp_path, lines):
    path = write(tmp_path, "a.txt", b'{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    with pytest.raises(FormatError, match=r"a\.txt is JSON lines with the field 'text'.*Rename it to \.jsonl"):
        list(iter_texts(path, lines=lines))
    assert list(iter_texts(write(tmp_path, "b.txt", b'{"id": 1}'), lines=lines)) == ['{"id": 1}']


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = write(tmp_path, "a.txt", b"\xef\xbb\xbfone\n\xef\xbb\xbftwo")
    assert list(iter_texts(path, lines=True)) == ["one", "\ufefftwo"]
    assert list(iter_texts(path)) == ["one\n\ufefftwo"]


def test_bytes_that_are_not_utf8_are_an_error_with_line_and_byte(tmp_path):
    with pytest.raises(FormatError, match=r"a\.txt, line 2, is not UTF-8 at byte 1"):
        list(iter_texts(write(tmp_path, "a.txt", b"ok\na\xff\n"), lines=True))


@pytest.mark.parametrize("kept", [1, 15, -4])
def test_a_truncated_gzip_file_is_an_error_with_its_name(tmp_path, kept):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"some text\n" * 50)[:kept])
    with pytest.raises(FormatError, match=r"a\.txt\.gz is not a complete gzip file"):
        list(iter_texts(str(path), lines=True))


def test_an_empty_file_has_no_line_and_is_one_empty_document(tmp_path):
    path = write(tmp_path, "a.txt", b"")
    assert list(iter_texts(path, lines=True)) == []
    assert list(iter_texts(path)) == [""]


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt"):
        list(iter_texts(f"{tmp_path}/none.txt"))


def test_zstandard_is_read_frame_by_frame_and_a_cut_file_is_an_error(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    lines = [f'{{"text": "line {i} 你好"}}\n'.encode() for i in range(20_000)]
    whole = zstandard.compress(b"".join(lines[:7])) + zstandard.compress(b"".join(lines[7:]))
    path = write(tmp_path, "a.jsonl.zst", whole)
    assert list(iter_texts(path)) == [f"line {i} 你好" for i in range(20_000)]
    for damaged in (whole[:-10], b"no frame at all"):
        with pytest.raises(FormatError, match=r"a\.jsonl\.zst is not a complete Zstandard file"):
            list(iter_texts(write(tmp_path, "a.jsonl.zst", damaged)))

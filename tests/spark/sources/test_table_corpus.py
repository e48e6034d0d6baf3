"""Decontamination and repeated lines on a user's table: counts, kept rows, resume and bad input."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.config.dedup import DecontaminateConfig, LineDedupConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError, StageError
from sluice.spark.engine.work import Checkpoints
from sluice.spark.sources.table_files import TableFiles
from sluice.spark.stages.decontaminate import decontaminate, decontaminate_source
from sluice.spark.stages.line_dedup import line_dedup, line_dedup_source
from sluice.spark.transforms.line_dedup import with_cut_texts

QUESTION = "Which of these two metals is the better conductor of heat at low temperature and why?"
ZH_QUESTION = "在標準大氣壓下，水的沸點是多少攝氏度？"
EDITED = QUESTION.replace("metals", "shiny metals")
QUIZ = [
    {"id": "a", "question": QUESTION},
    {"id": "zh", "question": ZH_QUESTION},
    {"id": "b", "question": "Why, or why not?"},
]
PAGES = [
    {"id": "en", "text": f"quiz: {QUESTION.upper()}", "n": 1.50},
    {"id": "near", "text": f"quiz: {EDITED}"},
    {"id": "zh", "text": f"题：在标准大气压下,水的沸点是多少摄氏度 {QUESTION}"},
    {"id": "other", "text": "nothing of the kind"},
    {"id": "null", "text": None},
]
NOTE = "版权所有，未经书面许可不得以任何方式转载。"
MENU = "home and news and about us and contact"


def own(number):
    name = str(number).translate(str.maketrans("0123456789", "abcdefghij"))
    return f"what page {name} says is found in no other page than {name}, at this length, which is what keeps it"


LINED = [
    {"id": "1", "text": f"{own(1)}\n{MENU}"},
    {"id": "2", "text": f"{own(2)}\n\n{MENU.upper()}!\n{own(2)} and more"},
    {"id": "3", "text": f"{own(3)}\n{NOTE}\n{MENU}"},
    {"id": "4", "text": f"{own(4)}\n{NOTE}"},
    {"id": "5", "text": f"{own(5)}\n{NOTE}\nshort"},
    {"id": "6", "text": None},
    {"id": "7", "text": MENU},
]
LEFT = {"1": own(1), "3": f"{own(3)}\n{NOTE}", "4": own(4), "5": f"{own(5)}\nshort"}
REMOVED = [("1", 4, "2"), ("3", 4, "2"), ("4", 3, "3"), ("5", 3, "3")]


def write_lines(path, rows):
    data = b"".join(
        (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n" for row in rows
    )
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def kept(tmp_path, spark, stage):
    lines = spark.read.text(str(tmp_path / "out" / stage / "kept")).collect()
    return {json.loads(row["value"])["id"]: row["value"] for row in lines}


def summary(tmp_path, stage):
    return json.loads((tmp_path / "out" / stage / "_summary.json").read_text())


def decontaminated(spark, tmp_path, rows, **table):
    quiz = write_lines(tmp_path / "quiz.jsonl.gz", QUIZ)
    table = SourceConfig(inputs=(write_lines(tmp_path / "a.jsonl", rows),), **table)
    config = Config(output=str(tmp_path / "out"), source=table, decontaminate=DecontaminateConfig(benchmarks=(quiz,)))
    decontaminate(spark, *decontaminate_source(config), force=False)
    matches = pq.read_table(tmp_path / "out" / "decontaminate" / "matches").to_pylist()
    return sorted((row["id"], row["item"], row["kind"]) for row in matches), summary(tmp_path, "decontaminate")


def test_rows_with_items_are_removed_and_others_unchanged(spark, tmp_path):
    matches, found = decontaminated(spark, tmp_path, PAGES)
    assert matches == [("en", "a", "ngram"), ("near", "a", "near"), ("zh", "a", "ngram"), ("zh", "zh", "ngram")]
    assert found["ledgers"] == [{"unit": "documents", "in": 5, "out": 2, "dropped": {"near": 1, "ngram": 2}}]
    assert found["benchmarks"] == [{"benchmark": "quiz", "items": 3, "found": 2, "documents": 3}]
    assert (found["too_short"], found["too_common"]) == (1, 0)
    assert kept(tmp_path, spark, "decontaminate") == {
        row["id"]: json.dumps(row, ensure_ascii=False) for row in PAGES[3:]
    }


def test_unreadable_rows_are_quarantined_and_counted(spark, tmp_path):
    matches, found = decontaminated(spark, tmp_path, [*PAGES, b"{broken"], max_unreadable_share=0.5)
    assert len(matches) == 4
    assert found["ledgers"][0]["dropped"] == {"near": 1, "ngram": 2, "unreadable": 1}
    (bad,) = pq.read_table(tmp_path / "out" / "decontaminate" / "quarantine").to_pylist()
    assert bad["problem"].startswith("not a JSON object")


def test_repeated_ids_are_an_error(spark, tmp_path):
    with pytest.raises(InputError, match=r"'en' \(2 times: .*a.jsonl, byte 0 and .*a.jsonl, byte 4"):
        decontaminated(spark, tmp_path, [*PAGES, PAGES[0]])


def test_a_missing_benchmark_or_table_is_an_error_before_reading(tmp_path):
    quiz = write_lines(tmp_path / "quiz.jsonl", QUIZ)
    with pytest.raises(ConfigError, match=r"No benchmark is configured. Set decontaminate\.benchmarks"):
        decontaminate_source(Config(source=SourceConfig(inputs=(quiz,))))
    with pytest.raises(InputError, match="No input files at /not/there"):
        decontaminate_source(
            Config(source=SourceConfig(inputs=("/not/there",)), decontaminate=DecontaminateConfig(benchmarks=(quiz,)))
        )
    with pytest.raises(
        ConfigError, match=r"line_dedup\.min_hosts=2 needs table columns .* Set source\.url, or set it to 1"
    ):
        line_dedup_source(Config(source=SourceConfig(inputs=(quiz,)), line_dedup=LineDedupConfig(min_hosts=2)))


def lined(spark, config):
    line_dedup(spark, line_dedup_source(config), force=False)


def lines_config(tmp_path, inputs, **lines):
    table = SourceConfig(inputs=(str(inputs),))
    return Config(output=str(tmp_path / "out"), source=table, line_dedup=LineDedupConfig(min_documents=2, **lines))


def test_json_lines_lose_only_their_repeated_lines(spark, tmp_path):
    rows = [
        *LINED[1:],
        b'{"id": "1", "keep": [1.50, 1e5, "\\u00e9"],"text": ' + json.dumps(LINED[0]["text"]).encode() + b" }",
    ]
    lined(spark, lines_config(tmp_path, write_lines(tmp_path / "a.jsonl", rows)))
    found = kept(tmp_path, spark, "line_dedup")
    texts = {name: json.loads(line)["text"] for name, line in found.items()}
    untouched = {row["id"]: row["text"] for row in LINED if row["id"] in ("2", "6", "7")}
    assert texts == LEFT | untouched  # 7 is only this line, 2 is the longest document with it
    assert found["1"] == '{"id":"1","keep":[1.50, 1e5, "\\u00e9"],"text":' + json.dumps(own(1)) + "}"
    assert found["2"] == json.dumps(LINED[1], ensure_ascii=False)
    assert removed(tmp_path) == REMOVED
    documents, lines, characters = summary(tmp_path, "line_dedup")["ledgers"]
    assert documents == {"unit": "documents", "in": 7, "out": 7, "dropped": {}}
    assert lines == {"unit": "lines", "in": 15, "out": 11, "dropped": {"repeated": 4}}
    assert characters["dropped"] == {"repeated_lines": 2 * (len(MENU) + len(NOTE) + 2)}
    shown = [(row["removed_from"], row["sample"]) for row in summary(tmp_path, "line_dedup")["samples"]]
    assert sorted(shown) == sorted([(2, f"{MENU.upper()}!"), (2, NOTE)])


def removed(tmp_path):
    rows = pq.read_table(tmp_path / "out" / "line_dedup" / "removed_lines").to_pylist()
    return sorted((row["id"], row["num_documents"], row["kept_in"]) for row in rows)


def test_parquet_keeps_its_columns_and_emptied_rows_are_removed_if_allowed(spark, tmp_path):
    rows = [{"id": int(row["id"]), "text": row["text"], "n": 1.5} for row in LINED]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    lined(spark, lines_config(tmp_path, tmp_path / "a.parquet", max_removed_share=None))
    found = pq.read_table(tmp_path / "out" / "line_dedup" / "kept").to_pylist()
    texts = {row["id"]: row["text"] for row in LINED} | LEFT
    assert sorted(found, key=lambda row: row["id"]) == [
        {"id": int(name), "text": text, "n": 1.5} for name, text in sorted(texts.items()) if name != "7"
    ]
    assert summary(tmp_path, "line_dedup")["ledgers"][0]["dropped"] == {"nothing_left": 1}


def test_hosts_are_read_from_urls(spark, tmp_path):
    urls = ["https://a.example/1", "http://u:p@A.example:80/2", "https://b.example?x", None, "https://a.example#y"]
    rows = [row | {"at": url} for row, url in zip(LINED, urls, strict=False)]
    table = SourceConfig(inputs=(write_lines(tmp_path / "a.jsonl", rows),), url="at")
    settings = LineDedupConfig(min_documents=2, min_hosts=2)
    lined(spark, Config(output=str(tmp_path / "out"), source=table, line_dedup=settings))
    assert removed(tmp_path) == [("1", 3, "2"), ("3", 3, "2"), ("4", 3, "3"), ("5", 3, "3")]
    table = SourceConfig(inputs=table.inputs, url="at")
    settings = LineDedupConfig(min_documents=2, min_hosts=3)
    lined(spark, Config(output=str(tmp_path / "out3"), source=table, line_dedup=settings))
    (tmp_path / "out").rename(tmp_path / "before")
    (tmp_path / "out3").rename(tmp_path / "out")
    assert removed(tmp_path) == [("4", 3, "3"), ("5", 3, "3")]  # b, none and a; the menu has only a and b


def test_after_a_failure_the_same_command_resumes_with_complete_tables(spark, tmp_path, monkeypatch):
    config = lines_config(tmp_path, write_lines(tmp_path / "a.jsonl", LINED))

    def fail(*_):
        raise StageError("out of disk")

    with monkeypatch.context() as broken, pytest.raises(StageError, match="out of disk"):
        broken.setattr(TableFiles, "write_kept", fail)
        lined(spark, config)
    whole = sorted((tmp_path / "out" / "line_dedup" / "_work").glob("*/_SUCCESS"))
    assert [path.parent.name for path in whole] == ["cut_texts", "facts", "removed", "repeated"]
    times = [path.stat().st_mtime_ns for path in whole]
    monkeypatch.setattr(Checkpoints, "clear", lambda self: None)
    lined(spark, config)
    assert [path.stat().st_mtime_ns for path in whole] == times
    assert removed(tmp_path) == REMOVED
    assert len(kept(tmp_path, spark, "line_dedup")) == 7


def test_a_kept_document_has_its_remaining_text_and_bytes(spark):
    documents = spark.createDataFrame(
        [(1, 6, "ab\ncd"), (2, 3, "中"), (3, 2, "xy")], "doc_id long, n_bytes int, text string"
    )
    cut = spark.createDataFrame([(1, "中b"), (2, None), (3, "")], "doc_id long, text string")
    assert sorted(map(tuple, with_cut_texts(documents, cut).collect())) == [(1, 4, "中b"), (2, 3, "中")]

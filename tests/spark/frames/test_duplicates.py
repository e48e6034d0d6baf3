"""Deduplication, decontamination and repeated lines of a user's data frame."""

import datetime as dt
import json

import pytest

from sluice import spark as sl
from sluice.core.errors import ConfigError, InputError
from sluice.core.ledger import Ledger
from sluice.spark.frames import work

FOX = "The quick brown fox jumps over the lazy dog while the slow red hen looks on from the roof of the old barn"
LAW = "第一条 为了规范网络数据处理活动，保障网络数据安全，促进网络数据依法合理有效利用，保护个人、组织的合法权益。"
TRADITIONAL = (
    "第一條 為了規範網絡數據處理活動，保障網絡數據安全，促進網絡數據依法合理有效利用，保護個人、組織的合法權益。"
)
NOON = dt.datetime(2024, 5, 6, 12, tzinfo=dt.UTC)
ROWS = [
    (1, FOX, 0.1, {"lang": "en"}, ["a", None], NOON),
    (2, FOX.upper(), 0.9, None, None, None),
    (3, FOX + " today", None, {"lang": None}, [], NOON),
    (4, LAW, float("nan"), {"lang": "zh"}, ["b"], None),
    (5, TRADITIONAL, float("nan"), {"lang": "zh"}, ["c"], None),
    (6, None, 0.5, None, None, None),
    (7, "  ", 0.5, None, None, None),
    (None, "A row without an id, which can be in no result.", 0.5, None, None, None),
    (8, "Something else that no one has ever written before in quite these words", 0.5, None, None, None),
]
SCHEMA = "`doc.id` long, body string, `a score` double, info struct<lang: string>, tags array<string>, at timestamp"


def test_a_frame_loses_its_duplicates_and_keeps_its_columns(spark, tmp_path):
    df = spark.createDataFrame(ROWS, SCHEMA)
    before = dict(spark.conf.getAll) if hasattr(spark.conf, "getAll") else {}
    found = sl.dedup(
        df,
        id="doc.id",
        text="body",
        quality="a score",
        settings={"source.max_unreadable_share": 0.2},
        work_dir=str(tmp_path),
    )
    assert found.ledger == Ledger(
        "documents", 9, 3, {"exact": 2, "near": 1, "null_text": 1, "empty": 1, "unreadable": 1}
    )
    assert found.kept.schema == df.schema
    kept = sorted(found.kept.collect(), key=lambda row: row["doc.id"])
    assert [tuple(row)[:2] for row in kept] == [ROWS[1][:2], ROWS[3][:2], ROWS[8][:2]]  # 2 has the highest score
    assert kept[1].info.lang == "zh"
    assert kept[1].tags == ["b"]
    removed = {(row.id, row.step, row.duplicate_of) for row in found.removals.collect()}
    assert removed == {("1", "exact", "2"), ("3", "near", "2"), ("5", "exact", "4")}
    assert [(row.place, row.problem) for row in found.unreadable.collect()] == [(None, "'id' is null")]
    assert {row.id: row.cluster_id for row in found.clusters.collect()} == {"2": "2", "3": "2"}
    assert {row.id: row.n_copies for row in found.copies.collect()} == {"2": 3, "4": 2}
    assert dict(spark.conf.getAll) == before
    assert spark.range(3).count() == 3


def test_documents_with_benchmark_items_are_removed(spark, tmp_path):
    question = "Which of these two metals is the better conductor of heat at low temperature and why?"
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"id": "q", "question": question}))
    df = spark.createDataFrame(
        [("a", f"quiz: {question}"), ("b", "nothing of the kind"), ("c", None)], "id string, text string"
    )
    found = sl.decontaminate(df, [str(tmp_path / "quiz.jsonl")], work_dir=str(tmp_path / "work"))
    assert [(row.id, row.item, row.kind) for row in found.matches.collect()] == [("a", "q", "ngram")]
    assert sorted(row.id for row in found.kept.collect()) == ["b", "c"]
    assert found.ledger == Ledger("documents", 3, 2, {"ngram": 1})


def test_repeated_lines_are_removed_and_other_columns_stay(spark, tmp_path):
    menu = "home and news and about us and contact"
    own = "what page {} says is found in no other page than {}, at this length, which is what keeps it"
    rows = [(i, f"{own.format(i, i)}{' x' * (i == 'a')}\n{menu}", i * 2) for i in "abc"]
    df = spark.createDataFrame([*rows, ("d", menu, "dd")], "id string, text string, note string")
    settings = {"line_dedup.min_documents": 2, "line_dedup.max_removed_share": None}
    found = sl.dedup_lines(df, settings=settings, work_dir=str(tmp_path))
    assert sorted(map(tuple, found.kept.collect())) == [
        ("a", rows[0][1], "aa"),
        ("b", own.format("b", "b"), "bb"),
        ("c", own.format("c", "c"), "cc"),
    ]
    assert {(row.id, row.kept_in) for row in found.removed_lines.collect()} == {("b", "a"), ("c", "a"), ("d", "a")}
    assert found.ledger == Ledger("documents", 4, 3, {"nothing_left": 1})


@pytest.mark.parametrize(
    ("schema", "arguments", "message"),
    [
        ("id long, content string", {}, r"text='text', but the columns of the data frame are \['id', 'content'\]"),
        ("id long, text array<string>", {}, r"text='text': the column has the type array<string>; expected a string"),
        ("id double, text string", {}, "id='id': the column has the type double; expected a string or an integer"),
        ("id long, text string, t long", {"fetched_at": "t"}, "fetched_at='t': the column has the type bigint; expec"),
        ("id long, text string, text string", {}, "text='text', but 2 columns of the data frame have this name"),
    ],
)
def test_a_missing_column_or_another_type_is_an_error(spark, schema, arguments, message):
    with pytest.raises(InputError, match=message):
        sl.dedup(spark.createDataFrame([], schema), **arguments)


def test_repeated_ids_and_unknown_settings_are_errors(spark, tmp_path):
    df = spark.createDataFrame([("a", FOX), ("a", LAW), ("b", "x")], "id string, text string")
    with pytest.raises(InputError, match=r"must be unique, but some are not: 'a' \(2 times\)\. Set another"):
        sl.dedup(df, work_dir=str(tmp_path))
    with pytest.raises(ConfigError, match=r"dedup\.treshold"):
        sl.dedup(df, settings={"dedup.treshold": 0.7})
    with pytest.raises(
        ConfigError, match=r"dedup\.urls=newest needs table columns .* source\.url and source\.fetched_at"
    ):
        sl.dedup(df, settings={"dedup.urls": "newest"})


def test_a_cluster_needs_a_directory_that_all_machines_reach(spark, monkeypatch):
    class Cluster:
        class sparkContext:
            master = "yarn"

        class conf:
            @staticmethod
            def get(name, default):
                return default

    with pytest.raises(ConfigError, match=r"Give work_dir, or set spark\.sluice\.workDir of the session"):
        work.work_directory(Cluster, None)
    assert work.work_directory(Cluster, "s3://bucket/tmp") == "s3://bucket/tmp"
    assert work.work_directory(spark, None) == work.work_directory(spark, None)

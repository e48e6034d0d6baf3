"""Deduplication of a user's table: counts, kept rows, and all errors of the input."""

import gzip
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from sluice.core.config.dedup import DedupConfig, MinHashConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError, StageError
from sluice.spark.stages.dedup import dedup, dedup_source
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.shingles import jaccard, shingles
from tests.helpers.duplicated_rows import EXPECTED, FOX, LAW, ROWS, TRADITIONAL


def settings(tmp_path, inputs, **table):
    return Config(output=str(tmp_path / "out"), source=SourceConfig(inputs=tuple(map(str, inputs)), **table))


def run(spark, config, force=False):
    dedup(spark, dedup_source(config), force=force)
    path = f"{config.output}/dedup"
    removed = {(r["id"], r["step"], r["duplicate_of"]) for r in spark.read.parquet(f"{path}/removals").collect()}
    with open(f"{path}/_summary.json") as file:
        return removed, json.load(file)


def write_lines(path, rows):
    data = b"".join(
        (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n" for row in rows
    )
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_json_lines_are_deduplicated_and_kept_lines_are_unchanged(spark, tmp_path):
    files = [write_lines(tmp_path / "a.jsonl", ROWS[:5]), write_lines(tmp_path / "b.jsonl.gz", ROWS[5:])]
    removed, summary = run(spark, settings(tmp_path, files))
    assert removed == EXPECTED
    assert summary["ledgers"] == [
        {"unit": "documents", "in": 11, "out": 4, "dropped": {"empty": 1, "exact": 3, "near": 2, "null_text": 1}}
    ]
    assert (summary["too_short_for_near"], summary["too_long_for_near"]) == (2, 0)  # both of a pair
    kept = [json.loads(row["value"]) for row in spark.read.text(str(tmp_path / "out" / "dedup" / "kept")).collect()]
    gone = {row[0] for row in EXPECTED} | {"null", "empty"}
    assert sorted(kept, key=str) == sorted((row for row in ROWS if row["id"] not in gone), key=str)


def test_parquet_with_columns_of_other_names_keeps_all_columns(spark, tmp_path):
    rows = [{"key": i, "body": row["text"], "n": i * 1.5, "when": "2024-01-01"} for i, row in enumerate(ROWS)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    config = settings(tmp_path, [tmp_path], id="key", text="body", quality="n", fetched_at="when")
    removed, summary = run(spark, config)
    assert removed == {  # quality decides before length
        ("0", "exact", "2"),
        ("1", "near", "2"),
        ("3", "exact", "5"),
        ("4", "near", "5"),
        ("7", "exact", "8"),
    }
    assert summary["ledgers"][0]["out"] == 4
    kept = pq.read_table(tmp_path / "out" / "dedup" / "kept").to_pylist()
    assert sorted(kept, key=str) == sorted((rows[i] for i in (2, 5, 6, 8)), key=str)


def test_invalid_lines_are_quarantined_with_their_place(spark, tmp_path):
    file = write_lines(tmp_path / "a.jsonl", [ROWS[0], b"{broken", ROWS[6], {"id": "n", "text": 5}])
    with pytest.raises(StageError, match=r"2 of 4 rows cannot be read.*a\.jsonl, byte \d+: not a JSON object"):
        run(spark, settings(tmp_path, [file]))
    _, summary = run(spark, settings(tmp_path, [file], max_unreadable_share=0.5))
    assert summary["ledgers"][0] == {"unit": "documents", "in": 4, "out": 2, "dropped": {"unreadable": 2}}
    kept = spark.read.text(str(tmp_path / "out" / "dedup" / "kept")).collect()
    assert {json.loads(row["value"])["id"] for row in kept} == {"en", "other"}
    quarantine = spark.read.parquet(str(tmp_path / "out" / "dedup" / "quarantine")).collect()
    at = file.read_bytes().index(b"{broken")
    assert (f"{file}, byte {at}", "not a JSON object: ") in {(row["place"], row["problem"][:19]) for row in quarantine}


def test_repeated_ids_are_an_error_that_names_some(spark, tmp_path):
    file = write_lines(tmp_path / "a.jsonl", [*ROWS, ROWS[0], ROWS[3], ROWS[3]])
    with pytest.raises(InputError, match=r"'en' \(2 times: .*jsonl, byte 0 and .*\); 'zh' \(3 times: "):
        run(spark, settings(tmp_path, [file]))
    assert not (tmp_path / "out" / "dedup" / "removals").exists()


def test_a_missing_column_is_an_error_that_names_the_existing_ones(spark, tmp_path):
    pq.write_table(pa.Table.from_pylist([{"id": 1, "content": "a"}]), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"source.text='text', but the columns of .* are \['id', 'content'\]"):
        run(spark, settings(tmp_path, [tmp_path]))


def test_a_table_of_empty_rows_has_an_empty_result(spark, tmp_path):
    file = write_lines(tmp_path / "a.jsonl", ROWS[9:])
    removed, summary = run(spark, settings(tmp_path, [file]))
    assert removed == set()
    assert summary["ledgers"][0] == {"unit": "documents", "in": 2, "out": 0, "dropped": {"empty": 1, "null_text": 1}}


@pytest.mark.exhaustive
def test_a_text_of_a_hundred_megabytes_is_only_compared_exactly_and_counted(spark, tmp_path):
    huge = " ".join(str(i) for i in range(12_000_000))  # 96 MB
    assert len(huge) > 90_000_000
    rows = [{"id": "huge", "text": huge}, {"id": "copy", "text": huge}, {"id": "near", "text": huge + " end"}, ROWS[0]]
    removed, summary = run(spark, settings(tmp_path, [write_lines(tmp_path / "a.jsonl", rows)], write_kept=False))
    assert removed == {("copy", "exact", "huge")} or removed == {("huge", "exact", "copy")}
    assert summary["too_long_for_near"] == 3


def test_a_second_table_is_deduplicated_with_the_index_of_the_first(spark, tmp_path):
    first = settings(tmp_path / "1", [write_lines(tmp_path / "a.jsonl", ROWS)])
    first = Config(output=first.output, source=first.source, dedup=DedupConfig(write_index=True))
    run(spark, first)
    rows = [{"id": "en", "text": "X" + FOX}, {"id": "new", "text": "Short."}, {"id": "zh2", "text": TRADITIONAL + "。"}]
    second = settings(tmp_path / "2", [write_lines(tmp_path / "b.jsonl", rows)])
    index = f"{first.output}/dedup/index"
    second = Config(output=second.output, source=second.source, dedup=DedupConfig(earlier=(index,)))
    removed, _ = run(spark, second)
    assert removed == {("en", "near", "en-longer"), ("new", "exact", "short"), ("zh2", "near", "zh-longer")}
    other = Config(
        output=second.output, source=second.source, dedup=DedupConfig(earlier=(index,), minhash=MinHashConfig(rows=7))
    )
    with pytest.raises(ConfigError, match="rows: 8 -> 7"):
        dedup_source(other)


def test_a_finished_table_is_not_repeated_and_other_settings_are_an_error(spark, tmp_path):
    config = settings(tmp_path, [write_lines(tmp_path / "a.jsonl", ROWS)])
    run(spark, config)
    before = (tmp_path / "out" / "dedup" / "_summary.json").stat().st_mtime_ns
    run(spark, config)
    assert (tmp_path / "out" / "dedup" / "_summary.json").stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="belongs to another configuration"):
        run(spark, Config(output=config.output, source=config.source, dedup=DedupConfig(threshold=0.9)))


VERSIONS = [
    {"id": "old", "text": FOX, "url": "http://example.com/fox", "at": "2024-01-01T00:00:00"},
    {"id": "new", "text": LAW, "url": "https://www.example.com/fox/?utm_source=x", "at": "2024-03-01T00:00:00"},
    {
        "id": "middle",
        "text": FOX + " today and tomorrow",
        "url": "http://example.com/fox#a",
        "at": "2024-02-01T00:00:00",
    },
    {"id": "law", "text": LAW + "完", "url": "http://example.com/law", "at": "2024-01-01T00:00:00"},
    {"id": "short", "text": "Short.", "url": "http://example.com/s", "at": None},
    {"id": "shorter", "text": "Shor", "url": "http://example.com/s", "at": None},
    {"id": "short-copy", "text": "short.", "url": "http://example.com/s?", "at": None},
    {
        "id": "no-page",
        "text": "Something quite different that has no address at all, as far as I know",
        "url": "x",
    },
    {
        "id": "no-page-2",
        "text": "And yet another one that has the same lack of an address as the one before",
        "url": "x",
    },
]


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        # the newest is removed as a near-duplicate of the law, so the older ones are duplicates of the law too
        ("newest", {("old", "url", "new", "law"), ("middle", "url", "new", "law"), ("new", "near", "law", "law")}),
        ("best", {("old", "url", "middle", "middle"), ("new", "url", "middle", "middle")}),
    ],
)
def test_one_version_of_a_page_is_kept(spark, tmp_path, urls, expected):
    write_lines(tmp_path / "in.jsonl", VERSIONS)
    config = settings(tmp_path, [tmp_path / "in.jsonl"], url="url", fetched_at="at", write_kept=True)
    config = structs.replace(config, dedup=DedupConfig(urls=urls))
    run(spark, config)
    rows = spark.read.parquet(f"{config.output}/dedup/removals").collect()
    found = {(r["id"], r["step"], r["matched_id"], r["duplicate_of"]) for r in rows}
    # of equal length and age, the smaller address is kept
    assert found == expected | {("shorter", "url", "short", "short"), ("short-copy", "url", "short", "short")}
    texts = {row["id"]: row["text"] for row in VERSIONS}
    sets = {name: shingles(key_text(text), 5) for name, text in texts.items()}
    for row in rows:
        same = key_text(texts[row["id"]]) == key_text(texts[row["duplicate_of"]])
        assert row["jaccard"] == (1.0 if same else jaccard(sets[row["id"]], sets[row["duplicate_of"]]))
    copies = {row["id"]: row["n_copies"] for row in spark.read.parquet(f"{config.output}/dedup/copies").collect()}
    counts = Counter(kept for *_, kept in found)
    assert copies == {kept: count + 1 for kept, count in counts.items()}


@pytest.mark.parametrize(("urls", "table"), [("best", {}), ("newest", {"url": "url"})])
def test_versions_of_a_page_need_their_columns(tmp_path, urls, table):
    write_lines(tmp_path / "in.jsonl", VERSIONS)
    config = structs.replace(settings(tmp_path, [tmp_path / "in.jsonl"], **table), dedup=DedupConfig(urls=urls))
    with pytest.raises(ConfigError, match=r"Set source\.(url|fetched_at), or unset dedup\.urls"):
        dedup_source(config)


@pytest.mark.exhaustive
def test_a_version_removed_for_a_document_of_an_earlier_crawl_has_its_similarity(spark, tmp_path):
    write_lines(tmp_path / "a.jsonl", [{"id": "law", "text": LAW + "完", "url": "http://example.org/"}])
    first = settings(tmp_path / "a", [tmp_path / "a.jsonl"], url="url", fetched_at="at")
    run(spark, structs.replace(first, dedup=DedupConfig(write_index=True)))
    earlier = (f"{first.output}/dedup/index",)
    for text in (LAW, LAW + "完"):  # the newest is a near or an exact duplicate of the law of that crawl
        versions = [row | ({"text": text} if row["id"] == "new" else {}) for row in VERSIONS if row["id"] != "law"]
        write_lines(tmp_path / "b.jsonl", versions)
        second = settings(tmp_path / f"b{len(text)}", [tmp_path / "b.jsonl"], url="url", fetched_at="at")
        second = structs.replace(second, dedup=DedupConfig(urls="newest", earlier=earlier))
        run(spark, second)
        rows = {row["id"]: row for row in spark.read.parquet(f"{second.output}/dedup/removals").collect()}
        old = rows["old"]
        assert (old["matched_id"], old["duplicate_of"], old["is_earlier"], old["jaccard"]) == ("new", "law", True, 0.0)

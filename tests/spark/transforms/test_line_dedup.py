"""Repeated lines of a whole corpus are found and removed."""

import random

import pytest
from pyspark.sql import functions as F

from sluice.core.config.dedup import LineDedupConfig
from sluice.core.records.corpus import CutText, RepeatedLine
from sluice.spark.transforms.line_dedup import line_counts, most_removed, removed_lines, repeated_lines, without_lines
from sluice.text.dedup.repeated_lines import plain_hashes

MENU = "home and news and about us and contact"
NOTE = "版权所有，未经书面许可不得以任何方式转载。"
SETTINGS = LineDedupConfig(min_documents=2, max_removed_share=0.8)
SCHEMA = "doc_id long, quality double, host string, text string"


def own(number):
    name = str(number).translate(str.maketrans("0123456789", "abcdefghij"))
    return f"what page {name} says is found in no other page than {name}, at this length"


def documents(spark, rows):
    """Rows (doc_id, rank, host, text); the smaller the rank, the better the document."""
    rows = [(doc_id, -float(rank), host, text) for doc_id, rank, host, text in rows]
    return spark.createDataFrame(rows, SCHEMA).withColumn("n_chars", F.length("text"))


def hash_of(line):
    (found,) = plain_hashes(line, SETTINGS).tolist()
    return found


def found(df, settings=SETTINGS, partitions=3):
    repeated = repeated_lines(df, settings, partitions)
    assert tuple(repeated.columns) == RepeatedLine.__struct_fields__
    return sorted(map(tuple, repeated.collect()))


PAGES = [
    (1, 30, "a", f"{MENU}\n{own(1)}\n{MENU}\n{NOTE}"),
    (2, 10, "a", f"{MENU.upper()}\n{own(2)}\n{own(2)}"),
    (3, 20, "b", f"{MENU}!\n{own(3)}\n{NOTE}"),
    (4, 5, None, "short"),
    (5, 1, "c", None),
]


def test_the_best_document_keeps_a_line_and_it_counts_once_per_document(spark):
    assert found(documents(spark, PAGES)) == sorted(
        [(1, hash_of(MENU), 3, 2), (3, hash_of(MENU), 3, 2), (1, hash_of(NOTE), 2, 3)]
    )


def test_the_best_document_has_the_highest_quality_then_the_most_characters(spark):
    rows = [(1, 0.5, None, MENU), (2, None, None, f"{MENU}\n{own(1)}\n{own(2)}"), (3, 0.5, None, f"{MENU}\nx")]
    df = spark.createDataFrame(rows, SCHEMA).withColumn("n_chars", F.length("text"))
    assert [(row[0], row[3]) for row in found(df)] == [(1, 3), (2, 3)]
    without = df.withColumn("quality", F.lit(None).cast("double"))
    assert [(row[0], row[3]) for row in found(without)] == [(1, 2), (3, 2)]


def test_the_lines_removed_most_often_are_shown_as_written_where_they_are_kept(spark):
    pages = [(i, i, None, f"{MENU.title()}!\n{NOTE * (i % 2)}\n{own(i)}") for i in range(6)]
    df = documents(spark, pages).withColumn("language", F.lit("en"))
    repeated = repeated_lines(df, SETTINGS, 3)
    removed = removed_lines(repeated, without_lines(df, repeated, SETTINGS))
    shown = sorted(map(tuple, most_removed(removed, df, SETTINGS, 5).collect()))
    assert shown == [("en", 2, hash_of(NOTE), 1, NOTE), ("en", 5, hash_of(MENU), 0, f"{MENU.title()}!")]
    assert [row.removed_from for row in most_removed(removed, df, SETTINGS, 1).collect()] == [5]


def test_of_equal_documents_the_smaller_id_keeps_a_line(spark):
    df = documents(spark, [(9, 0, "a", MENU), (7, 0, "a", MENU), (8, 0, "a", MENU)])
    assert found(df) == [(8, hash_of(MENU), 3, 7), (9, hash_of(MENU), 3, 7)]


def test_a_line_is_removed_only_with_enough_documents_and_hosts(spark):
    df = documents(spark, PAGES)
    assert [row[2] for row in found(df, LineDedupConfig(min_documents=3))] == [3, 3]
    assert found(df, LineDedupConfig(min_documents=4)) == []
    assert found(df, LineDedupConfig(min_documents=2, min_hosts=2)) == found(df)
    assert found(df, LineDedupConfig(min_documents=2, min_hosts=3)) == []
    one_site = documents(spark, [(1, 1, None, MENU), (2, 2, None, MENU), (3, 3, None, MENU)])
    assert found(one_site, LineDedupConfig(min_documents=2, min_hosts=2)) == []


def test_hosts_are_not_needed_unless_they_are_counted(spark):
    assert len(found(documents(spark, PAGES).drop("host"))) == 3


def test_repeated_lines_are_cut_from_texts_and_counted(spark):
    df = documents(spark, PAGES).where("text is not null")
    cut = without_lines(df, repeated_lines(df, SETTINGS, 3), SETTINGS)
    assert tuple(cut.columns) == CutText.__struct_fields__
    assert {row.doc_id: row.text for row in cut.collect()} == {
        1: own(1),
        2: None,  # the best; a line that it contains twice is kept twice
        3: f"{own(3)}\n{NOTE}",
        4: None,
    }
    removed = removed_lines(repeated_lines(df, SETTINGS, 3), cut)
    assert sorted(map(tuple, removed.collect())) == found(df)
    (sums,) = line_counts(cut).collect()
    assert (sums.documents, sums.edited, sums.emptied) == (4, 2, 0)
    assert (sums.n_lines, sums.n_short, sums.n_lines_removed, sums.n_spared) == (11, 1, 4, 0)
    assert sums.n_chars_removed == 3 * (len(MENU) + 1) + len("!") + len(NOTE) + 1


def test_every_removed_line_is_in_the_document_that_keeps_it_after_the_cut(spark):
    draw = random.Random(5)
    lines = [f"{word} is the first word of a line that many pages have" for word in "one two three four five".split()]
    rows = [
        (i, draw.randrange(5), None, "\n".join([own(i), *draw.sample(lines, draw.randrange(5))])) for i in range(60)
    ]
    settings = LineDedupConfig(min_documents=3, max_removed_share=0.7)
    df = documents(spark, rows)
    repeated = repeated_lines(df, settings, 4)
    cut = {row.doc_id: row for row in without_lines(df, repeated, settings).collect()}
    texts = {row[0]: row[3] for row in rows}

    def left(doc_id):
        return texts[doc_id] if cut[doc_id].text is None else cut[doc_id].text

    removed = 0
    for row in repeated.collect():
        assert row.line in plain_hashes(left(row.kept_in), settings)
        if row.line not in plain_hashes(left(row.doc_id), settings):
            assert row.line in cut[row.doc_id].removed
            removed += 1
    assert removed == sum(row.n_lines_removed for row in cut.values()) > 20
    assert sum(row.n_spared > 0 for row in cut.values()) > 0
    assert all(len(texts[i]) == len(left(i)) + row.n_chars_removed for i, row in cut.items())


@pytest.mark.parametrize("partitions", [1, 7])
def test_the_result_does_not_depend_on_the_partitioning(spark, partitions):
    rows = [(i, i % 3, f"host{i % 3}", f"{MENU}\n{own(i % 10)}\n{NOTE * (i % 2)}") for i in range(100)]
    settings = LineDedupConfig(min_documents=3, min_hosts=2)
    expected = found(documents(spark, rows), settings, 3)
    assert found(documents(spark, rows).repartition(5, "text"), settings, partitions) == expected
    assert len({row[1] for row in expected}) > 1


def test_an_empty_table_has_no_repeated_lines_and_no_texts(spark):
    df = documents(spark, [])
    assert found(df) == []
    assert without_lines(df, repeated_lines(df, SETTINGS, 2), SETTINGS).collect() == []

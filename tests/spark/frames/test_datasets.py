"""Splits of a data frame, and its texts as shards that other code reads."""

from collections import Counter

import pytest

import sluice
from sluice import spark as sl
from sluice.core.errors import InputError
from sluice.data.dataset.tokenizer import Tokenizer

TEXTS = [(f"doc {i}", f"This is the text of document {i}, 第 {i} 篇。") for i in range(40)]


def test_a_split_depends_on_the_id_alone_and_similar_documents_share_it(spark):
    df = spark.createDataFrame(TEXTS, "id string, text string")
    found = {row.id: row.split for row in sl.split(df, valid=0.2, test=0.3).collect()}
    assert Counter(found.values()).keys() == {"train", "valid", "test"}
    again = {
        row.id: row.split for row in sl.split(df.repartition(3).where("id <> 'doc 7'"), valid=0.2, test=0.3).collect()
    }
    assert again == {name: part for name, part in found.items() if name != "doc 7"}
    clusters = spark.createDataFrame([(f"doc {i}", "doc 0") for i in range(20)], "id string, cluster_id string")
    grouped = {row.id: row.split for row in sl.split(df, clusters=clusters, valid=0.2, test=0.3).collect()}
    assert {grouped[f"doc {i}"] for i in range(20)} == {found["doc 0"]}
    assert all(grouped[name] == found[name] for name, _ in TEXTS[20:])


def test_shards_have_the_texts_of_the_frame(spark, tmp_path):
    rows = [(*row, "valid" if i < 5 else "train") for i, row in enumerate(TEXTS)]
    df = spark.createDataFrame(rows, "id string, text string, split string")
    path = sl.write_shards(df, str(tmp_path), vocab_size=300, seq_len=16, name="mine")
    assert path == f"{tmp_path}/mine/1.0.0"
    data = sluice.load_dataset(path, batch_size=1)
    assert {split: part.docs for split, part in data.manifest.splits.items()} == {"train": 35, "valid": 5}
    tokenizer = Tokenizer.load(f"{path}/tokenizer.json")
    batches = sluice.load_dataset(path, split="valid", batch_size=1, shuffle=False)
    text = tokenizer.decode([token for batch in batches for token in batch[0, :-1].tolist()])
    assert all(f"This is the text of document {i}, 第 {i} 篇。" in text for i in range(5))
    with pytest.raises(InputError, match="already has a dataset"):
        sl.write_shards(df, str(tmp_path), vocab_size=300, name="mine")
    other = sl.write_shards(
        df.repartition(3).orderBy("text"),
        str(tmp_path),
        tokenizer=f"{path}/tokenizer.json",
        seq_len=16,
        name="mine",
        version="1.0.1",
    )
    for file in ("train-00000-of-00001.tfrecord", "valid-00000-of-00001.tfrecord"):
        assert (tmp_path / "mine/1.0.1" / file).read_bytes() == (tmp_path / "mine/1.0.0" / file).read_bytes()
    assert other.endswith("1.0.1")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "x", "dev")], "The column 'split' has 'dev'; expected train, valid, test"),
        ([("a", None, "train")], "1 rows have a null id or text"),
        ([(None, "x", "train")], "1 rows have a null id or text"),
        ([("a", "x", "train"), ("a", "y", "train")], "1 rows have the id of another row"),
        ([("a", "x", "valid")], "There is no training text"),
    ],
)
def test_bad_rows_are_errors_and_nothing_is_published(spark, tmp_path, rows, message):
    df = spark.createDataFrame(rows, "id string, text string, split string")
    with pytest.raises(InputError, match=message):
        sl.write_shards(df, str(tmp_path), vocab_size=300)
    assert list(tmp_path.rglob("manifest.json")) == []

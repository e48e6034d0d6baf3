"""Documents of variants: from files, and from the tables of a run."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.ablation.documents import finished_stages, iter_documents
from sluice.ablation.held_out import MIN_DOCUMENTS, read_held_out
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data.stage import Stage


def write_lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def texts(*paths, language=None):
    return [document.text for document in iter_documents([str(path) for path in paths], language)]


# files


def test_files_of_all_kinds_are_read(tmp_path):
    lines = write_lines(tmp_path / "a.jsonl", {"text": "One."}, {"text": ""})
    pq.write_table(pa.table({"text": ["Two.", None], "url": ["http://a/", "http://b/"]}), tmp_path / "b.parquet")
    (tmp_path / "c.py").write_text("def three():\n    pass\n")
    with gzip.open(tmp_path / "d.txt.gz", "wt") as stream:
        stream.write("Four.")
    (tmp_path / "_marker").write_text("not a document")
    assert texts(lines, tmp_path / "b.parquet") == ["One.", "Two."]
    assert texts(tmp_path) == ["One.", "Two.", "def three():\n    pass\n", "Four."]
    assert texts(f"{tmp_path}/*.py") == ["def three():\n    pass\n"]


def test_rejected_rows_and_other_languages_are_left_out(tmp_path):
    rows = [("en", None), ("zh", None), ("en", "too_short"), (None, None)]
    path = write_lines(
        tmp_path / "a.jsonl", *({"text": str(i), "language": a, "reason": b} for i, (a, b) in enumerate(rows))
    )
    assert texts(path, language="en") == ["0", "3"]
    assert texts(path) == ["0", "1", "3"]


def test_a_document_has_the_same_key_in_every_variant_by_its_id(tmp_path):
    raw = write_lines(
        tmp_path / "a.jsonl", {"url": "http://a/", "text": "Menu. One."}, {"url": "http://b/", "text": "Two."}
    )
    main = write_lines(tmp_path / "b.jsonl", {"url": "http://a/", "text": "One."})
    before, after = list(iter_documents([raw])), list(iter_documents([main]))
    assert before[0].key == after[0].key != before[1].key
    assert after[0].name == "http://a/"


def test_copies_without_ids_have_different_keys(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"text": "Same."}, {"text": "Same."}, {"text": "Other."})
    assert len({document.key for document in iter_documents([path])}) == 3


def test_unreadable_sources_are_errors(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"title": "no text"}\n')
    with pytest.raises(FormatError, match=r"a\.jsonl, line 1"):
        texts(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match="No input files"):
        texts(tmp_path / "missing")


# runs


def stage(root, name, upstream, **tables):
    """Writes a finished stage with tables; returns its digest."""
    made = Stage(str(root), name, {}, upstream)
    made.begin()
    for table, columns in tables.items():
        path = root / name / table
        path.mkdir(parents=True)
        pq.write_table(pa.table(columns), path / "part.parquet")
    made.finish([])
    return made.digest


@pytest.fixture
def output(tmp_path):
    """A run of seven documents, of which each stage removes one."""
    digest = stage(tmp_path, "extract", None)
    docs = tmp_path / "extract" / "docs"
    (docs / "batch=00000" / "kind=doc").mkdir(parents=True)
    (docs / "_batches").mkdir()
    (docs / "_batches" / "00000.json").write_text("{}")
    columns = {
        "doc_id": list(range(10, 17)),
        "text": ["a", "b", "c", "d", "e", "f", None],
        "language": ["en", "en", "zh", "en", "en", "en", "en"],
        "reason": [None, None, None, None, None, None, "too_short"],
    }
    pq.write_table(pa.table(columns), docs / "batch=00000" / "kind=doc" / "part.parquet")
    decisions = {"doc_id": list(range(10, 16)), "reason": ["dull", None, None, None, None, None]}
    digest = stage(tmp_path, "filter", digest, decisions=decisions)
    digest = stage(tmp_path, "dedup", digest, removals={"doc_id": [12]})
    digest = stage(tmp_path, "decontaminate", digest, matches={"doc_id": [13]})
    cut = {"doc_id": [14, 15, 11], "text": ["left", "", None]}
    stage(tmp_path, "line_dedup", digest, cut_texts=cut)
    return tmp_path


def test_a_stage_has_the_documents_that_remain_after_it(output):
    assert texts(output / "extract") == ["a", "b", "c", "d", "e", "f"]
    assert texts(output / "filter") == ["b", "c", "d", "e", "f"]
    assert texts(output / "dedup") == ["b", "d", "e", "f"]
    assert texts(output / "decontaminate") == ["b", "e", "f"]
    assert texts(f"{output}/line_dedup/") == ["b", "left"]
    assert texts(output / "extract", language="zh") == ["c"]
    assert finished_stages(str(output)) == ["extract", "filter", "dedup", "decontaminate", "line_dedup"]


def test_a_stage_of_other_settings_than_the_one_before_is_an_error(output):
    Stage(str(output), "filter", {"rules": "other"}, "changed").begin(force=True)
    with pytest.raises(InputError, match="has not finished or was run again"):
        texts(output / "dedup")
    with pytest.raises(InputError, match="has not finished or was run again"):
        texts(output / "filter")


def test_a_whole_run_and_a_stage_without_documents_are_errors(output):
    with pytest.raises(ConfigError, match="Name one of its stages"):
        texts(output)
    stage(output, "shards", None)
    with pytest.raises(ConfigError, match="not a stage with documents"):
        texts(output / "shards")


# held-out sets


def test_a_held_out_set_has_different_documents_in_hash_order(tmp_path):
    rows = [{"text": f"text {i % 30}", "id": i} for i in range(60)]
    path = write_lines(tmp_path / "a.jsonl", *rows)
    (found,) = read_held_out({"clean": (path,)}, None, 100)
    assert sorted(found.texts) == sorted({row["text"] for row in rows})
    (fewer,) = read_held_out({"clean": (path,)}, None, 25)
    assert fewer.texts == found.texts[:25]
    assert fewer.without({0, 24}).texts == found.texts[1:24]


def test_no_set_and_a_set_of_few_documents_are_errors(tmp_path):
    with pytest.raises(ConfigError, match=r"ablate\.held_out is empty"):
        read_held_out({}, None, 10)
    (tmp_path / "a.txt").write_text("One\n\nTwo")
    with pytest.raises(InputError, match=f"'clean' has 1 documents; at least {MIN_DOCUMENTS} are needed"):
        read_held_out({"clean": (str(tmp_path / "a.txt"),)}, None, 10)

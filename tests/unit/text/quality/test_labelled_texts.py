import json

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.text.quality.labelled_texts import (
    Labelled,
    group_of,
    is_held_out,
    passages,
    read_classes,
    split,
    training_lines,
)

SECTION = TrainQualityConfig(language="en", min_chars=10, passage_words=3, passages_per_document=2)


def text(i):
    """A distinct text of three words."""
    return f"text {'abcdefghij'[i % 10] * (i // 10 + 1)} words"


def write(folder, name, rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def section(folder, positive, negative, **changes):
    """Settings with two sources of rows."""
    sources = {"positive": (write(folder, "p.jsonl", positive),), "negative": (write(folder, "n.jsonl", negative),)}
    return msgspec.structs.replace(SECTION, **sources, **changes)


def rows(numbers):
    return [{"text": text(i)} for i in numbers]


def test_duplicates_are_kept_once_and_texts_of_both_classes_removed(tmp_path):
    good, bad = read_classes(section(tmp_path, rows([1, 2, 2, 3]), rows([3, 4])))
    assert {document.text for document in good.documents} == {text(1), text(2)}
    assert {document.text for document in bad.documents} == {text(4)}
    (counts,) = good.counts
    assert (counts.read, counts.duplicate, counts.conflicting, counts.used) == (4, 1, 1, 2)


def test_a_duplicate_in_a_second_source_is_counted_there(tmp_path):
    settings = section(tmp_path, rows([1, 2]), rows([9]))
    second = write(tmp_path, "second.jsonl", rows([2, 5]))
    good, _ = read_classes(msgspec.structs.replace(settings, positive=(*settings.positive, second)))
    assert [(counts.used, counts.duplicate) for counts in good.counts] == [(2, 0), (1, 1)]


def test_rejected_rows_and_rows_that_are_short_or_in_other_languages_are_counted(tmp_path):
    odd = [{"text": text(1), "language": "fr"}, {"text": text(2), "reason": "too_short"}, {"text": "short"}]
    good, _ = read_classes(section(tmp_path, [*odd, {"text": text(3), "language": "en"}], rows([9])))
    (counts,) = good.counts
    assert (counts.other_language, counts.rejected, counts.too_short, counts.used) == (1, 1, 1, 1)


def test_a_class_has_a_maximum_number_of_documents_taken_from_sources_in_turn(tmp_path):
    settings = section(tmp_path, rows(range(50)), rows([90]), max_documents_per_class=6)
    second = write(tmp_path, "second.jsonl", rows([60, 61, 62]))
    good, _ = read_classes(msgspec.structs.replace(settings, positive=(*settings.positive, second)))
    assert [counts.used for counts in good.counts] == [3, 3]
    assert good.counts[0].not_chosen == 47


def test_the_result_does_not_depend_on_the_order_of_a_file(tmp_path):
    one, _ = read_classes(section(tmp_path, rows(range(20)), rows([90]), max_documents_per_class=5))
    two, _ = read_classes(section(tmp_path, rows(reversed(range(20))), rows([90]), max_documents_per_class=5))
    assert one.documents == two.documents
    assert one.counts[0].sha256 == two.counts[0].sha256


def test_documents_are_read_from_tables_and_run_outputs(tmp_path):
    batch = tmp_path / "out" / "extract" / "docs" / "batch=00000"
    for kind, numbers in (("doc", [1, 2]), ("stats", [3])):
        (batch / f"kind={kind}").mkdir(parents=True)
        table = pa.table({"text": [text(i) for i in numbers], "language": ["en"] * len(numbers)})
        pq.write_table(table, batch / f"kind={kind}" / "part.parquet")
    (batch.parent / "_batches").mkdir()
    (batch.parent / "_batches" / "00000.json").write_text("{}")
    unfinished = batch.parent / "batch=00001" / "kind=doc"
    unfinished.mkdir(parents=True)
    pq.write_table(pa.table({"text": [text(4)]}), unfinished / "part.parquet")
    plain = str(batch / "kind=doc" / "part.parquet")
    settings = msgspec.structs.replace(
        SECTION, positive=(str(tmp_path / "out"),), negative=(write(tmp_path, "n.jsonl", rows([9])),)
    )
    for source in (str(tmp_path / "out"), plain):
        good, _ = read_classes(msgspec.structs.replace(settings, positive=(source,)))
        assert {document.text for document in good.documents} == {text(1), text(2)}


def test_a_text_file_is_one_document(tmp_path):
    (tmp_path / "a.txt").write_text("several words\nin lines")
    settings = section(tmp_path, [], rows([9]))
    good, _ = read_classes(msgspec.structs.replace(settings, positive=(str(tmp_path / "a.txt"),)))
    assert [document.text for document in good.documents] == ["several words\nin lines"]


def test_the_group_of_a_document_is_its_first_name():
    assert group_of({"text": "t", "url": "https://News.example.com:80/a", "title": "T"}, SECTION) == "news.example.com"
    assert group_of({"text": "t", "host": None, "title": "T"}, SECTION) == "T"
    assert group_of({"text": "t"}, SECTION) == group_of({"text": "t", "url": ""}, SECTION) != ""


@pytest.mark.parametrize("url", ["http://[::1", "http://[x]/", "http://a\u2100b/", "not a url", "http://"])
def test_a_url_without_a_valid_host_is_its_own_group(url):
    assert group_of({"text": "t", "url": url}, SECTION) == url


def test_a_fifth_of_the_groups_is_held_out_and_none_is_split(tmp_path):
    hosts = [{"text": text(i), "host": f"h{i % 60}"} for i in range(300)]
    good, _ = read_classes(section(tmp_path, hosts, rows([900])))
    training, held = split("positive", good.documents, SECTION)
    assert not {document.group for document in training} & {document.group for document in held}
    assert len(training) + len(held) == 300
    assert 4 <= len({document.group for document in held}) <= 24
    assert all(is_held_out(document.group, SECTION) for document in held)


def test_passages_have_equal_length_and_are_spread_over_the_text():
    words = "a b c d e f g h i j k l m n".split()
    assert passages(" ".join(words), SECTION) == ["a b c", "j k l"]
    assert passages("a b c d", SECTION) == ["a b c"]
    assert passages("a b", SECTION) == []
    one = msgspec.structs.replace(SECTION, passages_per_document=1)
    assert passages(" ".join(words), one) == ["a b c"]


def test_training_takes_sources_in_turn(tmp_path):
    settings = section(tmp_path, rows(range(30)), rows([90]))
    second = write(tmp_path, "second.jsonl", [{"text": "other kinds entirely"}, {"text": "yet other kinds"}])
    good, _ = read_classes(msgspec.structs.replace(settings, positive=(*settings.positive, second)))
    lines = training_lines(good.documents, SECTION)
    assert len(lines) == 32
    assert sum("other" in line for line in lines[:4]) == 2


def test_a_class_without_sources_is_an_error():
    with pytest.raises(ConfigError, match=r"train_quality\.positive is empty"):
        read_classes(SECTION)


def test_an_empty_class_is_an_error_with_the_counts_of_removed_documents(tmp_path):
    with pytest.raises(InputError, match=r"train_quality\.negative has no usable documents: read 1, too short 1"):
        read_classes(section(tmp_path, rows([1]), [{"text": "no"}]))


def test_two_classes_of_the_same_texts_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no usable documents: read 9, conflicting 9"):
        read_classes(section(tmp_path, rows(range(9)), rows(range(9))))


def test_a_class_of_one_text_is_an_error(tmp_path):
    good, _ = read_classes(section(tmp_path, rows([1] * 50), rows([2])))
    assert isinstance(good, Labelled)
    with pytest.raises(InputError, match=r"train_quality\.positive has [01] documents .*of 1 in 1 groups"):
        split("positive", good.documents, SECTION)


def test_an_unreadable_line_is_an_error_with_its_number(tmp_path):
    settings = section(tmp_path, rows([1]), rows([2]))
    (tmp_path / "p.jsonl").write_text('{"text": "fine and long enough"}\n{"text": 7}\n')
    with pytest.raises(FormatError, match=r"p\.jsonl, line 2: the field 'text' contains a int"):
        read_classes(settings)


def test_a_table_without_a_text_column_is_an_error_with_its_columns(tmp_path):
    pq.write_table(pa.table({"body": ["x"]}), tmp_path / "t.parquet")
    settings = msgspec.structs.replace(section(tmp_path, [], rows([2])), positive=(str(tmp_path / "t.parquet"),))
    with pytest.raises(FormatError, match=r"t\.parquet has no column 'text'; it has body"):
        read_classes(settings)


def test_a_folder_without_documents_is_an_error_with_its_path(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.csv").write_text("x")
    settings = msgspec.structs.replace(section(tmp_path, [], rows([2])), positive=(str(tmp_path / "empty"),))
    with pytest.raises(InputError, match=r"There are no documents at .*empty"):
        read_classes(settings)


def test_a_file_of_marks_gives_each_class_its_own(tmp_path):
    fields = {"url": "https://a.example/x", "language": "en", "reason": "words", "stage": "filter"}
    labels = [(1, "good"), (2, "bad"), (3, "good"), (3, "bad"), (4, "bad"), (4, None)]
    marks = [{"doc_id": str(i), "text": text(i), "label": label} | fields for i, label in labels]
    marks.append({"doc_id": "5", "text": text(5), "label": "good"} | fields | {"language": "zh"})
    path = write(tmp_path, "marks.jsonl", marks)
    good, bad = read_classes(msgspec.structs.replace(SECTION, positive=(path,), negative=(path,)))
    assert [(d.text, d.group) for d in good.documents] == [(text(1), "a.example")]
    assert {d.text for d in bad.documents} == {text(2), text(3)}
    assert (good.counts[0].read, good.counts[0].other_language, good.counts[0].rejected) == (2, 1, 0)
    assert bad.counts[0].read == 2

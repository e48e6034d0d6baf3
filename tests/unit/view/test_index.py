import concurrent.futures
import sqlite3

import pytest

from sluice.core.errors import InputError
from sluice.core.records.corpus import CutText, SplitRemoval
from sluice.core.records.dedup import Removal
from sluice.core.records.docs import Decision
from sluice.view import index as module
from sluice.view import search
from sluice.view.index import open_index, require_trigrams
from sluice.view.query import Filter, Range, parse_filter
from sluice.view.search import SearchIndex
from sluice.view.stages import read_stages
from tests.helpers import outcomes_run
from tests.helpers.docs_table import document
from tests.helpers.outcomes_run import write_output


def ids(index, labels=None, **wanted):
    labels = labels or {}
    positions = index.positions(Filter(**wanted), labels)
    return [row["doc_id"] for row in index.rows(positions, labels)]


def found(index, **wanted):
    return sorted(map(int, ids(index, **wanted)))


def test_each_document_has_the_outcome_of_the_first_stage_that_changed_it(index):
    rows = {}
    for doc_id in map(str, [*range(1, 11), 20, 21]):
        row = index.document(doc_id)
        rows[int(doc_id)] = (row["outcome"], row["stage"], row["reason"])
    assert rows == {
        1: ("kept", None, None),
        2: ("dropped", "filter", "words"),
        3: ("kept", None, None),
        4: ("duplicate", "dedup", "near"),
        5: ("dropped", "decontaminate", "near"),
        6: ("edited", "line_dedup", "repeated_lines"),
        7: ("dropped", "line_dedup", "nothing_left"),
        8: ("duplicate", "split_check", "near_valid"),
        9: ("duplicate", "dedup", "exact"),
        10: ("kept", None, None),
        20: ("dropped", "extract", "language"),
        21: ("dropped", "extract", "too_short"),
    }


def test_a_dropped_document_has_its_value_and_all_rules_of_its_language(index):
    shown = index.document("2")
    assert (shown["value"], shown["threshold"]) == (2.0, 5.0)
    assert shown["rules"] == [{"rule": "words", "signal": "n_words", "value": 2, "keeps": "≥ 5", "passes": False}]
    assert shown["parts"] == [["Too short.", False]]
    # of several benchmark items, the one of which most was found
    assert index.document("5")["detail"] == "quiz, item a, answer: 90 % of it found: answer"


def test_a_duplicate_has_the_kept_document_beside_it_with_differences(index):
    shown = index.document("4")
    assert shown["measures"]["similarity"] == 0.85
    assert shown["repeats"]["doc_id"] == "3"
    assert shown["parts"] == [["今天天气很好，", False], ["他", True], ["们去公园。", False]]
    assert shown["repeats"]["parts"] == [["今天天气很好，", False], ["我", True], ["们去公园。", False]]
    earlier = index.document("9")
    assert earlier["is_earlier"] and "repeats" not in earlier


def test_texts_are_compared_as_the_stage_saw_them(tmp_path, monkeypatch):
    text = "Menu\nA text."
    rows = [document(i, "en", text=text) for i in (1, 2, 3)]
    cut = outcomes_run.CUT | {"text": "A text."}
    results = {
        "filter/decisions": [Decision(i, None, None, None) for i in (1, 2, 3)],
        "dedup/removals": [Removal(2, "exact", 1, 1, False, 1.0, None)],
        "line_dedup/cut_texts": [CutText(**cut | {"doc_id": i}) for i in (1, 3)],
        "split_check/removals": [SplitRemoval(3, "near", "train", 1, "test", 1.0)],
    }
    monkeypatch.setattr(outcomes_run, "rows", lambda: rows)
    monkeypatch.setattr(outcomes_run, "tables", lambda: results)
    output = write_output(tmp_path / "out")
    index = SearchIndex(open_index(read_stages(str(output)), 10, 0))
    for doc_id, expected in (("2", text), ("3", "A text.")):
        shown = index.document(doc_id)
        assert shown["parts"] == shown["repeats"]["parts"] == [[expected, False]]


def test_an_edited_document_has_its_text_before_and_after(index):
    shown = index.document("6")
    assert shown["parts"] == [["Menu\n", True], ["A text.", False]]
    assert shown["remaining"] == [["A text.", False]]
    assert shown["measures"]["n_removed_chars"] == 5


def test_filters_select_by_outcome_reason_language_host_and_mark(index):
    assert found(index, outcome="kept") == [1, 3, 10]
    assert found(index, outcome="duplicate", stage="dedup", reason="near") == [4]
    assert found(index, language="zh") == [3, 4]
    labels = {"1": "good", "3": "bad"}
    assert ids(index, labels, mark="good") == ["1"]
    assert ids(index, labels, mark="bad") == ["3"]
    assert "1" not in ids(index, labels, mark="none") and "2" in ids(index, labels, mark="none")


def test_a_host_includes_the_hosts_below_it(tmp_path, monkeypatch):
    hosts = {1: "www.a.example", 2: "a.example", 3: "aa.example"}
    rows = [type(row)(**{f: getattr(row, f) for f in row.__struct_fields__} | {"host": hosts.get(row.doc_id)})
            for row in outcomes_run.rows()]  # fmt: skip
    monkeypatch.setattr(outcomes_run, "rows", lambda: rows)
    output = write_output(tmp_path / "out")
    index = SearchIndex(open_index(read_stages(str(output)), 100, 0))
    assert found(index, host="a.example") == [1, 2]
    assert found(index, host="www.a.example") == [1]


def test_a_range_includes_its_bounds_and_leaves_out_undefined_values(index):
    assert found(index, ranges=(Range("n_words", 7, 9),)) == [1, 5, 6, 7, 8, 9, 10]
    assert found(index, ranges=(Range("n_words", None, 2),)) == [2]
    assert found(index, ranges=(Range("han_share", None, None),)) == [3, 4]
    assert found(index, ranges=(Range("similarity", 0.8125, 0.85), Range("n_words", 7, None))) == [8]


def test_documents_are_sorted_by_the_first_range(index):
    ranges = (Range("similarity", None, None),)
    assert ids(index, ranges=ranges, order="low") == ["8", "4", "9"]
    assert ids(index, ranges=ranges, order="high") == ["9", "4", "8"]


@pytest.mark.parametrize("frequent", [module.CHUNK, 1])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("天气很好", [3, 4]),
        ("他们", [4]),
        ("我", [3]),
        ("园。", [3, 4]),  # at the very end of the text
        ("。", [3, 4]),
        ("BRIDGE", [1, 8]),
        ("It", [1, 8]),
        ("it", [1, 8]),
        ('"', [10]),
        ('" on', [10]),
        ("%", []),
        ("_", []),
        ("e\nI", []),
        (".\nI", [1, 8]),
        ("zzzz", []),
    ],
)
def test_any_substring_is_found_in_both_languages(index, monkeypatch, text, expected, frequent):
    monkeypatch.setattr(search, "FREQUENT", frequent)
    assert found(index, text=text) == expected


def test_a_letter_beyond_ascii_is_found_in_both_cases(tmp_path, monkeypatch):
    monkeypatch.setattr(outcomes_run, "rows", lambda: [document(1, "en", text="Étude"), document(2, "en", text="ÖL")])
    output = write_output(tmp_path / "out", last="extract")
    index = SearchIndex(open_index(read_stages(str(output)), 10, 0))
    for frequent in (search.FREQUENT, 1):
        monkeypatch.setattr(search, "FREQUENT", frequent)
        index._found.clear()
        assert (found(index, text="ét"), found(index, text="ÉTUDE"), found(index, text="öl")) == ([1], [1], [2])


# the sample


def test_a_sample_is_the_same_for_any_files_and_seeds_differ(tmp_path):
    chosen = set()
    for files, group_rows in ((1, 1000), (3, 2)):
        output = write_output(tmp_path / f"out{files}", files=files, group_rows=group_rows)
        index = SearchIndex(open_index(read_stages(str(output)), 4, 0))
        chosen.add(tuple(ids(index)))
        assert (index.facts["sampled_documents"], index.facts["num_documents"]) == (4, 10)
        assert (index.facts["sampled_rejected"], index.facts["num_rejected"]) == (0, 2)
    (first,) = chosen
    other = SearchIndex(open_index(read_stages(str(output)), 4, 1))
    assert set(ids(other)) != set(first)


def test_the_kept_document_of_a_sampled_duplicate_is_there_though_not_in_the_sample(output):
    for seed in range(40):
        index = SearchIndex(open_index(read_stages(str(output)), 1, seed))
        if ids(index) == ["4"]:
            break
    assert ids(index) == ["4"]
    assert index.document("4")["repeats"]["doc_id"] == "3"
    assert index.overview()["values"]["reasons"] == [["duplicate", "dedup", "near", 1]]


def test_an_unfinished_run_shows_what_the_finished_stages_decided(tmp_path):
    output = write_output(tmp_path / "out", last="filter")
    index = SearchIndex(open_index(read_stages(str(output)), 100, 0))
    assert index.facts["stages"] == ["extract", "filter"]
    assert found(index, outcome="kept") == [1, 3, 4, 5, 6, 7, 8, 9, 10]


# the file


def test_an_index_is_built_once_and_again_when_the_run_changed(output, monkeypatch):
    first = open_index(read_stages(str(output)), 100, 0)
    assert first.parent == output / "view"
    with monkeypatch.context() as patch:
        patch.setattr(module, "_build", lambda *values: pytest.fail("built again"))
        assert open_index(read_stages(str(output)), 100, 0) == first
    (output / "filter" / "_summary.json").write_text('{"digest": "filter", "seconds": 2}')
    second = open_index(read_stages(str(output)), 100, 0)
    assert [path.name for path in (output / "view").iterdir()] == [second.name] and second != first


def test_an_open_index_stays_usable_when_another_session_replaces_it(output):
    index = SearchIndex(open_index(read_stages(str(output)), 100, 0))
    open_index(read_stages(str(output)), 100, 1)
    assert len(list((output / "view").iterdir())) == 1
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        shown = list(threads.map(index.document, ["1", "2", "3", "4"] * 20))
    assert [document["doc_id"] for document in shown[:4]] == ["1", "2", "3", "4"]


def test_a_killed_build_leaves_no_index(output, monkeypatch):
    monkeypatch.setattr(module, "_index_texts", lambda *values: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        open_index(read_stages(str(output)), 100, 0)
    assert list((output / "view").iterdir()) == []


def test_an_output_that_cannot_be_written_has_its_index_in_a_temporary_directory(output, tmp_path, monkeypatch):
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(module.os, "access", lambda path, mode: False)  # root may write anywhere
    path = open_index(read_stages(str(output)), 100, 0)
    assert path.parent.parent == tmp_path and path.parent.stat().st_mode & 0o077 == 0


def test_a_python_without_trigrams_is_an_error(monkeypatch):
    class Without(sqlite3.Connection):
        def execute(self, *values):
            raise sqlite3.OperationalError("no such tokenizer: trigram")

    monkeypatch.setattr(module.sqlite3, "connect", lambda path: Without(path))
    with pytest.raises(InputError, match=r"no such tokenizer: trigram.*SQLite 3\.34"):
        require_trigrams()


# filters in a query string


def test_a_filter_is_read_from_a_query_string():
    fields = {"text": ["a"], "outcome": ["kept"], "range": ["n_words,1,", "n_chars,,2"], "order": ["low"]}
    ranges = (Range("n_words", 1.0, None), Range("n_chars", None, 2.0))
    assert parse_filter(fields) == Filter(text="a", outcome="kept", ranges=ranges, order="low")
    assert parse_filter({}) == Filter()


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": ["lost"]},
        {"mark": ["x"]},
        {"order": ["position; DROP TABLE texts"]},
        {"range": ['n_words" OR 1,1,2']},
        {"range": ["n_words,1"]},
        {"range": ["n_words,x,2"]},
        {"range": ["n_words,nan,2"]},
    ],
)
def test_an_unknown_value_of_a_filter_is_an_error(fields):
    with pytest.raises(InputError, match=r"is not known|not a number"):
        parse_filter(fields)

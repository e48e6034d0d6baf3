"""Decontamination and line deduplication, between deduplication and shards, run as users do."""

import itertools
import json
import re
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest

from sluice.core.config.dedup import LineDedupConfig
from sluice.text.dedup.repeated_lines import text_lines
from tests.helpers.jobs import run_here
from tests.helpers.published import rows_of

INVENTED = (
    "Seven violet walruses negotiated the price of borrowed umbrellas with an unusually patient lighthouse keeper."
)


def summary(output, stage):
    return json.loads((output / stage / "_summary.json").read_text())


def documents(output):
    """The documents that deduplication kept, by id."""
    columns = ["doc_id", "url", "language", "text"]
    docs = pq.read_table(output / "extract" / "docs", columns=columns, partitioning="hive").to_pylist()
    decisions = pq.read_table(output / "filter" / "decisions").to_pylist()
    selected = {row["doc_id"] for row in decisions if row["reason"] is None}
    removed = set(pq.read_table(output / "dedup" / "removals")["doc_id"].to_pylist())
    return {row["doc_id"]: row for row in docs if row["doc_id"] in selected - removed}


def sentence(docs, language, least):
    """A sentence that occurs in exactly one document, and that document."""
    for doc_id, row in sorted(docs.items()):
        for text in re.split(r"(?<=[.!?])\s|(?<=[。！？])|\n", row["text"]) if row["language"] == language else ():
            if least <= len(text) <= 3 * least and sum(text in other["text"] for other in docs.values()) == 1:
                return doc_id, text
    raise AssertionError(f"no such sentence in {language}")


@pytest.fixture(scope="module")
def corpus(reference, sample, run_job, tmp_path_factory):
    """A run of both stages on the documents of `reference`, and the documents that contain the benchmark items."""
    folder = tmp_path_factory.mktemp("corpus")
    output = folder / "out"
    for stage in ("extract", "filter", "dedup"):
        shutil.copytree(reference / stage, output / stage)
    docs = documents(reference)
    (en, en_text), (zh, zh_text) = sentence(docs, "en", 100), sentence(docs, "zh", 30)
    items = [
        {"id": "en", "question": en_text.upper()},
        {"id": "zh", "question": f"题：{zh_text}"},
        {"id": "none", "question": INVENTED},
        {"id": "short", "question": "Why?"},
    ]
    quiz = folder / "quiz.jsonl"
    quiz.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
    settings = {
        "decontaminate__benchmarks": f"[{quiz}]",
        "line_dedup__enabled": "true",
        "line_dedup__min_documents": "2",
    }
    done = run_job("pipeline", sample, output, **settings)
    assert done.returncode == 0, done.stdout[-4000:]
    return output, settings, {"en": en, "zh": zh}, done.stdout


def test_documents_with_items_are_removed_and_counts_match_between_stages(corpus):
    output, _, held, said = corpus
    assert said.count("already done") == 3
    assert "1 of 4 items are too short and are not searched for: quiz short" in said
    matches = pq.read_table(output / "decontaminate" / "matches").to_pylist()
    assert {(row["item"], row["doc_id"]) for row in matches} == {("en", held["en"]), ("zh", held["zh"])}
    found = summary(output, "decontaminate")
    assert found["benchmarks"] == [{"benchmark": "quiz", "items": 4, "found": 2, "documents": 2}]
    (ledger,) = found["ledgers"]
    assert ledger["dropped"] == {"ngram": 2}
    counts = [summary(output, stage)["ledgers"][0] for stage in ("dedup", "decontaminate", "line_dedup", "shards")]
    for before, after in itertools.pairwise(counts):
        assert before["out"] == after["in"] == after["out"] + sum(after["dropped"].values())


def test_repeated_lines_are_kept_in_one_document_and_shards_have_the_remaining_texts(corpus):
    output, _, held, _ = corpus
    docs = {doc_id: row["text"] for doc_id, row in documents(output).items() if doc_id not in held.values()}
    cut = {row["doc_id"]: row for row in pq.read_table(output / "line_dedup" / "cut_texts").to_pylist()}
    assert cut.keys() == docs.keys()
    texts = {doc_id: text if cut[doc_id]["text"] is None else cut[doc_id]["text"] for doc_id, text in docs.items()}
    assert sum(texts[doc_id] != docs[doc_id] for doc_id in docs) == sum(row["text"] is not None for row in cut.values())
    removed = pq.read_table(output / "line_dedup" / "removed_lines").to_pylist()
    assert len(removed) > 10
    for row in removed:
        assert row["line"] in text_lines(texts[row["kept_in"]], LineDedupConfig()).hashes
        assert row["line"] not in text_lines(texts[row["doc_id"]], LineDedupConfig()).hashes
    splits = summary(output, "shards")["splits"].values()
    assert sum(split["utf8_bytes"] for split in splits) == sum(len(text.encode()) for text in texts.values())
    gone = Counter(char for text in docs.values() for char in text) - Counter(c for t in texts.values() for c in t)
    characters = next(line for line in summary(output, "line_dedup")["ledgers"] if line["unit"] == "characters")
    assert characters["dropped"] == {"repeated_lines": gone.total()}


def test_the_report_shows_decontamination_and_repeated_lines(corpus):
    page = (corpus[0] / "report.html").read_text()
    assert "Items of benchmarks" in page and "quiz, item zh, question: found by its n-grams" in page
    assert "Repeated lines" in page and "repeated lines removed" in page
    assert "does not balance" not in page


def test_a_later_stage_with_the_stages_disabled_is_an_error_and_finished_jobs_do_nothing(
    corpus, sample, run_job, capsys
):
    output, settings, _, _ = corpus
    plain = {key.replace("__", "."): value for key, value in settings.items()} | {"output": output}
    plain |= {"plan.inputs": f"[{sample}]"}
    code, said = run_here("line_dedup", {"output": output, "plan.inputs": f"[{sample}]"}, capsys)
    assert code == 2 and "The stage 'line_dedup' is switched off" in said and "line_dedup.enabled=true" in said
    code, said = run_here("decontaminate", {"output": output}, capsys)
    assert code == 2 and "decontaminate.benchmarks=[FILES]" in said
    again = run_job("line_dedup", sample, output, **settings)
    assert again.returncode == 0 and "line_dedup: already done" in again.stdout
    other = run_job("shards", sample, output)
    assert other.returncode == 2 and "tokenizer" in other.stdout and "belongs to another configuration" in other.stdout


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        (None, 3, ["quiz.jsonl"]),
        ([], 3, ["quiz.jsonl contains no item"]),
        (['{"id": 1, "level": 3}'], 3, ["quiz.jsonl, line 1, has no field with a text"]),
        (['{"q": "Why?"}'], 3, ["No item of the benchmark", "at least 8 words", "decontaminate.min_units"]),
        (['{"q": '], 3, ["quiz.jsonl, line 1, is not JSON"]),
    ],
)
@pytest.mark.parametrize("job", ["decontaminate", "pipeline"])
def test_an_invalid_benchmark_is_an_error_before_spark_starts(job, lines, code, words, sample, tmp_path, capsys):
    quiz = tmp_path / "quiz.jsonl"
    if lines is not None:
        quiz.write_text("\n".join(lines))
    settings = {"decontaminate.benchmarks": f"[{quiz}]", "plan.inputs": f"[{sample}]", "output": tmp_path / "out"}
    found, said = run_here(job, settings, capsys)
    assert found == code, said
    assert all(word in said for word in words) and "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_table_is_decontaminated_and_then_loses_repeated_lines(tmp_path, run_job):
    note = "This notice stands under every article of the paper."
    texts = [
        f"What article {i} tells is told in no page but article {i}. {i}, {i} and {i}! That is it." for i in range(4)
    ]
    rows = [{"id": f"n{i}", "text": f"{text}\n{note}"} for i, text in enumerate(texts)]
    rows += [{"id": "quiz", "text": f"A riddle. {INVENTED} Who won?"}]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"q": INVENTED}))
    settings = {"source__inputs": f"[{tmp_path}/mine.jsonl]", "decontaminate__benchmarks": f"[{tmp_path}/quiz.jsonl]"}
    done = run_job("decontaminate", tmp_path, tmp_path / "out", **settings)
    assert done.returncode == 0, done.stdout[-3000:]
    (match,) = pq.read_table(tmp_path / "out" / "decontaminate" / "matches").to_pylist()
    assert (match["id"], match["benchmark"], match["item"], match["kind"]) == ("quiz", "quiz", "1", "ngram")
    settings = {"source__inputs": f"[{tmp_path}/out/decontaminate/kept]"}
    done = run_job("line_dedup", tmp_path, tmp_path / "out", **settings)
    assert done.returncode == 0, done.stdout[-3000:]
    removed = pq.read_table(tmp_path / "out" / "line_dedup" / "removed_lines").to_pylist()
    assert sorted(row["id"] for row in removed) == sorted({f"n{i}" for i in range(4)} - {removed[0]["kept_in"]})
    assert summary(tmp_path / "out", "line_dedup")["ledgers"][1] == {
        "unit": "lines",
        "in": 8,
        "out": 5,
        "dropped": {"repeated": 3},
    }


def test_a_published_dataset_has_the_texts_after_both_stages_and_its_card_their_counts(corpus, sample, run_job):
    output, settings, held, _ = corpus
    columns = "[id,text,n_chars,n_bytes,n_words,host]"
    done = run_job("publish", sample, output, **settings, publish__columns=columns)
    assert done.returncode == 0, done.stdout[-4000:]
    directory = output / "publish" / "corpus"
    rows = {row["id"]: row for split in ("train", "validation", "test") for row in rows_of(directory, split)}
    assert not {held["en"], held["zh"]} & set(rows)
    splits = summary(output, "shards")["splits"].values()
    assert len(rows) == sum(split["docs"] for split in splits)
    assert sum(row["n_bytes"] for row in rows.values()) == sum(split["utf8_bytes"] for split in splits)
    cut = pq.read_table(output / "line_dedup" / "cut_texts", columns=["doc_id", "text"]).to_pylist()
    edited = {row["doc_id"]: row["text"] for row in cut if row["text"] and row["doc_id"] in rows}
    assert len(edited) >= 5
    docs = pq.read_table(
        output / "extract" / "docs", partitioning="hive", columns=["doc_id", "text", "signals", "host"]
    )
    for doc in docs.to_pylist():
        if row := rows.get(doc["doc_id"]):
            text = edited.get(row["id"], doc["text"])
            expected = [text, len(text), len(text.encode()), doc["signals"]["n_words"], doc["host"]]
            assert [row[name] for name in ("text", "n_chars", "n_bytes", "n_words", "host")] == expected
    card = (directory / "README.md").read_text(encoding="utf-8")
    cuts = summary(output, "line_dedup")["cuts"]
    lines, characters = (sum(row[name] for row in cuts) for name in ("n_lines_removed", "n_chars_removed"))
    assert f"all except the best one: {lines:,} lines, {characters:,} characters, in " in card
    assert "| quiz | 4 | 2 | 2 |" in card and "| benchmark items | `ngram` | 2 |" in card
    assert "benchmarks:\n  - quiz.jsonl\n" in (directory / "settings.yaml").read_text(encoding="utf-8")

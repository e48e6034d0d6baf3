"""Scores of a language model as a rule of the same run, as users do it: extract, score, filter."""

import json
import math
import shutil
import string

import pyarrow.parquet as pq
import pytest

from sluice.core.config.dataset import TokenizerConfig
from tests.helpers.exported_model import write_model

pytestmark = pytest.mark.exhaustive  # tests/spark/stages/test_score.py is quicker

VOCAB_SIZE = 260
LETTER, OTHER = 0.8 / 26, 0.2 / (VOCAB_SIZE - 26)
MAX_TOKENS = 1500
"""Some texts are longer."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A byte model with a high probability for lower-case Latin letters and a low one for other bytes and the end."""
    first = 4 + ord("a") - ord("!")  # the printable bytes come first, starting with !
    probabilities = [LETTER if first <= token < first + 26 else OTHER for token in range(VOCAB_SIZE)]
    return write_model(tmp_path_factory.mktemp("model"), TokenizerConfig(vocab_size=VOCAB_SIZE), ["a"], probabilities)


@pytest.fixture(scope="module")
def pages(sample, tmp_path_factory):
    """English pages, Chinese pages, and pages in other languages, which have no text."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("article-extraction-benchmark", "zh-news-pages", "cc-whirlwind"):
        shutil.copy(sample / f"{name}.warc.gz", folder)
    return folder


@pytest.fixture(scope="module")
def scored(pages, model, run_job, tmp_path_factory):
    """A run with extracted documents only, and the output of jobs/score.py for them."""
    folder = tmp_path_factory.mktemp("scored")
    done = run_job("extract", pages, folder / "out")
    assert done.returncode == 0, done.stdout[-4000:]
    settings = {"score__model": model, "score__max_tokens": str(MAX_TOKENS)}
    settings |= {"source__inputs": f"[{folder}/out/extract/docs/*/kind=doc/*.parquet]", "source__id": "doc_id"}
    done = run_job("score", pages, folder / "scores", **settings)
    assert done.returncode == 0, done.stdout[-4000:]
    return folder / "out", folder / "scores"


def documents(output):
    columns = ["doc_id", "language", "reason", "text"]
    files = sorted((output / "extract" / "docs").glob("*/kind=doc/*.parquet"))
    return [row for file in files for row in pq.read_table(file, columns=columns, partitioning=None).to_pylist()]


def bits_per_byte(text: str) -> float:
    data = text.encode()[:MAX_TOKENS]
    ends = [OTHER] if len(text.encode()) < MAX_TOKENS else []
    letters = set(string.ascii_lowercase.encode())
    return -math.fsum(math.log2(p) for p in [LETTER if b in letters else OTHER for b in data] + ends) / len(data)


def test_every_row_of_extract_docs_has_a_score_and_those_with_text_bits_per_byte(scored):
    output, scores = scored
    found = {int(row["id"]): row["bits_per_byte"] for row in pq.read_table(scores / "score" / "scores").to_pylist()}
    docs = documents(output)
    assert found.keys() == {row["doc_id"] for row in docs}
    assert {row["reason"] is None for row in docs} == {True, False}
    assert max(len(row["text"].encode()) for row in docs if row["text"]) > MAX_TOKENS
    for row in docs:
        if row["text"] is None:
            assert found[row["doc_id"]] is None
        else:
            assert found[row["doc_id"]] == pytest.approx(bits_per_byte(row["text"]), rel=1e-6)


def test_select_drops_unlikely_documents_and_later_stages_require_the_same_scores(scored, pages, run_job, tmp_path):
    output, scores = scored
    (tmp_path / "own.yaml").write_text(
        "description: ours\nrules: [{name: unlikely, signal: bits_per_byte, max: 8.5}]\n"
    )
    settings = {"rules__presets": f"[{tmp_path}/own.yaml]", "rules__scores": str(scores)}
    done = run_job("filter", pages, output, **settings)
    assert done.returncode == 0, done.stdout[-4000:]
    judged = [row for row in documents(output) if row["reason"] is None]
    gone = {row["doc_id"] for row in judged if bits_per_byte(row["text"]) > 8.5}
    decisions = pq.read_table(output / "filter" / "decisions").to_pylist()
    assert {row["doc_id"] for row in decisions if row["reason"] == "unlikely"} == gone
    assert {row["language"] for row in judged if row["doc_id"] in gone} == {"zh"}
    assert {row["language"] for row in judged if row["doc_id"] not in gone} >= {"en"}
    summary = json.loads((output / "filter" / "_summary.json").read_text())
    assert summary["scored"] == len(judged)
    assert summary["ledgers"][0]["dropped"] == {"unlikely": len(gone)}
    later = run_job("dedup", pages, output, rules__presets=settings["rules__presets"])
    assert later.returncode == 2
    assert "filter belongs to another configuration (scores: " in later.stdout

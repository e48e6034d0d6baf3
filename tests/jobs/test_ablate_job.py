"""The job that compares variants of a corpus: results, resumption, overlap, and input that is refused."""

import json
import random

import numpy as np
import pytest

from tests.helpers.jobs import run_here
from tests.helpers.tiny_runs import bpe_tokenizer, word_tokenizer

WORDS = "river bridge stone market winter morning letter garden window council harbour village teacher".split()


def sentences(seed, count):
    pick = random.Random(seed)
    return " ".join(f"The {pick.choice(WORDS)} was near the {pick.choice(WORDS)}." for _ in range(count))


def noise(seed, count):
    pick = random.Random(seed)
    return " ".join("".join(pick.choice("bcdfghjklmnp") for _ in range(5)) for _ in range(count))


def write(path, texts):
    path.write_text("".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts)))
    return str(path)


@pytest.fixture
def ablate(tmp_path, capsys):
    """Returns a function that runs the job on a variant with noise and one without; its results: exit code, output."""
    good = [sentences(i, 12) for i in range(60)]
    raw = write(tmp_path / "raw.jsonl", [text if i % 2 else noise(i, 40) for i, text in enumerate(good)])
    clean = write(tmp_path / "clean.jsonl", good)
    held = write(tmp_path / "held.jsonl", [sentences(1000 + i, 8) for i in range(25)])

    def run(*arguments, **changes):
        settings = {
            "variants": f"{{raw: [{raw}], clean: [{clean}]}}",
            "held_out": f"{{prose: [{held}]}}",
            "vocab_size": 320,
            "ngram.seeds": 2,
            "ngram.order": 3,
            "lstm.enabled": "false",
        }
        named = {f"ablate.{key}": value for key, value in (settings | changes).items()}
        return run_here("ablate", {"output": str(tmp_path / "out"), **named}, capsys, *arguments)

    return run


def results(tmp_path):
    return json.loads((tmp_path / "out" / "ablate" / "results.json").read_text())


def files(tmp_path):
    folder = tmp_path / "out" / "ablate"
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    del found["_summary.json"]  # has the seconds
    return found


def test_text_without_noise_trains_a_better_model(ablate, tmp_path):
    code, said = ablate()
    assert code == 0, said
    found = results(tmp_path)
    bits = {row["variant"]: row["bits_per_byte"] for row in found["scores"]}
    assert bits["clean"] < bits["raw"] < 8
    (row,) = found["comparisons"]
    assert (row["variant"], row["against"], row["model"], row["set"]) == ("clean", "raw", "ngram", "prose")
    assert row["low"] < row["change"] < row["high"] < 0
    by_seed = {row["variant"]: np.array(row["by_seed"]) for row in found["scores"]}
    changes = np.log(by_seed["clean"] / by_seed["raw"])
    assert row["change"] == pytest.approx(np.expm1(changes.mean()), abs=1e-12)
    assert f"{bits['clean']:.4f}" in said and "tokens of every variant; 3-gram model with 2 seeds" in said
    assert found["held_out"][0]["documents"] == 25
    page = (tmp_path / "out" / "ablate" / "report.html").read_text()
    assert "`clean` lowers bits per byte on prose by" in page
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_a_finished_job_prints_its_results_again_and_other_settings_are_refused(ablate, tmp_path):
    _, first = ablate()
    before = files(tmp_path)
    code, second = ablate()
    shown = first[: first.index("`sluice report`")]
    assert code == 0 and shown.startswith("5,149 tokens of every variant") and second.startswith(shown)
    assert files(tmp_path) == before
    code, said = ablate(**{"ngram.order": 2})
    assert code == 2 and "ngram.order: 3 -> 2" in said and "--force" in said
    assert ablate("--force", **{"ngram.order": 2})[0] == 0
    code, said = ablate(
        **{"ngram.order": 2}, variants=f"{{clean: [{tmp_path}/clean.jsonl], raw: [{tmp_path}/raw.jsonl]}}"
    )
    assert code == 2 and "belongs to another configuration (variants: " in said  # the first is the base


def test_a_killed_job_continues_and_gives_the_same_bytes(ablate, tmp_path, monkeypatch):
    from sluice.ablation import models

    assert ablate()[0] == 0
    before = files(tmp_path)
    cells = {f"cells/{place}-ngram-{seed}.json" for place in (0, 1) for seed in (1, 2)}
    assert {name for name in before if name.startswith("cells/")} == cells
    folder = tmp_path / "out" / "ablate"
    for name in ("_summary.json", "results.json", "report.html", "changes.svg", "cells/1-ngram-2.json"):
        (folder / name).unlink()
    trained = []
    ngram = models.ngram
    monkeypatch.setattr(models, "ngram", lambda cell, order: trained.append(cell.seed) or ngram(cell, order))
    assert ablate()[0] == 0
    assert trained == [2]  # the other cells were read
    assert files(tmp_path) == before


def test_held_out_documents_in_the_training_documents_are_refused_and_can_be_left_out(ablate, tmp_path):
    known = [*(sentences(1000 + i, 8) for i in range(22)), sentences(7, 12), f"{sentences(2000, 3)} {sentences(9, 12)}"]
    held = write(tmp_path / "known.jsonl", known)
    code, said = ablate(held_out=f"{{prose: [{held}]}}")
    assert code == 3
    assert "'prose': 2 of 24 documents, for example" in said and "(raw, equal, 100 %)" in said
    assert "ablate.exclude_overlap=true" in said
    assert not (tmp_path / "out" / "ablate").exists()
    listed = [json.loads(line) for line in (tmp_path / "out" / "ablate_overlap.jsonl").read_text().splitlines()]
    assert sorted((row["document"], row["variant"], row["training_document"], row["kind"]) for row in listed) == [
        ("22", "clean", "7", "equal"),
        ("22", "raw", "7", "equal"),
        ("23", "clean", "9", "passage"),
        ("23", "raw", "9", "passage"),
    ]
    code, said = ablate(held_out=f"{{prose: [{held}]}}", exclude_overlap="true")
    assert code == 0, said
    (found,) = results(tmp_path)["held_out"]
    assert (found["documents"], found["excluded"]) == (22, 2)


def test_too_many_tokens_are_refused_before_training(ablate, tmp_path):
    code, said = ablate(tokens=10_000_000)
    assert code == 3 and "ablate.tokens = 10,000,000, but the variant" in said and "at most" in said
    assert not (tmp_path / "out" / "ablate").exists()
    assert ablate(tokens=2000)[0] == 0
    assert results(tmp_path)["tokens"] == 2000


def test_a_small_vocabulary_and_a_lossy_tokenizer_are_refused_and_other_settings_can_follow(ablate, tmp_path):
    code, said = ablate(vocab_size=100)
    assert code == 2 and "too small for kind bpe" in said
    (tmp_path / "words.json").write_bytes(word_tokenizer())
    code, said = ablate(tokenizer=tmp_path / "words.json")
    assert code == 2 and "words.json loses text" in said
    assert not (tmp_path / "out" / "ablate").exists()
    (tmp_path / "bytes.json").write_bytes(bpe_tokenizer())
    assert ablate(tokenizer=tmp_path / "bytes.json")[0] == 0
    assert results(tmp_path)["tokenizer"]["vocab_size"] == 280


@pytest.mark.parametrize(
    "changes, code, words",
    [
        ({"held_out": "{}"}, 2, "ablate.held_out is empty"),
        ({"variants": "{}"}, 2, "at least two variants; found 0"),
        ({"variants": "{a: [missing.jsonl], b: [missing.jsonl]}"}, 3, "No input files at missing.jsonl"),
        ({"uncurated": "[a.jsonl]"}, 2, "only for empty ablate.variants"),
        ({"ngram.order": "null"}, 2, "there is no model to compare"),
        ({"language": "zh", "tokenizer": "missing.json"}, 3, "missing.json"),
    ],
)
def test_unusable_settings_are_refused(ablate, tmp_path, changes, code, words):
    found, said = ablate(**changes)
    assert found == code and words in said


def test_the_stages_of_a_run_are_the_variants_if_none_are_configured(reference, tmp_path, ablate):
    (tmp_path / "out").mkdir()
    for stage in ("extract", "filter", "dedup", "tokenizer"):
        (tmp_path / "out" / stage).symlink_to(reference / stage)
    code, said = ablate(variants="{}", uncurated=f"[{tmp_path}/raw.jsonl]")
    assert code == 0, said
    found = results(tmp_path)
    assert [variant["name"] for variant in found["variants"]] == ["uncurated", "main text", "+ rules", "+ dedup"]
    counts = [variant["documents"] for variant in found["variants"]]
    assert counts[1] > counts[2] >= counts[3] > 0

"""The scripts that verify deduplication return correct results on texts that can be checked by hand."""

import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench.dedup.all_pairs import all_pairs
from scripts.bench.dedup.check_removals import faults
from scripts.bench.dedup.compare import false_removals, recall, run
from scripts.bench.dedup.data import Pair, documented, read_documents, recall_by_bin
from scripts.bench.dedup.make_corpus import LARGEST_FAMILY, Item, Maker, Text, cut, edited, plan_items
from scripts.bench.dedup.signatures import assert_equal, random_texts
from sluice.text.dedup.key_text import define_key
from sluice.text.dedup.shingles import jaccard, shingles

ROOT = Path(__file__).parents[3]
WORDS = [f"w{i}" for i in range(400)]
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 400)]
PARTS = documented(5)


def edited_texts(number, seed=0):
    """Texts of two scripts, a third of them edits of earlier ones, some shorter than a shingle."""
    rng = random.Random(seed)
    texts = ["", "one two three", "one two three"]
    while len(texts) < number:
        side = rng.choice(("spaced", "unspaced"))
        joiner, alphabet = (" ", WORDS) if side == "spaced" else ("", HAN)
        if rng.random() < 0.4:
            texts.append(
                edited(
                    rng.choice(("block", "scattered", "truncated")),
                    rng.choice(texts[3:] or ["a b"]),
                    side,
                    rng,
                    "q r s t",
                )
            )
        else:
            texts.append(joiner.join(rng.choices(alphabet, k=rng.randint(1, 60))))
    return {f"d{i}": text for i, text in enumerate(texts)}


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 1.0])
def test_all_pairs_equals_comparing_every_pair(threshold):
    documents = edited_texts(300)
    sets = {name: shingles(define_key(text), 5) for name, text in documents.items()}
    compared = (Pair(*sorted((a, b)), jaccard(sets[a], sets[b])) for a, b in itertools.combinations(documents, 2))
    expected = sorted(pair for pair in compared if pair.jaccard >= threshold)
    assert len(expected) > 5
    assert all_pairs(documents, threshold, 5) == expected


def test_all_pairs_match_pairs_counted_by_hand():
    documents = {
        "b": "a b c d e f g h i j",  # six shingles
        "a": "a b c d e f g h i x",  # five of them and one more: 5 / 7
        "c": "z a b c d e f g h",  # four and one more: 4 / 7 to b, 4 / 7 to a
        "d": "A  b C d e f g h ｉ j",
        "e": "a b c d",
    }
    assert all_pairs(documents, 0.7, 5) == [Pair("a", "b", 5 / 7), Pair("a", "d", 5 / 7), Pair("b", "d", 1.0)]
    assert len(all_pairs(documents, 4 / 7, 5)) == 6
    assert all_pairs({}, 0.5, 5) == []


def removal(name, duplicate_of, similarity):
    return {"id": name, "duplicate_of": duplicate_of, "jaccard": similarity}


DOCUMENTS = {
    "kept": "a b c d e f g h i j",
    "near": "a b c d e f g h i x",
    "same": "A B C D E F G H I J",
    "far": "q r s t u v w",
    "short": "one two",
    "short again": "One two",
}


def judge(*removals, threshold=0.7):
    return dict(faults(list(removals), DOCUMENTS, PARTS, threshold))


def test_a_removal_with_a_kept_document_and_its_true_similarity_is_valid():
    rows = [removal("near", "kept", 5 / 7), removal("same", "kept", 1.0), removal("short again", "short", 1.0)]
    assert judge(*rows) == {}


@pytest.mark.parametrize(
    ("rows", "name", "part"),
    [
        ([removal("near", "kept", 0.72)], "near", "not 0.72"),
        ([removal("near", "kept", None)], "near", "not None"),
        ([removal("far", "kept", 0.0)], "far", "below 0.7"),
        ([removal("short", "kept", 1.0)], "short", "is 0.0 alike"),
        (
            [removal("near", "same", 5 / 7), removal("same", "kept", 1.0)],
            "near",
            "kept document 'same' is removed, too",
        ),
        ([removal("near", "near", 1.0)], "near", "duplicate of itself"),
        ([removal("near", "kept", 5 / 7), removal("near", "same", 5 / 7)], "near", "removed 2 times"),
        ([removal("near", "who", 1.0)], "near", "no document 'who'"),
        ([removal("who", "near", 1.0)], "who", "no document 'who'"),
    ],
)
def test_an_invalid_removal_is_reported_with_its_reason(rows, name, part):
    assert part in judge(*rows)[name]


def test_a_pair_is_found_unless_both_of_its_documents_are_kept():
    pairs = [Pair("a", "b", 0.8), Pair("a", "c", 0.84), Pair("c", "d", 0.9), Pair("d", "e", 1.0)]
    assert recall_by_bin(pairs, {"b", "e"}) == [("[0.8, 0.85)", 2, 1), ("[0.9, 0.95)", 1, 0), ("1", 1, 1)]


def run_check(tmp_path, removals):
    (tmp_path / "removals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in removals))
    rows = [{"id": name, "text": text} for name, text in DOCUMENTS.items()]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"a": "kept", "b": "same", "jaccard": 1.0}) + "\n")
    removed, texts, pairs = (tmp_path / f"{name}.jsonl" for name in ("removals", "texts", "pairs"))
    command = [sys.executable, "-m", "scripts.bench.dedup.check_removals", removed, texts, "--pairs", pairs]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_exit_code_is_4_if_a_removal_is_invalid(tmp_path):
    good = run_check(tmp_path, [removal("same", "kept", 1.0)])
    assert (good.returncode, good.stderr) == (0, "")
    assert "precision 1.0000" in good.stdout and "all                  1        1   1.0000" in good.stdout
    bad = run_check(tmp_path, [removal("same", "kept", 1.0), removal("near", "kept", 5 / 7)])
    assert bad.returncode == 4
    assert "'near' is" in bad.stdout and "precision 0.5000" in bad.stdout


def test_two_documents_with_the_same_id_are_an_error(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": "1", "text": "a"}\n{"id": 1, "text": null}\n')
    with pytest.raises(SystemExit, match="only 1 different"):
        read_documents(path)


# The other tools


def test_a_removal_is_false_if_no_similar_document_is_kept():
    pairs = [Pair("a", "b", 0.9), Pair("b", "c", 0.8), Pair("a", "c", 0.7), Pair("d", "e", 1.0)]
    assert false_removals({"b"}, pairs, 0.8) == set()
    assert false_removals({"b", "c"}, pairs, 0.8) == {"c"}  # a chain: the similarity of c and a is only 0.7
    assert false_removals({"b", "c"}, pairs, 0.7) == set()
    assert false_removals({"d", "e", "f"}, pairs, 0.6) == {"d", "e", "f"}
    assert false_removals(set(), pairs, 0.6) == set()


def test_the_recall_of_another_tool_is_its_share_of_found_pairs():
    pairs = [Pair("a", "b", 0.9), Pair("b", "c", 0.8), Pair("d", "e", 1.0)]
    assert (recall(pairs, {"b"}), recall(pairs, set()), recall([], {"b"})) == ("0.667", "0.000", "–")


def test_the_cost_of_a_command_includes_its_children_and_is_none_after_a_failure(tmp_path):
    work = "import subprocess, sys, time\nwhile time.process_time() < 0.5: pass\n"
    both = work + f"subprocess.run([sys.executable, '-c', {work!r}])"
    cost = run([sys.executable, "-c", both], tmp_path / "log.txt")
    assert 0.6 < cost.core < 2
    assert run([sys.executable, "-c", "raise SystemExit('why')"], tmp_path / "log.txt") is None
    assert (tmp_path / "log.txt").read_text() == "why\n"


def test_signatures_are_compared_on_words_han_characters_and_random_code_points():
    texts = list(random_texts(200, random.Random(1)))
    assert {"\ud800" <= max(text) <= "\udfff" or max(text) > "\uffff" for text in texts} == {True, False}
    assert any("\ud800" <= char <= "\udfff" for text in texts for char in text)
    assert assert_equal(texts) > 200
    assert assert_equal(["", "one two three four"]) == 0  # no shingle, no signature


# The corpus


def test_texts_are_cut_at_paragraphs_and_long_paragraphs_at_sentences():
    text = "One.\n\nTwo is longer.\nThree.\nA first sentence. A second one! 第三句话。第四句话。\nend"
    assert list(cut(text, itertools.repeat(19), 9)) == [
        "One.\nTwo is longer.",
        "Three.\nA first sentence.",
        "A second one! 第三句话。",
        "第四句话。\nend",
    ]
    assert len(list(cut(text, itertools.repeat(19), 10))) == 3


REAL = [Text("s", "spaced", " ".join(WORDS[i : i + 200])) for i in range(0, 200, 20)]
REAL += [Text("u", "unspaced", "".join(HAN[i : i + 200])) for i in range(0, 200, 20)]


@pytest.mark.parametrize("kind", ["scattered", "block", "truncated"])
@pytest.mark.parametrize("real", [REAL[0], REAL[10]], ids=["words", "characters"])
def test_edits_have_similarities_in_the_target_range(kind, real):
    other = " ".join(f"v{i}" for i in range(200)) if real.side == "spaced" else "".join(map(chr, range(0x6E00, 0x6F00)))
    found = [
        jaccard(PARTS(real.text), PARTS(edited(kind, real.text, real.side, random.Random(seed), other)))
        for seed in range(200)
    ]
    assert 0.5 < min(found) < 0.65 and 0.95 < max(found) < 1


@pytest.mark.parametrize(
    ("kind", "text", "copy"),
    [
        ("exact", "Same Text", "Same Text"),
        ("width", "a 1!", "ａ　１！"),
        ("variant", "应当说明制度，出发时头发钟", "應當說明制度，出發時頭發鍾"),
        ("variant", "漢語", "汉语"),
    ],
)
def test_unedited_kinds_of_copies_have_the_key_text_of_the_original(kind, text, copy):
    assert edited(kind, text, "unspaced", random.Random(0), "") == copy
    assert define_key(copy) == define_key(text)


def test_a_plan_has_the_requested_numbers_and_copies_follow_their_originals():
    items = plan_items(REAL, 1000, copies=0.2, templates=0.1, seed=3)
    kinds = [item.kind for item in items]
    assert (len(items), kinds.count("real"), kinds.count("mosaic"), kinds.count("template")) == (1000, 20, 680, 100)
    assert all(
        item.parent < place and item.side == items[item.parent].side for place, item in enumerate(items[800:], 800)
    )
    assert sum(item.parent >= 800 for item in items[800:]) > 20
    families = [item.family for item in plan_items(REAL, 10_000, copies=0, templates=0.1, seed=3)]
    assert families.count(0) == LARGEST_FAMILY and families.count(None) == 9_000


def test_a_document_does_not_depend_on_the_others():
    items = plan_items(REAL, 300, copies=0.4, templates=0.1, seed=5)
    texts = [Maker(REAL, items, 5).text(place) for place in range(300)]
    assert [Maker(REAL, items, 5).text(place) for place in reversed(range(300))] == texts[::-1]
    assert [Maker(REAL, items, 6).text(place) for place in range(300)] != texts
    assert texts[:20] == [real.text for real in REAL]


def test_pages_of_one_template_share_their_frame_but_are_not_duplicates():
    maker = Maker(REAL, [Item("template", "spaced", family=1)] * 8, 0)
    sets = [PARTS(maker.text(place)) for place in range(8)]
    found = [jaccard(a, b) for a, b in itertools.combinations(sets, 2)]
    assert min(found) > 0.1 and max(found) < 0.8

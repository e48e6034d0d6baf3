"""Benchmarks are read from JSON lines and indexed, and their items are found in documents."""

import gzip
import json
import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sluice.core.config.dedup import DecontaminateConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.text.decontamination.benchmark import SPAN, Benchmark, Part, build, needed, units_of
from sluice.text.decontamination.scanner import MAX_STRETCH, BenchmarkMatch, Scanner
from sluice.text.dedup.key_text import key_text
from sluice.text.language.identify import UNSPACED
from sluice.text.language.scripts import SCRIPTS, script_table
from sluice.text.unicode.characters import WORD, flags_of

QUESTION = "Which of these two metals is the better conductor of heat at low temperature and why?"  # 16 words
ZH_QUESTION = "在標準大氣壓下，水的沸點是多少攝氏度？請選出正確答案。"  # 23 characters
ZH_PAGE = "题目如下：在标准大气压下,水的沸点是多少摄氏度?请选出正确答案。答:一百度。"
SMALL = DecontaminateConfig(ngram=4, min_units=2, ngram_share=0.5, near_shingle=2, near_share=0.6)


def scanner(*texts, settings=None):
    parts = [Part("quiz", str(number), "question") for number in range(len(texts))]
    return Scanner(build(parts, texts, settings or DecontaminateConfig()))


def found(text, *texts, settings=None):
    matches = scanner(*texts, settings=settings).scan(text)
    return [(m.part.item, m.kind, round(m.share, 3), m.stretch) for m in matches]


def text_units(text):
    """The units of a text, by the slow definition."""
    rows, values = script_table()
    units, word = [], ""
    for char in key_text(text):
        is_unit = char != "_" and flags_of(char) & WORD
        is_alone = SCRIPTS[values[rows[ord(char) >> 8], ord(char) & 255]] in UNSPACED
        if is_unit and not is_alone:
            word += char
            continue
        units += [word] * bool(word) + [char] * bool(is_unit)
        word = ""
    return units + [word] * bool(word)


# units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("The ＡＢＣ of __ don't", "the abc of don t"),
        ("第3章 iPhone手機", "第 3 章 iphone 手 机"),
        ("あいう ab12", "あ い う ab12"),
        ("", ""),
        ("!?。", ""),
    ],
)
def test_units_are_words_and_single_characters(text, units):
    key, starts, ends, prints = units_of(text)
    cut = [key[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=True)]
    assert cut == units.split() == text_units(text)
    assert len(set(prints.tolist())) == len(set(cut))


@examples(derandomize=True, max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("ab _1中あกé"), max_size=50))
def test_units_of_any_text_equal_the_definition(text):
    key, starts, ends, prints = units_of(text)
    cut = [key[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=True)]
    assert cut == text_units(text)
    assert len(prints) == len(cut)


# matches


def test_a_question_is_found_in_a_page_with_its_context():
    page = f"A quiz. {QUESTION.upper()} Answer: silver."
    shown = "which of these two metals is the better conductor of heat at low temperature and why"
    assert found(page, "Something quite different that no one asks " * 3, QUESTION) == [("1", "ngram", 1.0, shown)]


@pytest.mark.parametrize(
    "question", [ZH_QUESTION, ZH_PAGE[5:32], "在標準大氣壓下,水的沸點是多少攝氏度？請選出正確答案｡"]
)
def test_a_chinese_question_is_found_in_another_variant_and_width(question):
    assert found(ZH_PAGE, question) == [("0", "ngram", 1.0, "在标准大气压下,水的沸点是多少摄氏度?请选出正确答案")]


def test_questions_are_found_in_pages_of_another_language():
    assert found(f"{ZH_PAGE * 20} {QUESTION} {ZH_PAGE * 20}", QUESTION)[0][:3] == ("0", "ngram", 1.0)
    assert found(f"{QUESTION * 20} {ZH_PAGE} {QUESTION * 20}", ZH_QUESTION)[0][:3] == ("0", "ngram", 1.0)


def test_a_text_is_found_from_a_minimum_share_of_ngrams():
    text = "a b c d e f g"  # 4-grams: abcd bcde cdef defg
    settings = DecontaminateConfig(ngram=4, ngram_share=0.5, near_share=None)
    assert found("x a b c d y", text, settings=settings) == []
    assert found("x a b c d e y", text, settings=settings) == [("0", "ngram", 0.5, "a b c d e")]
    assert found("a b c d x d e f g", text, settings=settings) == [("0", "ngram", 0.5, "a b c d x d e f g")]
    strict = DecontaminateConfig(ngram=4, ngram_share=0.75, near_share=None)
    assert found("x a b c d e y", text, settings=strict) == []
    assert found("x a b c d e f y", text, settings=strict) == [("0", "ngram", 0.75, "a b c d e f")]


def test_an_edited_text_is_found_by_its_shingles():
    text = "a b c d e f g"  # six 2-shingles
    assert found("a b c x d e f g", text, settings=SMALL) == [("0", "near", 0.833, "a b c x d e f g")]
    assert found("a b x c d y e f g", text, settings=SMALL) == [("0", "near", 0.667, "a b x c d y e f g")]
    assert found("a b x c d y e f z g", text, settings=SMALL) == []
    off = DecontaminateConfig(ngram=4, min_units=2, near_share=None)
    assert found("a b c x d e y f g", text, settings=off) == []


def test_units_scattered_over_a_long_document_are_not_found():
    assert found("a b x c d y e f g", "a b c d e f g", settings=SMALL)[0][1:3] == ("near", 0.667)
    far = " ".join(f"w{i}" for i in range(20))
    assert found(f"a b {far} c d {far} e f g", "a b c d e f g", settings=SMALL) == []


def test_a_short_text_is_found_only_if_complete():
    whole = "What is the capital of the two Koreas?"  # 8 words
    assert found(f"Quiz: {whole} Seoul", whole)[0][1:3] == ("ngram", 1.0)
    assert found("What is the capital of the Koreas?", whole) == []
    assert found("首都是哪里", "首都是哪里") == []  # five characters
    assert found("问:韩国首都是哪里呢", "韓國首都是哪裡") == []  # seven
    assert found("问:大韩国首都是哪里呢", "大韓國首都是哪裡")[0][1:3] == ("ngram", 1.0)


def test_a_document_shorter_than_a_text_of_one_repeated_unit_does_not_contain_it():
    assert found("ha ha ha ha ha", "ha " * 10) == []
    assert found("ha " * 10, "ha " * 10)[0][1:3] == ("ngram", 1.0)


def test_the_best_match_of_several_texts_of_an_item_is_reported():
    parts = [Part("quiz", "7", "question"), Part("quiz", "7", "solution"), Part("quiz", "8", "question")]
    solution = "Silver conducts heat better than copper does at every temperature that is met with in practice here"
    some = Scanner(build(parts, [QUESTION, solution, QUESTION], DecontaminateConfig()))
    assert [(m.part, m.share) for m in some.scan(f"{solution}. {QUESTION}")] == [(parts[0], 1.0), (parts[2], 1.0)]
    assert [m.part for m in some.scan(solution)] == [parts[1]]
    assert [(m.part, m.kind) for m in some.scan(solution.replace("every", "each"))] == [(parts[1], "near")]


def test_the_shown_context_is_clipped():
    text = "".join(chr(0x4E00 + 11 * i) for i in range(300))
    (match,) = scanner(text).scan(f"开头{text}")
    assert match.stretch == key_text(text)[:200]
    assert len(match.stretch) == MAX_STRETCH


def test_ngrams_of_a_common_template_do_not_match():
    texts = [f"read the passage below and choose the best answer to this question: {w} {w} {w}" for w in "uvwxyz"]
    settings = DecontaminateConfig(max_texts_per_gram=3, near_share=None, ngram=4)
    some = build([Part("b", str(i), "f") for i in range(6)], texts, settings)
    scanned = Scanner(some)
    assert scanned.scan("read the passage below and choose the best answer to this question") == []
    assert [m.part.item for m in scanned.scan("the best answer to this question: v v v")] == ["1"]
    same = build([Part("b", str(i), "f") for i in range(4)], texts[:1] * 4, settings)
    assert same.too_common == ("b 0", "b 1", "b 2", "b 3")
    assert same.too_short == ()


def test_a_scanner_keeps_no_state_of_the_previous_document():
    some = scanner(QUESTION, ZH_QUESTION)
    words = QUESTION.split()
    assert some.scan(" ".join(words[:8])) == []
    assert some.scan(" ".join(words[8:])) == []
    assert [m.part.item for m in some.scan(ZH_PAGE)] == ["1"]
    assert some.scan("") == []
    assert [m.part.item for m in some.scan(QUESTION)] == ["0"]


# comparison with the slow definition


def slow_matches(document, texts, settings):
    """Matches from all windows of all texts, as sets of tuples."""
    units, best = text_units(document), {}

    def grams(sequence, n):
        return {tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1)}

    entries = []
    for number, text in enumerate(texts):
        own = text_units(text)
        if len(own) >= settings.ngram:
            entries.append((number, own, settings.ngram, "ngram", settings.ngram_share))
            if settings.near_share is not None and len(own) >= settings.near_shingle:
                entries.append((number, own, settings.near_shingle, "near", settings.near_share))
        elif len(own) >= settings.min_units:
            entries.append((number, own, min(settings.near_shingle, len(own)), "whole", 1.0))
    common = {}
    for _, own, n, _, _ in entries:
        for gram in grams(own, n):
            common[gram] = common.get(gram, 0) + 1
    for number, own, n, way, share in entries:
        wanted = {gram for gram in grams(own, n) if common[gram] <= settings.max_texts_per_gram}
        if way == "whole":
            hits = len(wanted) * (tuple(own) in grams(units, len(own)))
        else:
            span = SPAN * len(own)
            hits = max(len(wanted & grams(units[a : a + span], n)) for a in range(max(len(units), 1)))
        if hits and hits >= max(math.ceil(round(share * len(wanted), 6)), 1):
            key = (way != "near", hits / len(wanted))
            best[number] = max(best.get(number, key), key)
    return {number: ("ngram" if key[0] else "near", round(key[1], 6)) for number, key in best.items()}


WORDS = st.lists(st.sampled_from("a b c d 中 文".split()), max_size=24).map(" ".join)


@examples(derandomize=True, max_examples=300, deadline=None)
@given(
    WORDS,
    st.lists(WORDS, min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]),
    st.sampled_from([None, 0.3, 0.6, 1.0]),
    st.integers(1, 4),
)
def test_matches_equal_the_slow_definition(document, texts, ngram, shingle, least, share, near, common):
    settings = DecontaminateConfig(
        ngram=ngram,
        near_shingle=shingle,
        min_units=least,
        ngram_share=share,
        near_share=near,
        max_texts_per_gram=common,
    )
    matches = scanner(*texts, settings=settings).scan(document)
    assert {int(m.part.item): (m.kind, round(m.share, 6)) for m in matches} == slow_matches(document, texts, settings)
    assert [int(m.part.item) for m in matches] == sorted(int(m.part.item) for m in matches)


def test_shares_of_totals_are_not_rounded_up_by_floats():
    assert needed(np.array([0.7, 0.6, 0.5, 0.1, 0.0]), np.array([10, 5, 5, 30, 4])).tolist() == [7, 3, 3, 3, 0]


# files


def write(path, *lines):
    data = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return str(path)


def test_items_are_named_by_id_or_line_and_have_all_strings_as_texts(tmp_path):
    quiz = write(tmp_path / "quiz.jsonl.gz", {"id": 12, "question": QUESTION, "level": 3}, "", {"text": ZH_QUESTION})
    items = {"id": "a/1", "question": "Too short?", "choices": [QUESTION]}, {"id": "b", "choices": [], "hint": QUESTION}
    exam = write(tmp_path / "exam.ndjson", *items)
    benchmark = Benchmark.load([quiz, exam], DecontaminateConfig())
    assert benchmark.parts == (
        Part("quiz", "12", "question"),
        Part("quiz", "3", "text"),
        Part("exam", "a/1", "question"),
        Part("exam", "b", "hint"),
    )
    assert benchmark.texts == (QUESTION, ZH_QUESTION, "Too short?", QUESTION)
    assert (benchmark.num_items, benchmark.too_short) == (4, ("exam a/1",))
    exam = write(tmp_path / "exam.ndjson", items[0])
    named = Benchmark.load([exam], DecontaminateConfig(fields=("choices",)))
    assert named.parts == (Part("exam", "a/1", "choices"),)
    assert named.too_short == ()


def test_the_identity_of_a_benchmark_depends_on_its_texts_not_its_path(tmp_path):
    def identity(name, *items):
        return Benchmark.load([write(tmp_path / name, *items)], DecontaminateConfig()).identity()

    item = {"id": 1, "q": QUESTION}
    first = identity("quiz.jsonl", item)
    assert list(first) == ["quiz"]
    assert identity("quiz.jsonl.gz", item, "") == first
    assert identity("exam.jsonl", item)["exam"] == first["quiz"]
    changed = ({"id": 2, "q": QUESTION}, {"id": 1, "p": QUESTION}, {"id": 1, "q": QUESTION + "!"})
    assert len({identity("quiz.jsonl", item)["quiz"] for item in changed} | {first["quiz"]}) == 4


def test_a_pickled_index_finds_the_same_items():
    parts = [Part("quiz", "0", "question")]
    benchmark = build(parts, [QUESTION], DecontaminateConfig())
    again = pickle.loads(pickle.dumps(benchmark))
    assert Scanner(again).scan(QUESTION) == Scanner(benchmark).scan(QUESTION) != []


@pytest.mark.parametrize(
    ("lines", "settings", "message"),
    [
        (['{"question": "a"}', '{"question": '], {}, "quiz.jsonl, line 2, is not JSON"),
        (["[1, 2]"], {}, "quiz.jsonl, line 1, is a list; expected a JSON object"),
        (
            ['{"id": 1, "prompt": "a"}'],
            {"fields": ("question",)},
            "line 1, has no field 'question'; its fields are id, prompt",
        ),
        (
            ['{"id": 1, "level": 3, "tags": ["a"]}'],
            {},
            "line 1, has no field with a text; its fields are id, level, tags",
        ),
        (["{}"], {}, "line 1, has no field with a text; its fields are none"),
        (['{"question": []}'], {"fields": ("question",)}, "line 1: the field 'question' is neither"),
        (['{"question": null}'], {"fields": ("question",)}, "line 1: the field 'question' is neither"),
        (
            ['{"q": "What is it?"}', '{"q": "首都是哪里"}'],
            {},
            "quiz.jsonl can be searched for: expected a text of at least 8 words",
        ),
        ([f'{{"q": "{QUESTION}"}}'] * 3, {"max_texts_per_gram": 2}, "No item of the benchmark"),
        (['{"question": 5}'], {"fields": ("question",)}, "line 1: the field 'question' is neither"),
        (['{"question": ["a", 5]}'], {"fields": ("question",)}, "line 1: the field 'question' is neither"),
        (['{"id": 1, "q": "a"}', '{"id": 1, "q": "b"}'], {}, "line 2: the item '1' is already in line 1"),
        (["", " "], {}, "quiz.jsonl contains no item"),
        ([], {}, "quiz.jsonl contains no item"),
    ],
)
def test_an_invalid_item_is_an_error_with_its_line(tmp_path, lines, settings, message):
    with pytest.raises(InputError, match=re.escape(message)):
        Benchmark.load([write(tmp_path / "quiz.jsonl", *lines)], DecontaminateConfig(**settings))


def test_invalid_utf8_is_an_error_with_its_line(tmp_path):
    path = tmp_path / "quiz.jsonl"
    path.write_bytes(b'{"q": "a"}\n{"q": "\xff\xfe"}\n')
    with pytest.raises(FormatError, match="line 2, is not JSON"):
        Benchmark.load([str(path)], DecontaminateConfig())


def test_invalid_settings_are_an_error_before_reading(tmp_path):
    with pytest.raises(ConfigError, match="No benchmark"):
        Benchmark.load([], DecontaminateConfig())
    with pytest.raises(ConfigError, match=r"two\.csv is not named \.jsonl, \.ndjson, \.json"):
        Benchmark.load(["two.csv"], DecontaminateConfig())
    with pytest.raises(ConfigError, match="Two benchmarks have the same name, quiz"):
        Benchmark.load(["a/quiz.jsonl", "b/quiz.ndjson.gz"], DecontaminateConfig())


def test_an_index_over_the_limit_is_an_error_with_its_size():
    texts = [" ".join(f"w{i * j}" for j in range(400)) for i in range(1, 101)]
    with pytest.raises(
        ConfigError, match=r"The index of 100 texts takes \d MiB in every worker, but decontaminate.max_index_mib = 1"
    ):
        build([Part("b", str(i), "f") for i in range(100)], texts, DecontaminateConfig(max_index_mib=1))


def test_an_empty_benchmark_finds_nothing():
    benchmark = build([Part("b", "1", "f")], ["short"], DecontaminateConfig())
    assert Scanner(benchmark).scan(QUESTION) == []
    assert benchmark.too_short == ("b 1",)
    assert isinstance(BenchmarkMatch(Part("b", "1", "f"), "near", 0.5, "x").share, float)


# real data


def test_passages_are_found_only_in_their_own_text(shared_data):
    with gzip.open(shared_data / "lm" / "zh-hans-wiki-cmrc.jsonl.gz", "rt", encoding="utf-8") as lines:
        passages = [json.loads(line)["text"] for line in lines][:100]
    with gzip.open(shared_data / "zh-webtext" / "ia-wide15-zh.jsonl.gz", "rt", encoding="utf-8") as lines:
        pages = [json.loads(line)["text"] for line in lines][:200]
    sentences = [max(re.split("[。！？]", passage), key=len) for passage in passages]
    some = scanner(*sentences)
    for number, page in enumerate(pages[:100]):
        found_items = [m.part.item for m in some.scan(f"{page}\n{passages[number]}\n{page}")]
        assert str(number) in found_items
    assert sum(len(some.scan(page)) for page in pages) == 0

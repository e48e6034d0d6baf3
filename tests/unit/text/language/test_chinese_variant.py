import gzip
import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.language import chinese_variant as variants
from sluice.text.language.chinese_variant import chinese_variant, kinds_table, load_sections, simplified_forms
from sluice.text.language.kernels import variants as kernels

SECTIONS = load_sections()
ANALECTS = "子曰：學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？"
SIMPLIFIED_ANALECTS = (
    "子曰：学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？曾子曰：吾日三省吾身。"
    "为人谋而不忠乎？与朋友交而不信乎？传不习乎？"
)
TELLING = st.sampled_from(
    "国國后後里裡台干嘅喺唔之矣的了黄群" + SECTIONS["simplified"][-5:] + SECTIONS["traditional"][-5:]
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("这是一个关于图书馆的报告。", "zh-Hans"),
        ("這是一個關於圖書館的報告。", "zh-Hant"),
        ("这是关于图书馆的报告。這是關於圖書館的報告。", "mixed"),
        ("他在書名《红楼》下面寫了一篇很長的關於清代小說與戲曲藝術的論文。", "zh-Hant"),
        ("国國", "mixed"),
        ("我係香港人，你喺邊度住？佢哋都唔知。", "yue"),
        ("我系香港人，你喺边度住？佢哋都唔知。", "yue"),
        ("唔，我知道了，我們會準時到達會場。", "zh-Hant"),
        ("唔系，佢今朝冇来", "yue"),
        (
            "关于粤语的“嘅”字，"
            + "这里有一篇很长的文章，讲它从什么时候开始在书面语里出现，以及它和普通话里相近的字有什么不同",
            "zh-Hans",
        ),
        ("脉个人都唔好加以酷刑，佢个荣誉唔好攻击。", "zh-Hans"),  # Hakka
        (f"{ANALECTS}曾子曰：吾日三省吾身。為人謀而不忠乎？與朋友交而不信乎？傳不習乎？", "lzh"),
        (SIMPLIFIED_ANALECTS, "lzh"),
        (ANALECTS, "zh-Hant"),  # too short for certainty
        (f"這一段是《論語》的第一句：{ANALECTS}我們在學校裡都讀過它，老師也給我們講了很多次。", "zh-Hant"),
        (
            "區長也可以委託有關機構處理，也可以自行處理，也可以由其他機構代為處理之，其費用由委託者負擔之，其時間者由區長定之。",
            "zh-Hant",
        ),
        ("中華民國人民，無分男女、宗教、種族、階級、黨派，在法律上一律平等。人民身體之自由應予保障。", "zh-Hant"),
        ("他之所以成功，也在於其努力而不曾放棄，這是大家都知道的事情，沒有什麼可以懷疑的。", "zh-Hant"),
        ("", None),
        ("plain words", None),
        ("任何人不得加以任意逮捕、拘禁或放逐。", None),
        ("皇后在里面，台上干系", None),
    ],
)
def test_the_variant_of_a_text(text, name):
    assert chinese_variant(text).name == name


@pytest.mark.parametrize("language", ["yue", "lzh"])
def test_the_language_of_a_model_that_knows_cantonese_is_used(language):
    assert chinese_variant("這是一個關於圖書館的報告。", language).name == language


def test_a_text_in_another_chinese_language_is_not_cantonese():
    assert chinese_variant("我係香港人，你喺邊度住？佢哋都唔知。", "hak").name == "zh-Hant"


def test_distinctive_characters_are_counted():
    found = chinese_variant("国国國 后 abc かな")
    assert (found.n_han, found.n_simplified, found.n_traditional) == (4, 2, 1)
    assert (found.simplified_share, found.traditional_share) == (0.5, 0.25)


def test_shares_of_a_text_without_characters_are_undefined():
    found = chinese_variant("abc")
    assert (found.simplified_share, found.traditional_share) == (None, None)


@pytest.mark.parametrize(
    ("simplified", "traditional", "name"),
    [(4, 1, "zh-Hans"), (8, 2, "mixed"), (9, 2, "zh-Hans"), (2, 8, "mixed"), (1, 1, "mixed"), (1, 2, "zh-Hant")],
)
def test_a_text_is_mixed_from_a_fifth_and_two_characters(simplified, traditional, name):
    assert chinese_variant("国" * simplified + "國" * traditional).name == name


def test_characters_of_both_variants_are_not_distinctive():
    both = set("后里干台系只云松面于着著乾徵藉群峰床秘黄强况却却温")
    assert not both & (set(SECTIONS["simplified"]) | set(SECTIONS["traditional"]))
    assert not set(SECTIONS["simplified"]) & set(SECTIONS["traditional"])
    assert set("国体与机这说们个当会") <= set(SECTIONS["simplified"])
    assert set("國體這說們個會爲為裡裏麵") <= set(SECTIONS["traditional"])


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]) | TELLING, max_size=200))
def test_the_kernel_and_python_count_the_same(text):
    sets = [
        SECTIONS["simplified"],
        SECTIONS["traditional"],
        variants.CANTONESE,
        variants.CANTONESE_ONLY,
        variants.CLASSICAL,
        variants.CLASSICAL_ONLY,
        variants.MODERN,
    ]
    ranges = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)]
    han = [char for char in text if any(low <= ord(char) <= high for low, high in ranges)]
    counts = kernels.count_kinds(np.frombuffer(text.encode(), np.uint8), *kinds_table())
    assert counts.tolist() == [len(han), *(sum(char in chars for char in han) for chars in sets)]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=100))
def test_invalid_bytes_are_counted_without_an_error(data):
    counts = kernels.count_kinds(np.frombuffer(data, np.uint8), *kinds_table())
    assert 0 <= max(counts[1:]) <= counts[0] <= len(data)


def test_folding_makes_both_variants_equal_and_is_idempotent():
    forms = simplified_forms()
    assert "這裡說的後臺與麵條".translate(forms) == "这里说的后台与面条"
    assert not forms.keys() & forms.values()


def sentences(texts):
    for text in texts:
        yield from (s for part in re.split(r"(?<=[。！？；\n])", text) if len(s := part.strip()) >= 10)


def load(folder, name):
    path = folder / "lm" / name
    if name.endswith("txt.gz"):
        return gzip.open(path, "rt", encoding="utf-8").read().split("\n")
    return [json.loads(line)["text"] for line in gzip.open(path)]


@pytest.mark.parametrize(
    ("name", "wanted", "right", "wrong"),
    [
        ("zh-hans-wiki-cmrc.jsonl.gz", "zh-Hans", 0.987, 0),
        ("zh-hans-ud-gsdsimp.dev.txt.gz", "zh-Hans", 0.998, 0),
        ("zh-hans-laws.jsonl.gz", "zh-Hans", 0.993, 0),
        ("zh-hant-wiki-drcd.jsonl.gz", "zh-Hant", 0.996, 0),
        ("zh-hant-poems.jsonl.gz", "zh-Hant", 0.97, 0.02),
    ],
)
def test_the_variant_of_sentences_is_detected(shared_data, name, wanted, right, wrong):
    """Minimum share right and maximum share wrong of sentences of ten characters; others have no distinctive one."""
    found = Counter(chinese_variant(sentence).name for sentence in sentences(load(shared_data, name)[:2000]))
    total = found.total()
    assert found[wanted] >= right * total
    assert total - found[wanted] - found[None] <= wrong * total


def test_cantonese_is_distinguished_from_related_languages(shared_data):
    passages = [json.loads(line) for line in gzip.open(shared_data / "lid" / "udhr.jsonl.gz")]
    found = {
        code: Counter(chinese_variant(row["text"]).name for row in passages if row["code"] == code)
        for code in ("yue", "hak", "nan", "gan", "wuu", "cmn_hans", "cmn_hant")
    }
    assert found.pop("yue") == {"yue": 18, None: 1}
    assert not any(counts["yue"] or counts["lzh"] for counts in found.values())

"""Repair of double-encoded UTF-8, and correct texts that must stay as they are."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset.double_encoded import repair

LATIN_1 = {byte: chr(byte) for byte in range(256)}
WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256)}


def again(text, table=WINDOWS):
    """The text, with its UTF-8 read in a single-byte encoding."""
    return "".join(table[byte] for byte in text.encode())


def repaired(text):
    return repair(text.encode()).decode()


TEXTS = [
    "you’re “here” — the café’s menu… © 2010, 20°C, £5, 7½",
    "José Müller, Ærø, São Paulo, à la carte, voilà, Straße, Österreich, Éric",
    "Brand™ costs 5 € ✓ → ● ★",
    "中国人民共和国，渡轮早上七点离开。",
    "フェリーは朝の七時に出ます。",
    "배는 아침 일곱 시에 떠납니다.",
    "Паром уходит утром, как всегда.",
    "Το πλοίο φεύγει το πρωί.",
    "Łódź, dług, książę się śmieje, życie",
    "İstanbul’da güneş, ağaç ve ışık",
    "Việt Nam đất nước tươi đẹp",
    "שלום עולם",
    "مرحبا بالعالم",
    "สวัสดีชาวโลก",
    "a smile 😀 and a ship 🚢",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("table", [WINDOWS, LATIN_1])
def test_a_double_encoded_text_is_repaired(text, table):
    assert repaired(again(text, table)) == text
    assert repaired(again(again(text, table), table)) == text


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        ("youâ\x80\x99re", "you’re"),
        ("itâ€™s", "it’s"),
        ("Brandâ„¢", "Brand™"),
        ("5â‚¬", "5€"),
        ("cafÃ©", "café"),
        ("Ã©cole", "école"),
        ("Â© 2010", "© 2010"),
        ("itÂ’s", "it’s"),
        ("360Â°", "360°"),
        ("EspaÃ±ol and España", "Español and España"),
        ("« Il a dit : “ça va”… » — voilÃ\xa0", "« Il a dit : “ça va”… » — voilà"),
    ],
)
def test_a_single_place_is_repaired_where_it_is_certain(broken, text):
    assert repaired(broken) == text


def test_a_page_that_is_partly_double_encoded_keeps_its_correct_parts():
    correct = "À L’UNIVERSITÉ\xa0: «\xa0un café\xa0», déjà «\xa0l’été\xa0»… Ü’nün"
    assert repaired(correct + again("déjà vu, l’été à Paris — voilà") + correct) == (
        correct + "déjà vu, l’été à Paris — voilà" + correct
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "« Un café » à L’UNIVERSITÉ…",
        "SOCIÉTÉ\xa0: «\xa0café\xa0» vendu à\xa0€20, à\xa0£3, à\xa0§\xa03",
        "NESTLÉ® CAFÉ™ CAFÉ© É² MªÉ° ÉTÉ» ÉTÉ” L’ÉTÉ’",
        "XÃ–HUYỆN “XÃ” UBND XÃ… MANHÃ… «IRMÃ»",
        "A\xa0Ă\xa0Â\xa0B\xa0C",
        "Ü’nün AÖ’de İÜ’lü Ç’ye Ö…Ö… Ä–Ö",
        "„Spaß“ Fuß– groß“ ß…",
        "2×½, 3×¼, 5×£2",
        "café—€5, «hotărâ…”, «papá»… papá” là’",
        "ÀÁÂÃÄÅÆÇÈÉ ¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂ",
        "taarbâš eelliđ, kuáskulâžžân",
        "the mark ï»¿ at the beginning of a file",
        "na hÉ… agus hÍ”",
        "ångström: 5 Å, 7 Å… Å”",
        "中文，“引号”——日本語",
        "emoji 😀 and \ue000",
    ],
)
def test_correct_text_is_not_changed(text):
    data = text.encode()
    assert repair(data) is data


def test_bytes_that_are_not_utf8_are_kept():
    assert repair(b"\xff\xc3\xa9 caf\xc3\x83\xc2\xa9 \xc3") == b"\xff\xc3\xa9 caf\xc3\xa9 \xc3"


VARIANTS = {
    "as is": lambda text: text,
    "capitals": str.upper,
    "no-break spaces": lambda text: text.replace(" ", "\xa0"),
    "quotes": lambda text: text.replace(" ", "”"),
    "apostrophes": lambda text: text.replace(" ", "’"),
    "capitals and dashes": lambda text: text.upper().replace(" ", "–"),
    "guillemets": lambda text: text.replace(". ", "\xa0» — «\xa0").replace(", ", "…"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_texts_in_all_languages_are_not_changed(shared_data, variant):
    path = shared_data / "lid" / "udhr.jsonl.gz"
    if not path.is_file():
        pytest.skip("the file lid/udhr.jsonl.gz is missing in the collection of real data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [VARIANTS[variant](json.loads(line)["text"]).encode() for line in lines]
    assert len(texts) > 9000
    assert [text[:80] for text in texts if repair(text) is not text] == []


LETTERS = st.sampled_from("aeéèàçùâêîôûëïüöäßñãõåæøœÉÈÀÇÊÔÜÖÄÅØŒnlr")
SPACES = st.sampled_from([" ", "\xa0", "’", "“", "”", "… ", "\xa0» ", " «\xa0", "–", "—", ", ", "\xa0: ", "® ", "™ "])
WORDS = st.tuples(st.text(LETTERS, min_size=1, max_size=8), SPACES).map("".join)


@settings(derandomize=True, max_examples=600, deadline=None)
@given(st.lists(WORDS.map(lambda word: word.lower() if len(word) % 2 else word.upper()), max_size=20).map("".join))
def test_words_of_western_europe_are_not_changed(text):
    data = text.encode()
    assert repair(data) is data


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30))
def test_any_double_encoded_chinese_is_repaired(text):
    assert repaired(again(text + "的中国")) == text + "的中国"


@pytest.mark.parametrize("unit", ["Ã", "Ã©", "â€", "é\xa0»", "â", "É’"])
def test_a_long_page_of_one_mark_is_repaired(unit):
    repair((unit * (400_000 // len(unit))).encode())

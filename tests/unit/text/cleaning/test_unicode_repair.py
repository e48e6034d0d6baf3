import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.extract import EditConfig
from sluice.core.errors import InputError
from sluice.text.cleaning import unicode_repair
from sluice.text.cleaning.edit_lines import Cut, edit
from sluice.text.cleaning.unicode_repair import fold_width, repair_unicode


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＰＭ２．５ 超标", "PM2.5 超标"),
        ("Ｈｅｌｌｏ，　ｗｏｒｌｄ！", "Hello,　world!"),
        ("２０１９年３月５日，晴", "2019年3月5日，晴"),
        ("Ａ，Ｂ两种（见图）：好！", "A，B两种（见图）：好！"),
        ("ａ＠ｂ．ｃｏｍ 的邮箱", "a@b.com 的邮箱"),
        ("１００％的人", "100％的人"),  # a symbol before Han is kept
        ("３～５天", "3～5天"),
        ("ﾃﾚﾋﾞ と ｶﾞｽ", "テレビ と ガス"),
        ("ｱ｡ｲ､ｳ", "ア。イ、ウ"),
        ("中文。不变！", "中文。不变！"),
        ("ascii", "ascii"),
        ("", ""),
    ],
)
def test_full_width_letters_are_folded_and_chinese_punctuation_is_kept(text, folded):
    assert fold_width(text) == folded


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, blacklist_categories=("Cs",)), max_size=40))
def test_folding_changes_the_width_only_and_is_idempotent(text):
    folded = fold_width(text)
    assert fold_width(folded) == folded
    assert unicodedata.normalize("NFKC", folded) == unicodedata.normalize("NFKC", text)


def test_folding_is_off_by_default_and_is_counted():
    assert edit("ＡＢＣ\nx", EditConfig()).text == "ＡＢＣ\nx"
    edited = edit("ＡＢＣ\nｶﾞ\nx", EditConfig(fold_width=True))
    assert edited.text == "ABC\nガ\nx"
    assert edited.counts == {"width": Cut(0, 2, 1)}


def test_rules_see_the_folded_text():
    assert edit("It is.\n３ ｌｉｋｅｓ", EditConfig(fold_width=True)).text == "It is."


def test_repair_without_ftfy_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "ftfy", None)
    unicode_repair._ftfy.cache_clear()
    with pytest.raises(InputError, match=r"pip install 'sluice\[repair\]'"):
        edit("â€œHiâ€", EditConfig(repair=True))
    unicode_repair._ftfy.cache_clear()


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("He said â€œHi.â€\x9d It wasnâ€™t so.", "He said “Hi.” It wasn’t so."),
        ("cafÃ© and naÃ¯ve", "café and naïve"),
        ("ä¸­æ–‡", "中文"),
        ("“Curly” &amp; ﬁne １２", "“Curly” &amp; ﬁne １２"),  # only wrong encodings are repaired
        ("中文网页，正常。", "中文网页，正常。"),
        ("a\nb\n", "a\nb\n"),
    ],
)
def test_mojibake_is_repaired(text, repaired):
    pytest.importorskip("ftfy", reason="the repair of mojibake needs ftfy (sluice[repair])")
    assert repair_unicode(text) == repaired


def test_repair_is_counted():
    pytest.importorskip("ftfy", reason="the repair of mojibake needs ftfy (sluice[repair])")
    edited = edit("It wasnâ€™t.\nFine – so.", EditConfig(repair=True))
    assert edited.text == "It wasn’t.\nFine – so."
    assert edited.counts == {"repair": Cut(0, 1, 2)}

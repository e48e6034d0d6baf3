"""Lines repeated across documents: normal form, lines that may be removed, and texts after the removal."""

import gzip
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sluice.core.config.dedup import LineDedupConfig
from sluice.text.dedup.repeated_lines import (
    BLANK,
    PLAIN,
    SHORT,
    cut_lines,
    is_code,
    line_form,
    line_with,
    plain_hashes,
    text_lines,
)

SETTINGS = LineDedupConfig(min_chars=10, min_cjk_chars=5, max_removed_share=None)
ANY_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
LINES = st.lists(st.sampled_from(["", "  ", "a short", "a line long enough", "另一行够长了", "第三行也够长了", "---"]))


def hashes_of(*lines):
    return np.concatenate([text_lines(line, SETTINGS).hashes for line in lines])


def same(a, b, settings=SETTINGS):
    return text_lines(a, settings).hashes[0] == text_lines(b, settings).hashes[0]


# the normal form


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("  Terms of Use | Privacy_Policy!  ", "termsofuseprivacypolicy"),
        ("版權所有，不得轉載。", "版权所有不得转载"),
        ("Ｃｏｐｙｒｉｇｈｔ　© ２０２４ Example Press", "copyright0000examplepress"),
        ("12:30", "1230"),
        ("2012年10月22日 国务院令第626号公布", "2012年10月22日国务院令第626号公布"),
        ("★☆★", ""),
        ("café ﬁne", "caféfine"),
    ],
)
def test_the_normal_form_has_letters_and_marks_and_zeros_for_few_digits(line, form):
    assert line_form(line, 0.25) == form


def test_width_case_variant_punctuation_and_spacing_do_not_change_a_line():
    assert same("更多精彩內容，請關注我們的公眾號！", "更多精彩内容 请关注我们的公众号!")
    assert same("Click HERE to subscribe.", "• Click here, to “subscribe”")
    assert not same("Click here to subscribe", "Click here to unsubscribe")
    assert not same("ab", "ba")


def test_digits_are_kept_unless_few_of_them_may_become_0():
    notice = "Copyright 2019 Example Press, all rights reserved by the publisher"
    assert not same(notice, notice.replace("2019", "2024"), LineDedupConfig())
    few = LineDedupConfig(max_digit_share=0.1)
    assert same(notice, notice.replace("2019", "2024"), few)
    assert not same("第五十三条 自2021年1月1日起施行", "第五十三条 自2023年3月1日起施行", few)
    assert same("自2021年1月1日起施行", "自2023年3月1日起施行", LineDedupConfig(max_digit_share=1))


@examples(derandomize=True, max_examples=300, deadline=None)
@given(ANY_TEXT, ANY_TEXT, st.sampled_from([0.0, 0.3, 1.0]))
def test_hashes_are_equal_if_and_only_if_normal_forms_are_equal(a, b, share):
    settings = LineDedupConfig(max_digit_share=share)
    a, b = a.replace("\n", " "), b.replace("\n", " ")
    if not a or not b:
        return
    for other in (b, a.upper(), f" {a}!", unicodedata.normalize("NFKD", a)):
        assert same(a, other, settings) == (line_form(a, share) == line_form(other, share))


@examples(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(ANY_TEXT.map(lambda text: text.replace("\n", " ")), min_size=1, max_size=5))
def test_a_line_has_the_same_hash_and_kind_at_any_position(lines):
    found = text_lines("\n".join(lines), SETTINGS)
    for number, line in enumerate(lines if any(lines) else []):
        alone = text_lines(line, SETTINGS)
        if line:
            assert (found.hashes[number], found.kinds[number]) == (alone.hashes[0], alone.kinds[0])
        else:
            assert found.kinds[number] == BLANK


def test_the_minimum_length_depends_on_the_script():
    kinds = text_lines(
        "abcdefghi\nabcdefghij\n一二三四\n一二三四五\n一二三 abcd\n一二三 abc\n!!!\n\nあいうえお", SETTINGS
    )
    assert kinds.kinds.tolist() == [SHORT, PLAIN, SHORT, PLAIN, PLAIN, SHORT, BLANK, BLANK, PLAIN]


def test_a_line_counts_once_per_document():
    refrain = "and the refrain comes again"
    once, often = plain_hashes(refrain, SETTINGS), plain_hashes(f"{refrain}\nshort\n{refrain.upper()}\n", SETTINGS)
    assert once.tolist() == often.tolist()
    assert len(once) == 1
    assert plain_hashes("", SETTINGS).tolist() == []


def test_a_lone_surrogate_is_an_ordinary_character():
    assert plain_hashes("a broken \ud800 character", SETTINGS).shape == (1,)


# code and tables


@pytest.mark.parametrize(
    "line",
    [
        "public class GroupOfPerson {IPerson master ...}",
        'throw new InvocationException(403, "", "not allowed");',
        "<artifactId>edge-core</artifactId>",
        "// 首先需要注册微服务和实例……",
        "    return a != b ? first : second",
        "$ cd distribution/target/rocketmq-{version}",
        '"Content-Type": "application/json",',
        "optResourceEnabled: true   # in DNS queries",
        "#include <stdio.h>",
        "for (int i = 0; i < n; i++)",
        "mkdir -p /usr/local/connector-plugins",
        "for name in names:",
        "print(value.strip())",
        "        .setClientConfiguration(configuration)",
        "storePathCommitLog=/tmp/rmqstore/node00",
        "  --spring.datasource.username=saga-user \\",
    ],
)
def test_lines_of_programs_are_code(line):
    assert is_code(line)


@pytest.mark.parametrize(
    "line",
    [
        "The developers describe the content like this:",
        "Copyright (c) 2020, Example Press. All rights reserved.",
        "a copyright notice, a licence notice; and a disclaimer;",
        "If you are at an office or shared network, you can ask your administrator (or us).",
        "（二）申请司法机关禁止其转移、转让或者以其他方式处分财产；",
        "关于我们 | 商务合作 | 招聘信息 | 网站地图 | 联系我们 | 意见反馈",
        "For details, see https://example.com/a-b/c and write to press@example.com",
        "Import duties rose - for the third time - in 2020.",
        "1、如果制动面磨损了，更换之后要调整间距。",
    ],
)
def test_prose_and_menus_are_not_code(line):
    assert not is_code(line)


def test_a_long_line_without_a_code_sign_is_classified_fast():
    assert not is_code("a" * 1_000_000)
    assert not is_code("a " * 500_000 + "= b;")
    assert is_code("x = b; " + "a(" * 500_000)


def test_lines_with_code_signs_and_lines_between_fences_are_kept():
    plain, sign = "a line that every page has", "int total = count(items);"
    text = f"{plain}\n```\n{plain}\n```\n{sign}\n~~~\n{plain}"
    cut = cut_lines(text, hashes_of(plain, sign), SETTINGS)
    assert cut.text == f"```\n{plain}\n```\n{sign}\n~~~"  # the last fence has no end
    assert (cut.n_lines_removed, cut.n_structured) == (2, 2)


def test_rows_of_tables_are_kept_and_a_menu_is_removed():
    menu, row = "about the press | contact us | jobs", "requests | how many there were"
    cut = cut_lines(f"{menu}\n\n{row}\nbytes | how many", hashes_of(menu, row), SETTINGS)
    assert cut.text == f"{row}\nbytes | how many"
    assert (cut.n_lines_removed, cut.n_structured) == (1, 1)


# the cut


def test_repeated_lines_are_removed_with_the_blank_lines_between_them():
    menu, own, note = "home news about contact", "this is only here", "版权所有，不得转载。"
    cut = cut_lines(f"{menu}\n\n{own}\n\n{menu}\n\n{own}!\n\n{note}\n", hashes_of(menu, note), SETTINGS)
    assert cut.text == f"{own}\n\n{own}!"
    assert (cut.n_lines, cut.n_lines_removed, cut.n_blank_removed, cut.n_blank) == (10, 3, 4, 5)
    assert cut.n_chars_removed == 23 + 2 + 23 + 2 + 2 + 10 + 1
    assert cut.removed == tuple(sorted(hashes_of(menu, note).tolist()))  # without repetitions


def test_a_line_is_found_by_its_hash():
    text = "short\nThis is ONE line!\nthis is one line\n另一行够长了"
    (line,) = hashes_of("this is one line").tolist()
    assert line_with(text, line, SETTINGS) == "This is ONE line!"
    assert line_with(text, line + 1, SETTINGS) is None
    assert line_with("", line, SETTINGS) is None


def test_blank_lines_that_were_adjacent_before_are_kept():
    cut = cut_lines("\n\nshort\n\n\nshort\nthis line is removed\n", hashes_of("this line is removed"), SETTINGS)
    assert cut.text == "\n\nshort\n\n\nshort"


def test_a_text_without_repeated_lines_is_unchanged():
    text = "  \n\n a line long enough \r\n\n"
    cut = cut_lines(text, hashes_of("another line of text"), SETTINGS)
    assert (cut.text, cut.n_chars_removed, cut.n_lines, cut.n_chars) == (text, 0, 5, len(text))
    assert cut_lines("", hashes_of("another line of text"), SETTINGS)[:3] == ("", 0, 0)


def test_short_lines_are_kept_even_if_their_hash_is_repeated():
    assert cut_lines("da capo", hashes_of("da capo"), SETTINGS).text == "da capo"


def test_a_text_of_mostly_repeated_lines_is_unchanged():
    menu, own = "home news about contact", "and this is its own text"  # 23 and 24 characters
    text = f"{menu}\n{own}"
    half = LineDedupConfig(min_chars=10, max_removed_share=0.5)
    assert cut_lines(text, hashes_of(menu), half).n_lines_removed == 1
    cut = cut_lines(text, hashes_of(own), half)
    assert (cut.text, cut.n_lines_removed, cut.n_spared, cut.n_chars_removed) == (text, 0, 1, 0)
    assert cut_lines(text, hashes_of(menu, own), SETTINGS).text == ""


@examples(derandomize=True, max_examples=300, deadline=None)
@given(LINES, LINES)
def test_the_counts_balance_and_only_repeated_lines_are_removed(lines, wanted):
    text, repeated = "\n".join(lines), hashes_of(*wanted) if wanted else np.empty(0, np.int64)
    cut = cut_lines(text, repeated, SETTINGS)
    left = cut.text.split("\n") if cut.text else []
    assert cut.n_lines == (len(lines) if text else 0) == len(left) + cut.n_lines_removed + cut.n_blank_removed
    assert cut.n_chars == len(text) == len(cut.text) + cut.n_chars_removed
    long = {line for line in wanted if len(line) > 5 and line != "a short"}
    assert [line for line in left if line.strip()] == [line for line in lines if line.strip() and line not in long]
    assert cut.n_lines_removed == sum(line in long for line in lines)


# real data


def test_no_line_of_verse_is_long_enough_to_be_removed(shared_data):
    repeated, seen = 0, set()
    with gzip.open(shared_data / "lm" / "zh-hant-poems.jsonl.gz", "rt", encoding="utf-8") as lines:
        for text in dict.fromkeys(json.loads(line)["text"] for line in lines):
            found = set(plain_hashes(text, LineDedupConfig()).tolist())
            repeated += len(found & seen)
            seen |= found
    assert repeated == 0


def test_most_repeated_lines_of_c4_may_be_removed(shared_data):
    with gzip.open(shared_data / "dedup" / "c4-zh-repeated-lines.jsonl.gz", "rt", encoding="utf-8") as lines:
        removed = [json.loads(line)["line"] for line in lines]
    kinds = [text_lines(line, LineDedupConfig()).kinds[0] for line in removed]
    assert kinds.count(PLAIN) > 0.8 * len(removed)
    assert sum(map(is_code, removed)) == 0

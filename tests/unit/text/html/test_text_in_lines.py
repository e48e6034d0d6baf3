"""Text within a line: what is hidden, spaces of Chinese, invisible characters, ruby, exponents, formulas, quotes."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.text.html.extract import extract_text
from sluice.text.html.kernels import spacing
from tests.helpers.blocks import texts

VISIBLE = "The bridge was not repaired after the war, and the valley was closed for three weeks."


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        "style='display:none'",
        "style='color: red; DISPLAY : none !important;'",
        "style='visibility:hidden'",
        "style='font-size:0'",
        "style='opacity: 0'",
        "aria-hidden=true",
        "class='x sr-only'",
        "class=visually-hidden",
        "class=screen-reader-text",
        "class=jammer",
    ],
)
@pytest.mark.parametrize("element", ["span", "font", "em", "a"])
def test_hidden_elements_within_a_line_are_not_text(element, attribute):
    assert texts(f"<p>the bridge<{element} {attribute}>SECRET <b>WORD</b></{element}>, and</p>") == ["the bridge, and"]


@pytest.mark.parametrize(
    "attribute", ["class=display-none", "id=sr-only", "style='display:inline'", "aria-hidden=false"]
)
def test_visible_elements_are_text(attribute):
    assert texts(f"<p>the <span {attribute}>old</span> bridge") == ["the old bridge"]


def test_hidden_blocks_are_text_since_scripts_show_them():
    assert texts("<div style='display:none'><p>An answer</p></div><p hidden>two") == ["An answer", "two"]
    assert texts("<span hidden><p>An answer</p></span>") == ["An answer"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("春天的\n洪水", "春天的洪水"),
        ("春天的 \r\n  洪水", "春天的洪水"),
        ("春<b>\n天</b>\n\t<i>的</i>", "春天的"),
        ("过后，\n山谷", "过后，山谷"),
        ("三週間閉\n鎖された", "三週間閉鎖された"),
        ("他说\n“你好”\n然后", "他说“你好”然后"),
        ("然后……\n他说——\n好", "然后……他说——好"),
        ("𠀀\n𠀁", "𠀀𠀁"),
        ("春天 洪水", "春天 洪水"),
        ("春天&nbsp;\n洪水", "春天 洪水"),
        ("用\nSpark\n处理", "用 Spark 处理"),
        ("도로\n는", "도로 는"),
        ("one\ntwo", "one two"),
        ("“a”\n“b”", "“a” “b”"),
        ("第\n3\n章", "第 3 章"),
    ],
)
def test_a_line_break_in_the_source_is_no_space_between_chinese_characters(html, expected):
    assert texts(f"<p>{html}</p>") == [expected]


def is_removed(before, after):
    """The segment break transformation rules of CSS Text 3, and quotes and dashes beside Chinese characters."""

    def is_wide(char):
        name = unicodedata.name(char, "")
        return (
            unicodedata.east_asian_width(char) in "FWH"
            and not any(word in name for word in ("HANGUL", "KOREAN"))
            and not 0x1F000 <= ord(char) < 0x20000
        )

    def is_shared(char):
        return char == "·" or "\u2013" <= char <= "\u2026"

    return (is_wide(before) and (is_wide(after) or is_shared(after))) or (is_shared(before) and is_wide(after))


def test_every_character_from_the_radicals_on_has_the_width_of_unicode():
    codes = [*range(0x2E80, 0xD800), *range(0xE000, 0x1F000), *range(0x20000, 0x31400)]
    chars = [char for char in map(chr, codes) if unicodedata.category(char) not in ("Cn", "Co")]
    wide = {char for char in chars if spacing.is_wide.py_func(ord(char))}
    different = {char for char in chars if is_removed(char, "山") != (char in wide)}
    assert different <= set(map(chr, range(0x4DC0, 0x4E00)))  # hexagrams are wide since Unicode 16


LETTERS = st.sampled_from("a1.é山谷的，。「」ァあー々〇【】Ａ！￥ㄅ㐀𠀀豈한ㅎ글“”’…—·€→①") | st.characters(
    min_codepoint=0x2E80, max_codepoint=0xFFE6, categories=["Lo", "Po", "Ps", "Pe"], exclude_characters="\ufffd"
)


@settings(max_examples=500)
@given(LETTERS, LETTERS)
@example("山", "\ufe10")
def test_spaces_for_line_breaks_follow_the_width_of_both_characters(before, after):
    expected = f"{before}{after}" if is_removed(before, after) else f"{before} {after}"
    assert texts(f"<p>x{before}\n{after}") == [f"x{expected}"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("en&shy;gi&#xAD;neers aban\u00addoned", "engineers abandoned"),
        ("山\u200b谷\u2060里\ufeff的", "山谷里的"),
        ("\u200bTitle\u200b", "Title"),
        ("ผลิ\u200bถนน", "ผลิ\u200bถนน"),  # Thai: separates words
        ("मी\u200cलि क्\u200dष 👩\u200d🚒", "मी\u200cलि क्\u200dष 👩\u200d🚒"),  # joiners are part of words
        ("10\u202f000 km\u2009/\u2003h", "10 000 km / h"),
        ("one\u2028two", "one two"),
    ],
)
def test_invisible_characters_are_removed_unless_they_are_part_of_words(html, expected):
    assert texts(f"<p>{html}</p>") == [expected]


@pytest.mark.parametrize(
    "html",
    [
        "<ruby>山<rt>shān</rt></ruby><ruby>谷<rt>gǔ</rt></ruby>里",
        "<ruby>山<rp>(</rp><rt>shān</rt><rp>)</rp>谷<rp>(</rp><rt>gǔ</rt><rp>)</rp></ruby>里",
        "<ruby>山<rt>shān<rp>)</ruby><ruby><rb>谷<rt>gǔ</ruby>里",
        "<ruby><rb>山<rb>谷<rtc><rt>shān<rt>gǔ</rtc></ruby>里",
        "<ruby>山谷<rtc>shāngǔ</ruby>里",
    ],
)
def test_readings_above_characters_are_not_text(html):
    assert texts(f"<p>{html}</p>") == ["山谷里"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("10<sup>5</sup> kg/m<sup>2</sup>", "10⁵ kg/m²"),
        ("10<sup>-4</sup> 10<sup>−12</sup> s<sup>+1</sup>", "10⁻⁴ 10⁻¹² s⁺¹"),
        ("H<sub>2</sub>O, x<sub>i</sub><sup>n</sup>", "H₂O, xᵢⁿ"),
        ("V<sub>out</sub> x<sup>2k</sup> e<sup>k</sup>", "V_out x^2k e^k"),
        ("the 1<sup>st</sup> and 2<sup>nd</sup>, M<sup>me</sup>", "the 1st and 2nd, Mme"),
        ("true<sup>[1]</sup> and<sup><a href=#n>[12]</a></sup>", "true[1] and[12]"),
        ("word<sup>note 3</sup>", "wordnote 3"),
        ("a<sup></sup>b<sup> </sup>c", "ab c"),
    ],
)
def test_exponents_and_indices_stay_apart_from_their_base(html, expected):
    assert texts(f"<p>{html}</p>") == [expected]


TEX = r"E_{k} < \frac{1}{2} m"
ANNOTATED = (
    "<math><semantics><mrow><mi>E</mi></mrow><annotation encoding='application/x-tex'>E_{k} &lt; \\frac{1}{2} m"
    "</annotation></semantics></math>"
)


@pytest.mark.parametrize(
    "formula",
    [
        ANNOTATED,
        "<math alttext='E_{k} &lt; \\frac{1}{2} m'><mi>E</mi></math>",
        f"<span class=katex><span>{ANNOTATED}</span><span class=katex-html aria-hidden=true>Ek</span></span>",
        f"<span class=mwe-math-element><span style='display: none;'>{ANNOTATED}</span><img alt='{TEX}' "
        "class='mwe-math-fallback-image-inline'></span>",
        f"<img class=tex alt='{TEX}'>",
        f"<img eeimg=1 alt='{TEX}' src='/equation?tex=E'>",
        f"<span class=MathJax_Preview>E</span><span class=MathJax>Ek</span><script type='math/tex'>{TEX}</script>",
        f"<script type='math/tex; mode=display'>{TEX}</script>",
        f"<math><semantics><mi>E</mi><annotation encoding=TeX>{TEX}</annotation></semantics></math>".replace(
            "=TeX", '="TeX"'
        ),
    ],
)
def test_a_formula_is_its_tex_once(formula):
    assert texts(f"<p>is {formula} at") == [f"is ${TEX}$ at"]


def test_the_display_style_of_wikipedia_is_not_part_of_a_formula():
    assert texts("<img class=tex alt='{\\displaystyle x^{2}}'>") == ["$x^{2}$"]
    assert texts("<img class=tex alt='$$x$$'>") == ["$x$"]


@pytest.mark.parametrize(
    ("mathml", "expected"),
    [
        ("<msub><mi>E</mi><mi>k</mi></msub> <mo>=</mo> <mn>2</mn>", "E_k=2"),
        ("<mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mi>v</mi><mn>2</mn></msup>", "1/2v^2"),
        ("<mn>10</mn><msup><mn>10</mn><mrow><mo>-</mo><mn>4</mn></mrow></msup>", "1010^(-4)"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>", "(a+b)/c"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "x_i^2"),
        ("<msqrt><mi>x</mi></msqrt>", "√(x)"),
    ],
)
def test_a_formula_without_tex_keeps_its_structure(mathml, expected):
    assert texts(f"<p>is <math>{mathml}</math>.") == [f"is {expected}."]


def test_quotations_within_a_line_have_quotes():
    assert texts("<p>She said <q>we need <q>it</q></q> and") == ["She said “we need “it”” and"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Title<a class=headerlink href='#t'>¶</a></h2>", "Title"),
        ("<h2><a href='#t'>#</a> Title</h2>", "Title"),
        ("<h3>Title <a href='#t'>§</a></h3>", "Title"),
        ("<h3>Title <a href='#t'>🔗</a></h3>", "Title"),
        ("<dt>open(file)<a href='#open'>¶</a>", "open(file)"),
        ("<h1>Title<a class=headerlink href='#t'>\uf0c1</a></h1>", "Title"),  # an icon of a font
        ("<p>Text <a href='/share'> \ue000 </a></p>", "Text"),
        ("<p>One <a href='/x'>豈</a> two</p>", "One 豈 two"),
        ("<p>in C<a href=/sharp>#</a>", "in C#"),
        ("<h2>About <a href=/c>C#</a></h2>", "About C#"),
        ("<h2>第1节<span class=mw-editsection>[<a>编辑</a>]</span></h2>", "第1节"),
        ("<h2>Part<span class=mw-editsection>[<a>edit</a> | <a>edit source</a>]</span></h2>", "Part"),
    ],
)
def test_anchors_and_edit_links_of_headings_are_not_text(html, expected):
    assert texts(html) == [expected]


@pytest.mark.parametrize(
    "element", ["g-emoji", "relative-time", "mjx-container", "x-w", "label", "button", "o:p", "slot", "unknown"]
)
@pytest.mark.parametrize("around", ["p", "li", "h2", "td", "dd"])
def test_unknown_elements_labels_and_buttons_are_part_of_a_line_of_text(element, around):
    assert texts(f"<{around}>the <{element}>old</{element}> bridge</{around}>") == ["the old bridge"]


def test_custom_elements_and_buttons_outside_of_text_are_lines():
    assert texts("<div><my-card>a</my-card><my-card>b</my-card></div>") == ["a", "b"]
    assert texts("<div>Text.<button>Share</button></div>") == ["Text.", "Share"]
    assert texts("<div>the <x-w>old</x-w> bridge</div>") == ["the old bridge"]


def test_the_style_of_an_element_decides_whether_it_is_a_line():
    assert texts("<p>a <span style='display:block'>b</span> c") == ["a", "b", "c"]
    assert texts("<div>a <div style='display: inline'>b</div> c</div>") == ["a b c"]
    assert extract_text("<table><tr><td style='display:inline'>a</td><td>b</td></tr></table>", "all") == "a | b"


def test_consent_banners_are_never_main_text():
    banner = "We store and access information on a device, such as cookies, and process personal data. " * 5
    for attribute in ("id=onetrust-banner-sdk", "class='box cookie-banner'", "id=CybotCookiebotDialog"):
        html = f"<div {attribute}><h2>Privacy</h2><p>{banner}</div><main><h1>Road</h1><p>{VISIBLE}</main>"
        assert VISIBLE in extract_text(html) and "cookies" not in extract_text(html)
        assert "cookies" in extract_text(html, "all")
    assert "cookies" in extract_text(f"<div id=cookie-banner><p>{banner}</div>")  # the only text

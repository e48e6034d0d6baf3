"""The page in a real browser."""

import json
import threading

import pytest

from sluice.view.marks import MarkFile
from sluice.view.search import SearchIndex
from sluice.view.server import ViewServer
from tests.helpers.chromium import MISSING, chromium, find_chromium

pytestmark = pytest.mark.skipif(find_chromium() is None, reason=MISSING)

READY = "document.querySelector('#document h2, #document > .empty') && list.ariaBusy === 'false'"
SHOWN = "document.querySelector('#document').innerText"
LISTED = "[...document.querySelectorAll('.row')].length"


@pytest.fixture(scope="module")
def browser():
    with chromium() as page:
        yield page


@pytest.fixture
def page(browser, index, output):
    """The page, opened on the small run."""
    with ViewServer(0, index, MarkFile(str(output / "marks.jsonl"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.console.clear()
        browser.url = server.url
        browser.open(server.url)
        browser.wait(READY)
        yield browser
        browser.open("about:blank")
        server.shutdown()


def choose(page, change):
    """Changes the filters from none, and waits for the result."""
    page.run(f"(async () => {{ restoreFilters(new URLSearchParams()); {change}; await searchNow(); }})()")
    page.wait(READY)


def marks(output):
    path = output / "marks.jsonl"
    return [(m["doc_id"], m["label"]) for m in map(json.loads, path.read_text().splitlines())] if path.exists() else []


def test_the_page_opens_without_errors_and_names_its_sample(page):
    assert page.run("document.querySelector('#share').innerText") == (
        "sample: 10 of 10 documents (100 %), 2 of 2 rejected pages (100 %); finished up to split_check"
    )
    assert page.run(LISTED) == 12
    assert page.console == []


def test_texts_of_both_languages_are_found_and_have_their_language(page):
    choose(page, "form.text.value = '我们'")
    assert page.run("document.querySelector('#status').innerText") == "1 of 12 in the sample"
    assert "今天天气很好，我们去公园。" in page.run(SHOWN)
    assert page.run("document.querySelector('.text').lang") == "zh"
    assert page.run("document.querySelector('.text').dir") == "auto"
    assert page.run("document.querySelector('mark.hit').textContent") == "我们"


def test_typing_searches_and_no_match_gives_advice(page):
    page.press("/")
    assert page.run("document.activeElement.name") == "text"
    for key in "zzz":
        page.press(key)
    page.wait("document.querySelector('#document > .empty')")
    assert "No document matches. Clear a filter" in page.run(SHOWN)
    page.run("document.querySelector('#clear').click()")
    page.wait(f"{LISTED} === 12")


def test_a_duplicate_is_beside_its_kept_document_with_differences_marked(page):
    choose(page, "form.reason.value = 'dedup near'")
    shown = page.run(SHOWN)
    assert "Removed" in shown and "Kept, similarity 0.85" in shown
    assert page.run("[...document.querySelectorAll('.two mark')].map(e => e.textContent)") == ["他", "我"]
    left, right = page.run("[...document.querySelectorAll('.two section')].map(e => e.getBoundingClientRect().left)")
    assert left < right


def test_an_edited_and_a_dropped_document_show_what_happened(page):
    choose(page, "form.outcome.value = 'edited'")
    assert page.run("[...document.querySelectorAll('del')].map(e => e.textContent)") == ["Menu\n"]
    choose(page, "form.reason.value = 'filter words'")
    assert "by filter, rule words: n_words is 2, the rule keeps ≥ 5." in page.run(SHOWN)
    assert "violated" in page.run(SHOWN)


def test_a_text_from_the_web_is_never_html(page):
    choose(page, "form.text.value = 'onerror'")
    assert "<script>globalThis.stolen = 1</script>" in page.run(SHOWN)
    assert page.run("document.querySelectorAll('#document script, #document img, [onmouseover]').length") == 0
    page.run("document.querySelector('#document').dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))")
    assert page.run("globalThis.stolen === undefined")
    assert page.console == []
    # the policy stops it even if a text became HTML
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"globalThis.stolen = 1\">')")
    page.run("new Promise(resolve => setTimeout(resolve, 200))")
    assert page.run("globalThis.stolen === undefined")
    assert any("Content Security Policy" in line for line in page.console)


def test_keys_go_through_documents_and_mark_them(page, output):
    ids = page.run("pages.get(0).map(row => row.doc_id)")
    at = "shown.doc_id"
    assert page.run(at) == ids[0]
    page.press("j")
    page.wait(f"{at} === '{ids[1]}'")
    page.press("g")
    page.wait("shown.mark === 'good'")
    page.press("j")
    page.wait(f"{at} === '{ids[2]}'")
    page.press("b")
    page.wait("shown.mark === 'bad'")
    assert page.run("document.querySelector('#counts').innerText") == "marked: 1 good, 1 bad"
    page.press("k")
    page.wait(f"{at} === '{ids[1]}'")
    page.press("b")
    page.wait("shown.mark === 'bad'")
    page.press("u")
    page.wait("shown.mark === 'good'")
    assert marks(output) == [(ids[1], "good"), (ids[2], "bad"), (ids[1], "bad"), (ids[1], "good")]
    assert page.run("document.querySelector('.marks .g').getAttribute('aria-pressed')") == "true"
    page.press("u")
    page.press("u")
    page.wait("shown.mark === null")
    assert marks(output)[-2:] == [(ids[2], None), (ids[1], None)]


def test_a_letter_typed_into_a_field_marks_nothing(page, output):
    page.press("/")
    for key in "gb":
        page.press(key)
    page.wait("form.text.value === 'gb' && document.querySelector('#document > .empty')")
    assert marks(output) == []


def test_the_filters_of_the_address_are_there_after_a_reload(page):
    choose(page, "form.outcome.value = 'duplicate'; addRange('similarity', '0.8', '0.9', 'high')")
    address = page.run("location.href")
    assert "#outcome=duplicate" in address
    page.open("about:blank")
    page.open(address)
    page.wait(READY)
    assert page.run("[...pages.get(0)].map(row => row.doc_id)") == ["4", "8"]


def test_only_visible_rows_are_in_the_page(browser, output):
    class Many(SearchIndex):
        def positions(self, wanted, labels):
            return range(100_000)

        def rows(self, positions, labels):
            row = {"url": None, "host": "a.example", "language": "en", "outcome": "kept", "stage": None, "reason": None}
            row |= {"preview": "", "similarity": None, "mark": None}
            return [row | {"position": i, "doc_id": "1", "title": f"number {i}"} for i in positions]

    from sluice.view.index import open_index
    from sluice.view.stages import read_stages

    many = Many(open_index(read_stages(str(output)), 100, 0))
    with ViewServer(0, many, MarkFile(str(output / "marks.jsonl"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(server.url)
        browser.wait(READY)
        assert browser.run(LISTED) < 50
        browser.run("list.scrollTop = list.scrollHeight")
        browser.wait("list.innerText.includes('number 99999')")
        assert browser.run(LISTED) < 50
        assert browser.run("document.querySelector('.row').getAttribute('aria-setsize')") == "100000"
        browser.open("about:blank")
        server.shutdown()


def test_a_stopped_server_is_told_with_what_to_do(page):
    page.run("globalThis.fetch = () => Promise.reject(new TypeError('no network'))")
    page.press("g")
    page.wait("!document.querySelector('#error').hidden")
    assert "Run `sluice view` again" in page.run("document.querySelector('#error').innerText")
    assert page.run("shown.mark") is None


def test_every_control_has_a_label_and_the_page_fits_800_pixels(page):
    unnamed = (
        "[...document.querySelectorAll('input, select, button')].filter(e => !e.labels?.length && !e.innerText.trim())"
    )
    page.run("addRange('n_words')")
    assert page.run(f"{unnamed}.length") == 0
    metrics = {"height": 600, "deviceScaleFactor": 1, "mobile": False}
    page.send("Emulation.setDeviceMetricsOverride", width=800, **metrics)
    try:
        assert page.run("document.documentElement.scrollWidth") <= 800
        choose(page, "form.reason.value = 'filter words'")
        assert page.run(
            "document.querySelector('#document').scrollWidth <= document.querySelector('#document').clientWidth"
        )
    finally:
        page.send("Emulation.setDeviceMetricsOverride", width=1280, **metrics)

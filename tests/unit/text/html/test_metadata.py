import pytest

from sluice.text.html.kernels.licence import META_HINTS
from sluice.text.html.markup import parse
from sluice.text.html.metadata import (
    AUTHOR_NAMES,
    DAY_NAMES,
    MAX_CHARS,
    TITLE_NAMES,
    find_day,
    page_facts,
)


def facts(html):
    data = html.encode()
    found = page_facts(data, parse(data))
    return found.title, found.author, found.published


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019-03-05T10:00:00+08:00", "2019-03-05"),
        ("发布时间：2019年3月5日 10:20", "2019-03-05"),
        ("2019/3/5", "2019-03-05"),
        ("2019.03.05", "2019-03-05"),
        ("20190305", "2019-03-05"),
        ("20190305102000", "2019-03-05"),
        ("2019-13-05", None),
        ("2019-02-30", None),
        ("12019-02-03", None),
        ("5 March 2019", "2019-03-05"),
        ("May 3rd, 2021", "2021-05-03"),
        ("Published Sept. 9, 2021 at noon", "2021-09-09"),
        ("03.05.2021", "2021-05-03"),
        ("3. 5. 2021", "2021-05-03"),
        ("31.02.2021", None),
        ("1.2.3.2021", None),
        ("5/3/2019", None),  # ambiguous dates are not guessed
        ("", None),
    ],
)
def test_a_date_is_read_if_its_order_is_certain(text, day):
    assert find_day(text) == day


def ld(script):
    return f'<script type="application/ld+json">{script}</script>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", (None, None, None)),
        ("<title> A \n B </title>", ("A B", None, None)),
        ("<title>Site: A</title><meta property='og:title' content='A &quot;B&quot;'>", ('A "B"', None, None)),
        ("<meta content='Ann Lee' name=Author>", (None, "Ann Lee", None)),
        ("<meta name=author content='https://x.test/ann'>", (None, None, None)),
        ("<meta name=PubDate content='2020-01-02 03:04:05'>", (None, None, "2020-01-02")),
        ("<meta name=date content='soon'><time datetime='2020-01-02'>x</time>", (None, None, "2020-01-02")),
        ("<time>2020年1月2日</time>", (None, None, None)),  # only the attributes of the tag are read
        (
            '<script type="application/ld+json">{"headline":"H","datePublished":"2021-05-06T00:00:00Z",'
            '"author":[{"@type":"Person","name":"Bo"}]}</script>',
            ("H", "Bo", "2021-05-06"),
        ),
        ('<script type="application/ld+json">{"author":"Bo"}</script>', (None, "Bo", None)),
        ('<script>{"author":"Bo"}</script>', (None, None, None)),
        (
            ld('{"@type":"Article","headline":"\\u77f3\\u6865 \\/ \\"A\\"","author":"\\u738b"}'),
            ('石桥 / "A"', "王", None),
        ),
        (ld('{"@type":"Article","author":{"image":{"name":"x"},"name":"Bo"}}'), (None, "Bo", None)),
        (
            ld(
                '{"@graph":[{"@type":"Comment","author":"troll","datePublished":"2019-01-01"},{"@type":'
                '["Thing","NewsArticle"],"headline":"H","author":{"name":["Bo"]},"datePublished":"3 May 2021"}]}'
            ),
            ("H", "Bo", "2021-05-03"),
        ),
        (ld('{"@type":"WebPage","name":"P"}') + ld('{"@type":"BlogPosting","headline":"H"}'), ("H", None, None)),
        (
            "<title>Road - Wikipedia</title>" + ld('{"@type":"Article","name":"Road","headline":"way"}'),
            ("Road", None, None),
        ),
        (ld('<!-- {"@type":"Article","headline":"two\nlines"} -->'), ("two lines", None, None)),
        (ld('{"@type":"Article","headline":"\\u77f3",}'), ("石", None, None)),  # not valid JSON
        (
            "<time class=updated datetime=2023-09-09>x</time><time datetime=2021-05-03>y</time>",
            (None, None, "2021-05-03"),
        ),
    ],
)
def test_facts_are_read_from_metadata(html, expected):
    assert facts(html) == expected


def test_unclosed_titles_are_cut():
    assert facts(f"<title>{'x' * 10_000}</title>")[0] == "x" * MAX_CHARS


def test_every_searched_name_contains_a_hint():
    names = (*TITLE_NAMES, *AUTHOR_NAMES, *DAY_NAMES)
    assert [name for name in names if not any(hint in name for hint in META_HINTS)] == []

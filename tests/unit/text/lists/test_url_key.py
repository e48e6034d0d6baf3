"""Keys of URLs: equal for the same page, different for others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.lists.url_key import url_key

SAME = [
    ("http://example.com", "example.com"),
    ("https://www.example.com/", "example.com"),
    ("HTTP://EXAMPLE.com:80/index.html", "example.com"),
    ("http://user:secret@example.com./", "example.com"),
    ("http://example.com/a/./b/../c/", "example.com/a/c"),
    ("http://example.com/a//c", "example.com/a/c"),
    ("http://example.com/../../a", "example.com/a"),
    ("http://example.com\\a\\c", "example.com/a/c"),
    ("http://example.com/a#part", "example.com/a"),
    ("http://example.com/a?", "example.com/a"),
    ("http://example.com/a?b=2&a=1", "example.com/a?a=1&b=2"),
    ("http://example.com/a?utm_campaign=x&id=5&fbclid=Iw", "example.com/a?id=5"),
    ("http://example.com/a;jsessionid=0A1B?PHPSESSID=9", "example.com/a"),
    ("http://example.com/%7Eann/%e4%b8%ad", "example.com/~ann/%E4%B8%AD"),
    ("http://example.com/~ann/中", "example.com/~ann/%E4%B8%AD"),
    ("http://例え.中国/", "xn--r8jz45g.xn--fiqs8s"),
    ("http://example.com/100%", "example.com/100%25"),
]


@pytest.mark.parametrize(("url", "key"), SAME)
def test_the_key_of_a_url(url, key):
    assert url_key(url) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.com/a", "http://example.com/A"),  # paths are case-sensitive
        ("http://example.com/a", "http://news.example.com/a"),
        ("http://example.com/a", "http://example.com:8080/a"),
        ("http://example.com/?id=1", "http://example.com/?id=2"),
        ("http://example.com/a%2Fb", "http://example.com/a/b"),
        ("http://example.com/?q=a%26b", "http://example.com/?q=a&b"),
        ("http://example.com/index", "http://example.com/"),
    ],
)
def test_different_pages_have_different_keys(one, other):
    assert url_key(one) != url_key(other)


@pytest.mark.parametrize(
    "url", ["", "no address", "/a/b", "http://", "http://[::1", "mailto:ann@example.com", "http:///a"]
)
def test_without_a_host_there_is_no_key(url):
    assert url_key(url) is None


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_is_accepted_and_a_key_is_its_own_key(path):
    key = url_key(f"http://example.com/{path}")
    assert key is not None
    assert key.isascii()
    assert url_key(f"https://www.{key}") == key

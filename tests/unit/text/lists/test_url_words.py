"""Words in URLs: three weights, separators, and invalid lists."""

import pickle

import pytest

from sluice.core.config.extract import UrlWordsConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.text.lists.url_words import UrlWords, WordMatch

WORDS = UrlWords(
    hard=frozenset({"casino", "poker"}), soft=frozenset({"bet", "bonus", "free"}), strict=frozenset({"xvideo", "成人"})
)


@pytest.mark.parametrize(
    "url, expected",
    [
        ("https://example.org/Casino/poker.html", WordMatch("hard", ("casino", "poker"))),
        ("http://best_casino.example/", WordMatch("hard", ("casino",))),
        ("http://example.org/%63asino", WordMatch("hard", ("casino",))),
        ("http://example.org/?q=free&go=bonus", WordMatch("soft", ("bonus", "free"))),
        ("http://my-xvi.deos.example/", WordMatch("strict", ("xvideo",))),
        ("http://example.org/%E6%88%90%E4%BA%BA%E7%94%B5%E5%BD%B1", WordMatch("strict", ("成人",))),
        ("http://example.org/casinos", None),  # another word
        ("http://example.org/free/free-free", None),  # one soft word three times
        ("casino://example.org/", None),  # the scheme is not a word
        ("http://example.org/", None),
        ("", None),
    ],
)
def test_strict_hard_and_soft_words_reject_a_url(url, expected):
    assert WORDS.match(url) == expected


def test_without_lists_no_url_is_rejected():
    assert UrlWords.of(UrlWordsConfig()).match("http://casino.example/") is None


def test_lists_are_loaded_from_the_configuration(tmp_path):
    for name, text in {"hard": "# hard\nCasino\n\n", "soft": "bet\nfree\nbonus\n", "strict": "赌\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    section = UrlWordsConfig(hard=f"{tmp_path}/hard", soft=f"{tmp_path}/soft", strict=f"{tmp_path}/strict", soft_min=3)
    words = UrlWords.of(section)
    assert words == UrlWords(frozenset({"casino"}), frozenset({"bet", "free", "bonus"}), frozenset({"赌"}), 3)
    assert words.match("http://e.example/bet/free") is None
    assert words.match("http://e.example/bet/free?bonus") == WordMatch("soft", ("bet", "bonus", "free"))
    copy = pickle.loads(pickle.dumps(words))
    assert (copy, copy.digest) == (words, words.digest)
    (tmp_path / "soft").write_text("bet\nfree\nbonus\ncash\n")
    assert UrlWords.of(section).digest != words.digest
    (tmp_path / "soft").write_text("bet\nfree\n")
    with pytest.raises(ConfigError, match="soft_min requires 3"):
        UrlWords.of(section)


@pytest.mark.parametrize("setting", ["hard", "soft", "strict"])
@pytest.mark.parametrize(
    "line, message",
    [
        (b"free spins", "can never match"),
        (b"a-b", "can never match"),
        (b"x", "nearly every URL"),
        (b"\xd6\xd0", "not UTF-8"),
    ],
)
def test_an_invalid_word_is_an_error_with_its_line(tmp_path, setting, line, message):
    path = tmp_path / "words.txt"
    path.write_bytes(b"# words\ngood\n" + line)
    with pytest.raises(FormatError, match=rf"words\.txt, line 3.*{message}"):
        UrlWords.of(UrlWordsConfig(**{setting: str(path)}))


def test_a_byte_order_mark_is_not_part_of_the_first_word(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"\xef\xbb\xbfcasino\npoker\n")
    assert UrlWords.of(UrlWordsConfig(hard=str(path))).hard == {"casino", "poker"}


def test_a_strict_word_of_two_letters_and_lists_without_words_are_errors(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("av\n")
    assert UrlWords.of(UrlWordsConfig(hard=str(path))).hard == {"av"}
    with pytest.raises(FormatError, match="nearly every URL"):
        UrlWords.of(UrlWordsConfig(strict=str(path)))
    path.write_text("# nothing\n")
    with pytest.raises(FormatError, match="contains no word"):
        UrlWords.of(UrlWordsConfig(hard=str(path)))
    with pytest.raises(InputError, match="Cannot read"):
        UrlWords.of(UrlWordsConfig(hard=f"{tmp_path}/missing.txt"))

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.cleaning.phrase_finder import LineFinder, Phrases


def marked_slowly(text: str, wanted: list[Phrases]) -> list[tuple[int, int]]:
    rows = []
    for number, line in enumerate(text.split("\n")):
        lower = "".join(c.lower() if c.isascii() else c for c in line)
        kinds = 0
        for kind, group in enumerate(wanted):
            if len(line.encode("utf-8", "surrogatepass")) <= group.max_bytes and any(p in lower for p in group.phrases):
                kinds |= 1 << kind
        if kinds:
            rows.append((number, kinds))
    return rows


def marked(wanted: list[Phrases], text: str) -> list[tuple[int, int]]:
    """Numbers and kinds of the marked lines, whose positions must be those of the lines."""
    lines = LineFinder(wanted).marked_lines(text)
    assert [text[line.start : line.end] for line in lines] == [text.split("\n")[line.number] for line in lines]
    assert all(line.start == len("\n".join(["", *text.split("\n")[: line.number]])) for line in lines)
    return [(line.number, line.kinds) for line in lines]


def test_lines_are_marked_by_kind_in_any_case_of_ascii_letters():
    wanted = [Phrases(("cookie", "版权")), Phrases(("okay",)), Phrases(("cookie",), 8)]
    assert marked(wanted, "none\nA COOKIE\n\nthe cookies of it\ncookokay 版权所有") == [
        (1, 0b101),
        (3, 0b1),
        (4, 0b11),
    ]


def test_a_phrase_does_not_match_across_a_newline():
    assert marked([Phrases(("ab",))], "a\nb\nab") == [(2, 1)]


def test_only_ascii_letters_are_folded():
    assert marked([Phrases(("é",))], "É\né") == [(1, 1)]


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n"])
def test_no_line_is_marked_without_text_or_phrases(text):
    assert marked([Phrases(("a",))], text) == []


WANTED = [Phrases(("a", "bab", "版权")), Phrases(("abb", "权a", "bb"), 6), Phrases(("babb",)), Phrases(("€版",), 8)]


@given(st.text(alphabet="aAbB版权€\udc80\n [", max_size=60))
def test_the_automaton_marks_the_same_lines_as_a_plain_search(text):
    assert marked(WANTED, text) == marked_slowly(text, WANTED)

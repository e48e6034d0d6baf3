from hypothesis import given
from hypothesis import strategies as st

from sluice.view import compare as module
from sluice.view.compare import compare


def marked(parts):
    return [text for text, is_different in parts if is_different]


def joined(parts):
    return "".join(text for text, _ in parts)


def test_a_removed_line_is_marked_in_the_longer_text_only():
    left, right = compare("one\nmenu\ntwo", "one\ntwo")
    assert (marked(left), marked(right)) == (["menu\n"], [])


def test_a_changed_word_is_marked_in_both_texts():
    left, right = compare("The bridge is old.\nIt stands.", "The bridge is new.\nIt stands.")
    assert (marked(left), marked(right)) == (["old"], ["new"])


def test_chinese_is_compared_by_characters_also_beside_latin_letters():
    left, right = compare("今天Async开发服务很好", "今天Asyn开发服务不好")
    assert (marked(left), marked(right)) == (["Async", "很"], ["Asyn", "不"])


def test_a_long_changed_passage_is_marked_as_a_whole(monkeypatch):
    monkeypatch.setattr(module, "MAX_TOKENS", 3)
    left, right = compare("a b c d", "a x c d")
    assert (left, right) == ([("a b c d", True)], [("a x c d", True)])


def test_texts_of_many_lines_are_not_compared(monkeypatch):
    monkeypatch.setattr(module, "MAX_LINES", 2)
    assert compare("a\nb\nc", "a\nb\nc") == ([("a\nb\nc", False)], [("a\nb\nc", False)])
    assert compare("a\nb\nc", "a")[0] == [("a\nb\nc", True)]


@given(st.text(alphabet="ab \n中é", max_size=30), st.text(alphabet="ab \n中é", max_size=30))
def test_parts_give_both_texts_again_and_equal_parts_are_equal(one, other):
    left, right = compare(one, other)
    assert (joined(left), joined(right)) == (one, other)
    same = ["".join(text for text, is_different in side if not is_different) for side in (left, right)]
    assert same[0] == same[1]
    assert (marked(left) + marked(right) == []) == (one == other)

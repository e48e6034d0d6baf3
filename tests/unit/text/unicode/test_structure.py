from hypothesis import given
from hypothesis import strategies as st

from sluice.text.unicode.encoded_text import EncodedText
from sluice.text.unicode.structure import is_mostly_code, prose, structure, without_code


def parts(text):
    found = structure(text)
    return [text[start:end] for start, end in found.code], [text[start:end] for start, end in found.tables]


def test_code_is_found_with_its_fences_and_tables_with_all_rows():
    text = "Before.\n\n```\na = b | c\n\nd | e\n```\n\nx | y\n1 |  | 2\n| 3\n\nAfter | all."
    assert parts(text) == (["```\na = b | c\n\nd | e\n```"], ["x | y\n1 |  | 2\n| 3"])
    assert prose(text).text == "Before.\n\nAfter | all."


def test_without_code_tables_and_text_are_left():
    assert without_code("Before.\n\n```\na | b\n```\n\nx | y\n1 | 2").text == "Before.\n\nx | y\n1 | 2"
    view = EncodedText("x | y\n1 | 2")
    assert without_code(view) is view


def test_a_fence_ends_with_at_least_as_many_backticks_and_may_name_a_language():
    assert parts("````python\n```\nx\n````\n```\ny\n`````") == (["````python\n```\nx\n````", "```\ny\n`````"], [])
    assert parts("```\nnever closed\n\nmore") == ([], [])
    assert parts("```a``` inline\n```") == ([], [])


def test_single_lines_with_bars_and_words_with_bars_are_text():
    assert parts("Home | About\n\nx|y\nz|w\n||\n") == ([], [])


def test_a_text_is_mostly_code_if_two_thirds_of_its_characters_are():
    code = "```\n" + "x" * 492 + "\n```"  # 500 characters with its fences
    assert is_mostly_code(f"{code}\n\n" + "a" * 248)
    assert not is_mostly_code(f"{code}\n\n" + "a" * 249)
    assert is_mostly_code(code) and not is_mostly_code(code.replace("x", "", 1))
    assert not is_mostly_code("") and not is_mostly_code("a | b\n" * 90)


def test_a_text_without_code_and_tables_keeps_its_view():
    view = EncodedText("One.\n\nTwo.")
    assert prose(view) is view and structure(view) == ((), ())
    assert prose("```\nx\n```").text == ""


LINES = st.sampled_from(["", "```", "````", "a", "b | c", "|", " | d", "```py", "e ```"])


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_spans_are_whole_lines_in_order_and_the_rest_is_prose(text):
    found = structure(text)
    spans = sorted((*found.code, *found.tables))
    end = -1
    for span in spans:
        assert end < span.start < span.end <= len(text)
        assert span.start == 0 or text[span.start - 1] == "\n"
        assert span.end == len(text) or text[span.end] == "\n"
        end = span.end
    ends, starts = [0, *(span.end for span in spans)], [*(span.start for span in spans), len(text)]
    left = "".join(text[begin:end] for begin, end in zip(ends, starts, strict=True))
    assert prose(text).text.replace("\n", "") == left.replace("\n", "")

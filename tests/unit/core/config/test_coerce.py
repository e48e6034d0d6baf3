"""Values that YAML reads as another type than their setting has."""

import pytest

from sluice.core.config.load import load_config
from sluice.core.errors import ConfigError


def written(folder, text):
    (folder / "a.yaml").write_text(text)
    return folder / "a.yaml"


def test_one_text_for_a_list_of_texts_is_a_list_of_one(tmp_path):
    config = load_config([written(tmp_path, "plan: {inputs: crawl/*.warc.gz}\nextract: {languages: zh}\n")])
    assert config.plan.inputs == ("crawl/*.warc.gz",) and config.extract.languages == ("zh",)
    assert load_config([], ["source.inputs=/data/x"]).source.inputs == ("/data/x",)
    assert load_config([], ["rules.presets=[clean]"]) == load_config([], ["rules.presets=clean"])


@pytest.mark.parametrize("text", ["1.0", "007", "1e3", "true", "0x10", "1_000"])
def test_a_number_for_a_setting_that_takes_text_is_the_text_as_written(text):
    assert load_config([], [f"output={text}"]).output == text
    assert load_config([], [f"publish.license= {text}"]).publish.license == text
    assert load_config([], ["publish.license=null"]).publish.license is None


def test_text_in_a_file_that_looks_like_a_number_is_an_error_that_asks_for_quotes(tmp_path):
    with pytest.raises(
        ConfigError, match=r"publish\.license: Expected `str \| null`, got `float`: put text that looks"
    ):
        load_config([written(tmp_path, "publish: {license: 1.0}")])

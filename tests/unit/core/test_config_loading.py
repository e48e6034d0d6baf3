import pytest

from sluice.core.config import Config
from sluice.core.errors import ConfigError
from sluice.core.load import differences, digest, dump, load_config, names, parse_setting, read_resolved


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_no_file_and_no_setting_give_the_defaults():
    assert load_config() == Config()


def test_a_later_file_wins_over_an_earlier_and_a_setting_over_both(tmp_path):
    first = write(tmp_path, "a.yaml", "name: first\nversion: 1.1.1\nextract: {min_chars: 11, max_loss: 0.1}\n")
    second = write(tmp_path, "b.yaml", "version: 2.2.2\nextract: {max_loss: 0.2, other_language_score: 0.2}\n")
    config = load_config([first, second], ["extract.other_language_score=0.3", "extract.other_language_score=0.4"])
    assert (config.name, config.version) == ("first", "2.2.2")
    assert (config.extract.min_chars, config.extract.max_loss, config.extract.other_language_score) == (11, 0.2, 0.4)


def test_the_order_of_the_files_matters(tmp_path):
    first, second = write(tmp_path, "a.yaml", "name: first"), write(tmp_path, "b.yaml", "name: second")
    assert load_config([second, first]).name == "first"


def test_lists_are_replaced_and_mappings_merged(tmp_path):
    first = write(tmp_path, "a.yaml", "plan: {inputs: [x, y, z]}\nextract: {min_language_score: {de: 0.9}}\n")
    config = load_config([first], ["plan.inputs=[w]", "extract.min_language_score.fr=0.8"])
    assert config.plan.inputs == ("w",)
    assert config.extract.min_language_score == {"de": 0.9, "fr": 0.8}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n"])
def test_an_empty_file_changes_nothing(tmp_path, text):
    assert load_config([write(tmp_path, "a.yaml", text)]) == Config()


@pytest.mark.parametrize(
    ("setting", "key", "nearest"),
    [
        ("extrct.max_loss=1", "extrct", "extract"),
        ("extract.max_los=1", "extract.max_los", "max_loss"),
        ("dedup.minhash.band=3", "dedup.minhash.band", "bands"),
        ("train.optim.schedule.knd=step", "train.optim.schedule.knd", "kind"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one_at_any_depth(setting, key, nearest):
    with pytest.raises(ConfigError) as e:
        load_config([], [setting])
    assert str(e.value) == f"The configuration has an unknown key '{key}'. Did you mean '{nearest}'?"


def test_an_unknown_key_like_no_other_gets_the_list_of_known_ones():
    with pytest.raises(ConfigError, match=r"unknown key 'log\.zzzz'. Known keys there: level, progress_s\."):
        load_config([], ["log.zzzz=1"])


@pytest.mark.parametrize(
    ("setting", "path", "problem"),
    [
        ("plan.batch_warcs=many", "plan.batch_warcs", "Expected `int`, got `str`"),
        ("plan.batch_warcs='4'", "plan.batch_warcs", "Expected `int`, got `str`"),
        ("plan.batch_warcs=true", "plan.batch_warcs", "Expected `int`, got `bool`"),
        ("plan.batch_warcs=1.5", "plan.batch_warcs", "Expected `int`, got `float`"),
        ("plan.batch_warcs=0", "plan.batch_warcs", "Expected `int` >= 1"),
        ("extract.max_loss=1.01", "extract.max_loss", "Expected `float` <= 1.0"),
        ("extract.max_loss=-0.01", "extract.max_loss", "Expected `float` >= 0.0"),
        ("extract.max_loss=.nan", "extract.max_loss", "Expected `float`"),
        ("extract.min_language_score={en: 3}", "extract.min_language_score", "Expected `float` <= 1.0"),
        ("extract.languages=[en, 3]", "extract.languages[1]", "Expected `str`, got `int`"),
        ("plan.inputs=one", "plan.inputs", "Expected `array`, got `str`"),
        ("plan=", "plan", "Expected `object`, got `null`"),
        ("tokenizer.kind=bpee", "tokenizer.kind", "'bpee'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(setting, path, problem):
    with pytest.raises(ConfigError) as e:
        load_config([], [setting])
    assert f"wrong at {path}" in str(e.value)
    assert problem in str(e.value)


@pytest.mark.parametrize("edge", ["extract.max_loss=0", "extract.max_loss=1", "extract.min_chars=0", "plan.crawl=0"])
def test_the_ends_of_a_range_are_allowed(edge):
    load_config([], [edge])


@pytest.mark.parametrize(
    ("setting", "tree"),
    [
        ("a=1", {"a": 1}),
        ("a.b.c=1.5", {"a": {"b": {"c": 1.5}}}),
        ("a.b=null", {"a": {"b": None}}),
        ("a.b=", {"a": {"b": None}}),
        ("a=[x, 2]", {"a": ["x", 2]}),
        ("a={b: 1}", {"a": {"b": 1}}),
        ("a='1'", {"a": "1"}),
        ("a=3e-4", {"a": 0.0003}),
        ("a=1E3", {"a": 1000.0}),
        ("a=2.5e+1", {"a": 25.0}),
        ("a=1e", {"a": "1e"}),
        ("a='1e3'", {"a": "1e3"}),
        ("a=x=y", {"a": "x=y"}),
        ("a=中文", {"a": "中文"}),
    ],
)
def test_a_setting_is_a_path_and_a_yaml_value(setting, tree):
    assert parse_setting(setting) == tree


@pytest.mark.parametrize("setting", ["", "a", "=1", ".=1", "a.=1", ".a=1", "a..b=1"])
def test_a_setting_without_path_or_value_is_refused_with_the_form(setting):
    with pytest.raises(ConfigError, match=r"not of the form section\.key=value") as e:
        parse_setting(setting)
    assert repr(setting) in str(e.value)


def test_a_setting_with_bad_yaml_is_refused_in_one_line():
    with pytest.raises(ConfigError, match=r"--set 'a=\[x' is not valid YAML") as e:
        parse_setting("a=[x")
    assert "\n" not in str(e.value)


def test_null_turns_a_choice_off():
    assert load_config([], ["extract.languages=null"]).extract.languages is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [a", "bad.yaml is not valid YAML"),
        ("name: a\n\tversion: b", "bad.yaml is not valid YAML"),
        ("name: \x00", "bad.yaml is not valid YAML"),
        ("- a\n- b", "bad.yaml holds a list"),
        ("just words", "bad.yaml holds a str"),
        (b"name: caf\xe9\n", "bad.yaml is not UTF-8 text at byte 9"),
        ("3: {x: 1}", "configuration is wrong"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_in_one_line(tmp_path, text, problem):
    with pytest.raises(ConfigError) as e:
        load_config([write(tmp_path, "bad.yaml", text)])
    assert problem in str(e.value)
    assert "\n" not in str(e.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        load_config([tmp_path / "none.yaml"])


def test_a_directory_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config([tmp_path])


def test_a_dumped_configuration_loads_to_the_same(tmp_path):
    config = load_config(
        [],
        [
            "name=语料",
            "plan.inputs=[a b, 'c: d', '1']",
            "extract.languages=null",
            "extract.min_language_score={de: 0.25}",
            "shards.count=3",
            "train.optim.lr=3e-4",
            "version='1e5'",
        ],
    )
    assert config.plan.inputs == ("a b", "c: d", "1")
    path = write(tmp_path, "config.resolved.yaml", dump(config))
    assert load_config([path]) == config
    assert config.train.optim.lr == 0.0003
    assert config.version == "1e5"
    assert read_resolved(path)["name"] == "语料"


def test_a_dump_writes_every_default_out():
    text = dump(Config())
    for key in ("batch_warcs: 512", "lid_model: null", "progress_s: 10", "presets:"):
        assert key in text


def test_the_digest_does_not_depend_on_the_order_of_keys():
    one = load_config([], ["extract.min_language_score={en: 0.5, zh: 0.25}"])
    two = load_config([], ["extract.min_language_score={zh: 0.25, en: 0.5}"])
    assert digest({"a": one.extract, "b": {"x": 1, "y": 2}}) == digest({"b": {"y": 2, "x": 1}, "a": two.extract})


def test_the_digest_is_the_sha256_of_sorted_json():
    # printf '{"a":{"x":1,"y":[1,2]},"b":"z"}' | sha256sum
    assert (
        digest({"b": "z", "a": {"y": [1, 2], "x": 1}})
        == "0ed4b5a78eec976a7a4f1ac980c1027081d69534228d8da9cf36d1a20185ad3e"
    )


def test_the_digest_changes_with_any_value_and_any_name():
    base = digest({"a": {"x": 1}})
    assert base not in (digest({"a": {"x": 2}}), digest({"b": {"x": 1}}), digest({"a": {"y": 1}}), digest({}))


def test_differences_name_each_leaf_with_both_values():
    old = {"a": {"b": 1, "c": [1]}, "d": "x", "gone": 1}
    new = {"a": {"b": 2, "c": [1]}, "d": "x", "new": None}
    assert differences(old, new) == ["a.b: 1 -> 2", "gone: 1 -> None"]
    assert differences(old, old) == []


def test_a_long_difference_is_shortened():
    (line,) = differences({"a": "x" * 500}, {"a": "y"})
    assert line.startswith("a: 'xxx") and line.endswith("... -> 'y'") and len(line) < 100


@pytest.mark.parametrize(
    ("values", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_are_listed_as_people_do(values, text):
    assert names(values) == text

import pytest

from sluice.core.config import renamed
from sluice.core.config.keys import known_paths
from sluice.core.config.load import differences, digest, dump, load_config, names, parse_setting
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_no_file_and_no_setting_give_the_defaults():
    assert load_config() == Config()


def test_later_files_override_earlier_ones_and_settings_override_files(tmp_path):
    first = write(
        tmp_path, "a.yaml", "name: first\nversion: 1.1.1\nextract: {min_chars: 11, max_unreadable_share: 0.1}\n"
    )
    second = write(
        tmp_path, "b.yaml", "version: 2.2.2\nextract: {max_unreadable_share: 0.2, other_language_score: 0.2}\n"
    )
    config = load_config([first, second], ["extract.other_language_score=0.3", "extract.other_language_score=0.4"])
    assert (config.name, config.version) == ("first", "2.2.2")
    assert (config.extract.min_chars, config.extract.max_unreadable_share, config.extract.other_language_score) == (
        11,
        0.2,
        0.4,
    )


def test_files_override_each_other_in_their_order(tmp_path):
    first, second = write(tmp_path, "a.yaml", "name: first"), write(tmp_path, "b.yaml", "name: second")
    assert load_config([second, first]).name == "first"


def test_the_root_seed_is_added_to_every_seed_that_is_not_set(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("seed: 40\ntokenizer: {seed: 7}\n")
    config = load_config([file], ["shards.seed=0"])
    assert (config.dedup.minhash.seed, config.split_check.seed, config.train.run.seed) == (41, 42, 41)
    assert (config.tokenizer.seed, config.shards.seed, config.source.id_seed) == (7, 0, 0)
    assert load_config([], ["seed=0"]) == Config()
    again = tmp_path / "resolved.yaml"
    again.write_text(dump(config))
    assert load_config([again]) == config


def test_lists_are_replaced_and_mappings_merged(tmp_path):
    first = write(tmp_path, "a.yaml", "plan: {inputs: [x, y, z]}\nextract: {min_language_score: {de: 0.9}}\n")
    config = load_config([first], ["plan.inputs=[w]", "extract.min_language_score.fr=0.8"])
    assert config.plan.inputs == ("w",)
    assert config.extract.min_language_score == {"de": 0.9, "fr": 0.8}


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n"])
def test_an_empty_file_changes_nothing(tmp_path, text):
    assert load_config([write(tmp_path, "a.yaml", text)]) == Config()


@pytest.mark.parametrize(
    ("setting", "key", "meant"),
    [
        # a typing error at any depth, in any part of the path
        ("extrct.max_unreadable_share=1", "extrct.max_unreadable_share", "'extract.max_unreadable_share'"),
        ("extract.max_unreadable_shar=1", "extract.max_unreadable_shar", "'extract.max_unreadable_share'"),
        ("dedup.minhash.band=3", "dedup.minhash.band", "'dedup.minhash.bands'"),
        ("train.optim.schedule.knd=step", "train.optim.schedule.knd", "'train.optim.schedule.kind'"),
        ("extract.Max_Unreadable_Share=1", "extract.Max_Unreadable_Share", "'extract.max_unreadable_share'"),
        ("spork={}", "spork", "'spark'"),
        # a missing section
        ("pii.mobile=null", "pii.mobile", "'extract.pii.mobile'"),
        ("pii={mobile: null, card: null}", "pii", "'extract.pii'"),
        ("train.lr=0.1", "train.lr", "'train.optim.lr'"),
        ("lr=0.1", "lr", "'train.optim.lr', 'classifier.lr' or 'train_quality.lr'"),
        # the wrong section
        ("train.data.lr=0.1", "train.data.lr", "'train.optim.lr'"),
        ("plan.languages=[zh]", "plan.languages", "'plan.selection.languages'"),
        (
            "spark.vocab_size=3",
            "spark.vocab_size",
            "'tokenizer.vocab_size', 'classifier.vocab_size' or 'ablate.vocab_size'",
        ),
        ("extract.pii.mobile_=1", "extract.pii.mobile_", "'extract.pii.mobile'"),
    ],
)
def test_an_unknown_key_is_an_error_that_suggests_a_similar_path(setting, key, meant):
    with pytest.raises(ConfigError) as e:
        load_config([], [setting])
    assert str(e.value) == f"The configuration has an unknown key '{key}'. Did you mean {meant}?"


@pytest.mark.parametrize(
    ("setting", "known"),
    [
        ("log.zzzz=1", r"'log\.zzzz'\. Known keys in log: level, progress_s\."),
        ("log.a.b.c=1", r"'log\.a\.b\.c'\. Known keys in log: level, progress_s\."),
        ("zzzz=1", r"'zzzz'\. Known keys at the top level: name, version, output, seed, plan, "),
    ],
)
def test_an_unknown_key_without_a_similar_path_lists_the_known_keys(setting, known):
    with pytest.raises(ConfigError, match=f"unknown key {known}"):
        load_config([], [setting])


def test_an_unknown_key_whose_value_contains_itself_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown key 'zzzz\.b\.b"):
        load_config([write(tmp_path, "a.yaml", "zzzz: &again {b: *again}")])


def test_a_value_of_the_wrong_type_is_not_reported_as_an_unknown_key():
    with pytest.raises(ConfigError, match=r"Invalid configuration at extract: Expected `object`, got `int`"):
        load_config([], ["extract=3"])


def test_a_renamed_key_is_an_error_with_the_new_name(monkeypatch):
    monkeypatch.setattr(renamed, "RENAMED_KEYS", {"train.data.lines": "train.data.batch_size"})
    with pytest.raises(ConfigError) as e:
        load_config([], ["train.data.lines=3"])
    assert str(e.value) == "train.data.lines is now train.data.batch_size. Write the new name."


def test_a_renamed_section_gives_new_names_of_its_settings_and_the_longest_entry_wins(monkeypatch):
    monkeypatch.setattr(renamed, "RENAMED_KEYS", {"input": "source", "input.loss": "source.max_unreadable_share"})
    for setting, message in (
        ("input.id=x", "input.id is now source.id."),
        ("input.loss=0", "input.loss is now source.max_unreadable_share."),
        ("input={id: x, text: y}", "input is now source."),
    ):
        with pytest.raises(ConfigError) as e:
            load_config([], [setting])
        assert str(e.value) == f"{message} Write the new name."


def test_an_old_name_that_is_a_setting_again_is_accepted(monkeypatch):
    monkeypatch.setattr(renamed, "RENAMED_KEYS", {"name": "output"})
    assert load_config([], ["name=x"]).name == "x"


def test_renamed_keys_exist_by_their_new_names_only():
    known = set(known_paths())
    assert set(renamed.RENAMED_KEYS.values()) <= known
    assert not set(renamed.RENAMED_KEYS) & known


@pytest.mark.parametrize(
    ("text", "key", "line", "first"),
    [
        ("name: a\nname: b\n", "name", "line 2, column 1", 1),
        ("name: a\nname: a\n", "name", "line 2, column 1", 1),
        (
            "extract:\n  max_unreadable_share: 0.1\n  min_chars: 5\n  max_unreadable_share: 0.2\n",
            "max_unreadable_share",
            "line 4, column 3",
            2,
        ),
        ("extract: {min_chars: 5, min_chars: 6}\n", "min_chars", "line 1, column 25", 1),
        ("train: {}\nname: a\n'train': {}\n", "train", "line 3, column 1", 1),
        ("extract:\n  min_language_score: {en: 0.1, zh: 0.2, en: 0.3}\n", "en", "line 2, column 42", 2),
    ],
)
def test_a_duplicate_key_in_a_file_is_an_error_with_file_line_and_key(tmp_path, text, key, line, first):
    path = write(tmp_path, "a.yaml", text)
    with pytest.raises(ConfigError) as e:
        load_config([path])
    assert (
        str(e.value)
        == f"{path} is not valid YAML at {line}: the key '{key}' occurs twice; it was first set in line {first}."
    )


def test_a_duplicate_key_in_a_setting_is_an_error():
    with pytest.raises(ConfigError, match=r"--set 'a=\{b: 1, b: 2\}' is not valid YAML.*the key 'b' occurs twice"):
        parse_setting("a={b: 1, b: 2}")


def test_a_key_may_occur_in_two_mappings_and_in_a_merged_one(tmp_path):
    text = "train:\n  model: &m {dropout: &d {input: 0.1}}\n  data: {batch_size: 7}\nspark: {partitions: 3}\n"
    assert load_config([write(tmp_path, "a.yaml", text)]).train.data.batch_size == 7
    text = "extract:\n  pii: {<<: {email: x, card: y}, email: z}\n"
    pii = load_config([write(tmp_path, "b.yaml", text)]).extract.pii
    assert (pii.email, pii.card) == ("z", "y")


@pytest.mark.parametrize(
    ("setting", "path", "problem"),
    [
        ("plan.batch_warcs=many", "plan.batch_warcs", "Expected `int`, got `str`"),
        ("plan.batch_warcs='4'", "plan.batch_warcs", "Expected `int`, got `str`"),
        ("plan.batch_warcs=true", "plan.batch_warcs", "Expected `int`, got `bool`"),
        ("plan.batch_warcs=1.5", "plan.batch_warcs", "Expected `int`, got `float`"),
        ("plan.batch_warcs=0", "plan.batch_warcs", "Expected `int` >= 1"),
        ("extract.max_unreadable_share=1.01", "extract.max_unreadable_share", "Expected `float` <= 1.0"),
        ("extract.max_unreadable_share=-0.01", "extract.max_unreadable_share", "Expected `float` >= 0.0"),
        ("extract.max_unreadable_share=.nan", "extract.max_unreadable_share", "Expected `float`"),
        ("extract.min_language_score={en: 3}", "extract.min_language_score", "Expected `float` <= 1.0"),
        ("extract.languages=[en, 3]", "extract.languages[1]", "Expected `str`, got `int`: put text that looks like"),
        ("extract.languages='en,zh'", "extract.languages", "write a list in brackets, such as [a, b]"),
        ("plan.inputs=''", "plan.inputs", "Expected `array`, got `str`"),
        ("plan.inputs=3", "plan.inputs", "Expected `array`, got `int`"),
        ("ablate.lstm.enabled=no", "ablate.lstm.enabled", "Expected `bool`, got `str`: write true or false"),
        ("plan=", "plan", "Expected `object`, got `null`"),
        ("tokenizer.kind=bpee", "tokenizer.kind", "'bpee'"),
    ],
)
def test_an_invalid_value_is_an_error_with_its_path(setting, path, problem):
    with pytest.raises(ConfigError) as e:
        load_config([], [setting])
    assert f"Invalid configuration at {path}" in str(e.value)
    assert problem in str(e.value)


@pytest.mark.parametrize(
    "edge", ["extract.max_unreadable_share=0", "extract.max_unreadable_share=1", "extract.min_chars=0", "plan.crawl=0"]
)
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
def test_a_setting_without_path_or_value_is_an_error_with_the_expected_form(setting):
    with pytest.raises(ConfigError, match=r"not of the form section\.key=value") as e:
        parse_setting(setting)
    assert repr(setting) in str(e.value)


def test_a_setting_with_invalid_yaml_is_an_error_of_one_line():
    with pytest.raises(ConfigError, match=r"--set 'a=\[x' is not valid YAML") as e:
        parse_setting("a=[x")
    assert "\n" not in str(e.value)


def test_null_disables_an_optional_setting():
    assert load_config([], ["extract.languages=null"]).extract.languages is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [a", "bad.yaml is not valid YAML at line 1, column 9: while parsing a flow sequence, expected ','"),
        ("name: a\n\tversion: b", "bad.yaml is not valid YAML at line 2, column 1: while scanning for the next token"),
        ("name: *other", "bad.yaml is not valid YAML at line 1, column 7: found undefined alias 'other'."),
        ("name: !!python/name:os.system x", "bad.yaml is not valid YAML at line 1, column 7: could not determine"),
        ("name: \x00", "bad.yaml is not valid YAML: unacceptable character"),
        ("name: !!int three", "bad.yaml is not valid YAML: invalid literal for int()"),
        ("name: " + "[" * 5000, "bad.yaml is not valid YAML: maximum recursion depth exceeded"),
        ("- a\n- b", "bad.yaml contains a list"),
        ("just words", "bad.yaml contains a str"),
        (b"name: caf\xe9\n", "bad.yaml is not UTF-8 text at byte 9"),
        ("3: {x: 1}", "Invalid configuration"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_an_error_of_one_line(tmp_path, text, problem):
    with pytest.raises(ConfigError) as e:
        load_config([write(tmp_path, "bad.yaml", text)])
    assert problem in str(e.value)
    assert "\n" not in str(e.value)


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: No such file"):
        load_config([tmp_path / "none.yaml"])


def test_a_directory_as_a_configuration_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config([tmp_path])


def test_a_dumped_configuration_loads_to_an_equal_one(tmp_path):
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
    assert "name: 语料\n" in path.read_text(encoding="utf-8")


def test_a_dump_contains_every_default():
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


def test_the_digest_changes_with_every_value_and_key():
    base = digest({"a": {"x": 1}})
    assert base not in (digest({"a": {"x": 2}}), digest({"b": {"x": 1}}), digest({"a": {"y": 1}}), digest({}))


def test_differences_list_each_changed_setting_with_both_values():
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
def test_names_are_joined_with_commas_and_a_final_and(values, text):
    assert names(values) == text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("extract.languages=[en, no, sv]", ("en", "no", "sv")),
        ("source.id=on", "on"),
        ("output=2024-01-01", "2024-01-01"),
        ("extract.min_language_score={no: 0.6}", {"no": 0.6}),
        ("ablate.lstm.enabled=True", True),
        ("ablate.lstm.enabled=false", False),
    ],
)
def test_only_true_and_false_are_booleans_and_dates_are_text(setting, value):
    found = load_config([], [setting])
    for name in setting.partition("=")[0].split("."):
        found = getattr(found, name)
    assert found == value


def test_a_boolean_in_other_words_is_an_error_that_names_the_setting():
    with pytest.raises(ConfigError, match=r"ablate\.lstm\.enabled: Expected `bool`, got `str`"):
        load_config([], ["ablate.lstm.enabled=yes"])

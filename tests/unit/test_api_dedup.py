"""`sluice.dedup` of tables of every kind."""

import pandas as pd
import pyarrow as pa
import pytest

import sluice
from sluice.core.errors import ConfigError, InputError
from sluice.core.ledger import Ledger
from tests.helpers.duplicated_rows import EXPECTED, ROWS

TABLE = [{"id": row["id"], "text": row["text"], "lang": row.get("lang")} for row in ROWS]
KEPT = ["en-longer", "zh-longer", "other", "short"]


@pytest.mark.parametrize("kind", [list, pa.Table, pd.DataFrame])
def test_a_table_of_any_kind_loses_its_duplicates_and_stays_of_its_kind(kind):
    make = {
        list: list,
        pa.Table: pa.Table.from_pylist,
        pd.DataFrame: lambda rows: pd.DataFrame(rows).set_index(pd.Index("abcdefghijk"[i] for i in range(11))),
    }
    table = make[kind](TABLE)
    found = sluice.dedup(table)
    assert isinstance(found.kept, kind)
    rows = {list: lambda t: t, pa.Table: pa.Table.to_pylist, pd.DataFrame: lambda t: t.to_dict("records")}[kind](
        found.kept
    )
    assert [row["id"] for row in rows] == KEPT
    if kind is pd.DataFrame:
        assert list(found.kept.index) == ["c", "f", "g", "h"]
    assert {(row["id"], row["step"], row["duplicate_of"]) for row in found.removals.to_pylist()} == EXPECTED
    assert found.ledger == Ledger("documents", 11, 4, {"empty": 1, "exact": 3, "near": 2, "null_text": 1})


@pytest.mark.parametrize("mark", ["\u200b", "\u00ad", "\ufeff", "\U000e0041"])
def test_of_two_texts_that_look_alike_the_one_without_invisible_characters_stays(mark):
    texts = [
        f"今天天{mark}气很好，我们去{mark}公园散步。",
        "今天天气很好，我们去公园散步。",
        "今天天气很好，我们去公园散步。。",
    ]
    rows = [{"id": number, "text": text} for number, text in enumerate(texts)]
    assert sluice.dedup(rows[:2]).kept == rows[1:2]
    assert sluice.dedup(rows).kept[0] != rows[0]


def test_arguments_name_columns_and_settings():
    rows = [
        {"k": 1, "b": "A text of more than five words, to be compared."},
        {"k": 2, "b": "A text of more than five words, to be COMPARED."},
    ]
    scored = [row | {"q": i * 1.0} for i, row in enumerate(rows)]
    assert sluice.dedup(rows, id="k", text="b").kept == rows[:1]
    assert sluice.dedup(scored, id="k", text="b", quality="q").kept == scored[1:]
    with pytest.raises(InputError, match=r"dedup: text='text', but the columns of the table are \['k', 'b'\]"):
        sluice.dedup(rows, id="k")
    with pytest.raises(InputError, match=r"'1' \(2 times: row 0 and row 1\)"):
        sluice.dedup([rows[0], rows[0]], id="k", text="b")
    with pytest.raises(ConfigError, match=r"dedup\.threshhold"):
        sluice.dedup(rows, id="k", text="b", settings={"dedup.threshhold": 0.7})
    with pytest.raises(ConfigError, match="need Spark"):
        sluice.dedup(rows, id="k", text="b", settings={"dedup.urls": "best"})
    with pytest.raises(InputError, match="a dict is not a pandas DataFrame, an Arrow table or a list"):
        sluice.dedup({"id": [1]})


def test_rows_that_cannot_be_read_are_named():
    rows = [*TABLE, {"id": None, "text": "a row without id", "lang": None}]
    found = sluice.dedup(rows, settings={"source.max_unreadable_share": 0.1})
    assert found.unreadable.to_pylist() == [{"place": "the table, row 11", "problem": "'id' is null"}]
    assert found.ledger.dropped["unreadable"] == 1

import pytest

from sluice.core.errors import StageError
from sluice.core.ledger import Ledger, require_handover


def test_counts_that_balance_are_returned():
    ledger = Ledger("records", 10, 7, {"too_short": 2, "language": 1})
    assert ledger.check("extract") is ledger


@pytest.mark.parametrize(("total_in", "total_out"), [(11, 7), (9, 7), (10, 8)])
def test_unbalanced_counts_are_an_error_with_both_sides(total_in, total_out):
    with pytest.raises(StageError) as e:
        Ledger("records", total_in, total_out, {"too_short": 2, "language": 1}).check("extract")
    message = str(e.value)
    assert f"'extract' do not balance: {total_in} records came in, but {total_out} went out and 3 were" in message
    assert "'too_short': 2" in message


def test_an_empty_stage_balances():
    Ledger("documents", 0, 0).check("filter")


def test_ledgers_of_parts_add_up():
    a = Ledger("tokens", 10, 6, {"tail": 3, "empty": 1})
    b = Ledger("tokens", 20, 18, {"tail": 2})
    total = a + b
    assert (total.unit, total.total_in, total.total_out, dict(total.dropped)) == (
        "tokens",
        30,
        24,
        {"tail": 5, "empty": 1},
    )
    assert dict(a.dropped) == {"tail": 3, "empty": 1}


def test_ledgers_of_different_units_do_not_add():
    with pytest.raises(ValueError, match="tokens to one of bytes"):
        Ledger("bytes", 1, 1) + Ledger("tokens", 1, 1)


def test_plain_values_have_sorted_reasons_without_zeros_and_load_back():
    plain = Ledger("records", 6, 1, {"z": 2, "a": 3, "never": 0}).to_dict()
    assert plain == {"unit": "records", "in": 6, "out": 1, "dropped": {"a": 3, "z": 2}}
    assert list(plain["dropped"]) == ["a", "z"]
    assert Ledger.from_dict(plain) == Ledger("records", 6, 1, {"a": 3, "z": 2})


def test_equal_counts_of_two_stages_pass_the_handover():
    require_handover(Ledger("records", 9, 5, {"x": 4}), Ledger("documents", 5, 5), ("extract", "filter"))


def test_a_row_lost_between_two_stages_is_an_error_with_both_names():
    with pytest.raises(StageError) as e:
        require_handover(Ledger("records", 9, 5, {"x": 4}), Ledger("documents", 4, 4), ("extract", "filter"))
    assert str(e.value).startswith("Stage 'filter' read 4 documents, but stage 'extract' wrote 5.")

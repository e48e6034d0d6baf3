"""Extraction fails above the allowed loss."""

from collections import Counter

import pytest

from sluice.core.config.schema import Config
from sluice.core.errors import InputError, StageError
from sluice.spark.stages.extract import _check_extract, _is_unread
from sluice.text.pages.archive import WarcAccount


def test_missing_records_of_the_index_count_as_loss_regardless_of_size():
    fine = WarcAccount(bytes=1000, records=100, html=100, documents=100, wanted=100, missing=1)
    _check_extract(Config(), fine, 1, 0)
    with pytest.raises(
        StageError,
        match=r"2 of the 100 records of the index could not be read .* plan.index and plan.inputs match",
    ):
        _check_extract(Config(), fine + WarcAccount(missing=1), 1, 0)


def test_unreachable_archives_count_although_their_length_is_unknown():
    account = WarcAccount(bytes=1000, records=10, html=10, documents=10)
    _check_extract(Config(), account, 100, 1)
    with pytest.raises(StageError, match="2 of 100 archives could not be read at all"):
        _check_extract(Config(), account, 100, 2)
    assert _is_unread(vars(WarcAccount(quarantined=Counter(unreadable=1))))
    assert not _is_unread(vars(WarcAccount(bytes=9, quarantined=Counter(unreadable=1))))
    assert not _is_unread(vars(WarcAccount(quarantined=Counter(empty_file=1))))


def test_an_extraction_without_html_is_an_error():
    with pytest.raises(InputError, match="3 archives with 7 records contain no HTML"):
        _check_extract(Config(), WarcAccount(records=7), 3, 0)

import functools

import pytest

from tests.helpers.block_lists import write_list


@pytest.fixture
def make_list(tmp_path):
    """`write_list` in the folder of the test."""
    return functools.partial(write_list, tmp_path)

"""Runs TensorFlow on the CPU with few messages, and provides a small dataset for all tests here."""

import importlib.util
import os

import pytest

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

if importlib.util.find_spec("tensorflow") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three training shards of different sizes with L = 16, so that T may be 1, 2, 4, 8 or 16."""
    from tests.helpers.tiny_runs import random_documents, write_dataset

    shards = [random_documents(1, 40, 50), random_documents(2, 25, 50), random_documents(3, 15, 50)]
    splits = {"train": shards, "valid": [random_documents(4, 5, 33)], "test": [random_documents(5, 4, 29)]}
    return write_dataset(tmp_path_factory.mktemp("data") / "tiny", splits, seq_len=16)

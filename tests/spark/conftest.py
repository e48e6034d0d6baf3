"""Tests of the Spark layer."""

import pytest

pytest.importorskip("pyspark")

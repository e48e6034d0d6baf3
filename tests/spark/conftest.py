"""A Spark session for all tests of this folder, started when the first test needs it."""

import pytest

pytest.importorskip("pyspark")

from sluice.core.config.schema import SparkConfig
from sluice.spark.engine.session import open_session


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    warehouse = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv(
            "PYSPARK_SUBMIT_ARGS",
            "--master local[2] --conf spark.ui.enabled=false "
            "--conf spark.sql.execution.arrow.pyspark.validateSchema.enabled=true "
            f"--conf spark.sql.warehouse.dir={warehouse} --driver-memory 1g pyspark-shell",
        )
        with open_session(SparkConfig(partitions=2), "tests") as session:
            yield session

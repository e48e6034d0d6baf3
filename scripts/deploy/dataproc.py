"""Dataproc: a batch of Google's serverless Spark, as the body of a REST request."""

import json
from typing import Any

from scripts.deploy.deployment import Deployment, comment

RUNTIME = "2.3"


def batch(deployment: Deployment) -> dict[str, Any]:
    """The body of batches.create. Settings are given by --set only.

    Google advises against arguments such as --conf, which are also options of spark-submit.
    """
    properties = {
        "spark.driver.cores": "4",
        "spark.driver.memory": f"{deployment.driver_memory_gib}g",
        "spark.executor.cores": str(deployment.executor_cores),
        "spark.executor.memory": f"{deployment.executor_memory_gib}g",
        "spark.executor.memoryOverhead": f"{deployment.executor_total_gib - deployment.executor_memory_gib}g",
        "spark.executor.instances": str(deployment.executors),
        "spark.dynamicAllocation.maxExecutors": str(deployment.executors),
    }
    settings = ["--set", "plan.crawl=202442", "--set", "tokenizer.vocab_size=32000"]
    return {
        "pysparkBatch": {
            "mainPythonFileUri": f"gs://{deployment.bucket}/sluice/jobs/pipeline.py",
            "args": [*deployment.settings("gs"), *settings],
        },
        "runtimeConfig": {
            "version": RUNTIME,
            "containerImage": f"{deployment.image}-dataproc",
            "properties": properties,
        },
        "environmentConfig": {"executionConfig": {"ttl": "172800s"}},
        "labels": {"application": "sluice"},
    }


def submit(deployment: Deployment) -> str:
    """The script that uploads the job and creates the batch."""
    return (
        "#!/usr/bin/env bash\n"
        + comment("Run it in the checkout. PROJECT and REGION are yours; the image must be in Artifact Registry.")
        + f"""set -euo pipefail
here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
: "${{PROJECT:?set it to the project}}" "${{REGION:?set it to the region}}"
gcloud storage cp jobs/pipeline.py gs://{deployment.bucket}/sluice/jobs/pipeline.py
exec curl --fail-with-body --request POST --data "@$here/batch.json" \\
  --header "Authorization: Bearer $(gcloud auth print-access-token)" --header "Content-Type: application/json" \\
  "https://dataproc.googleapis.com/v1/projects/$PROJECT/locations/$REGION/batches?batchId=sluice-$(date +%s)"
"""
    )


def files(deployment: Deployment) -> dict[str, str]:
    """Content by path of the generated files."""
    return {
        "dataproc/batch.json": json.dumps(batch(deployment), indent=2) + "\n",
        "dataproc/submit.sh": submit(deployment),
    }

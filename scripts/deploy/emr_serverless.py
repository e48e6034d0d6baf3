"""EMR Serverless: an application and a job run, as input of the AWS command line."""

import json
from dataclasses import dataclass
from typing import Any

from scripts.deploy.deployment import Deployment, comment

RELEASE = "emr-7.8.0"
ACCOUNT = "123456789012"
PYTHON = "./environment/bin/python"
VCPU_HOUR, GB_HOUR = 0.052624, 0.0057785
"""Dollars per vCPU-hour and GB-hour of EMR Serverless on x86 in us-east-1. Check the current list."""


@dataclass(frozen=True)
class Estimate:
    """The estimate of `sluice run plan` for the extraction: hours of one core."""

    core_hours: float

    def dollars(self, deployment: Deployment) -> float:
        """The price on EMR Serverless; each core brings its share of the executor's memory."""
        return self.core_hours * (VCPU_HOUR + GB_HOUR * deployment.executor_total_gib / deployment.executor_cores)


def application(deployment: Deployment) -> dict[str, Any]:
    """Parameters of create-application. The maximum is what the job's driver and executors need."""
    cores = deployment.driver_cores + deployment.executors * deployment.executor_cores
    memory = 2 * deployment.driver_memory_gib + deployment.executors * deployment.executor_total_gib
    return {
        "name": "sluice",
        "releaseLabel": RELEASE,
        "type": "SPARK",
        "architecture": "X86_64",
        "maximumCapacity": {"cpu": f"{cores} vCPU", "memory": f"{memory} GB"},
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
    }


def job_run(deployment: Deployment, estimate: Estimate | None = None) -> dict[str, Any]:
    """Parameters of start-job-run, without the application's id. An estimate becomes tags of the run."""
    settings = {
        "spark.archives": f"s3://{deployment.bucket}/sluice/env.tar.gz#environment",
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": PYTHON,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": PYTHON,
        "spark.executorEnv.PYSPARK_PYTHON": PYTHON,
        "spark.driver.cores": deployment.driver_cores,
        "spark.driver.memory": f"{deployment.driver_memory_gib}g",
        "spark.executor.cores": deployment.executor_cores,
        "spark.executor.memory": f"{deployment.executor_memory_gib}g",
        "spark.executor.memoryOverhead": f"{deployment.executor_total_gib - deployment.executor_memory_gib}g",
        "spark.executor.instances": deployment.executors,
        "spark.dynamicAllocation.maxExecutors": deployment.executors,
    }
    parameters: dict[str, Any] = {
        "name": "sluice",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/sluice-emr-serverless",
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": f"s3://{deployment.bucket}/sluice/jobs/pipeline.py",
                "entryPointArguments": deployment.arguments(),
                "sparkSubmitParameters": " ".join(f"--conf {name}={value}" for name, value in settings.items()),
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {
                "s3MonitoringConfiguration": {"logUri": f"s3://{deployment.bucket}/sluice/logs/"}
            }
        },
        "retryPolicy": {"maxAttempts": 3},
        "executionTimeoutMinutes": 2880,
        "tags": {"application": "sluice"},
    }
    if estimate:
        parameters["tags"] |= {
            "estimated-core-hours": f"{estimate.core_hours:.2f}",
            "estimated-dollars": f"{estimate.dollars(deployment):.2f}",
        }
    return parameters


def submit(deployment: Deployment) -> str:
    """The script that uploads the environment, configuration and job, then starts a run."""
    root = f"s3://{deployment.bucket}/sluice"
    return (
        "#!/usr/bin/env bash\n"
        + comment("Run it in the checkout. APPLICATION_ID is what create-application printed; ROLE may be set too.")
        + f"""set -euo pipefail
here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
: "${{APPLICATION_ID:?run: aws emr-serverless create-application --cli-input-json file://$here/application.json}}"
[ -f env.tar.gz ] || scripts/pack_env.sh env.tar.gz
aws s3 cp env.tar.gz {root}/env.tar.gz
aws s3 cp conf/cluster.yaml {root}/cluster.yaml
aws s3 cp jobs/pipeline.py {root}/jobs/pipeline.py
role=()
[ -z "${{ROLE:-}}" ] || role=(--execution-role-arn "$ROLE")
exec aws emr-serverless start-job-run --application-id "$APPLICATION_ID" \\
  --cli-input-json "file://$here/job-run.json" "${{role[@]}}"
"""
    )


def files(deployment: Deployment, estimate: Estimate | None = None) -> dict[str, str]:
    """Content by path of the generated files. JSON has no comments: submit.sh has the header."""
    return {
        "emr-serverless/application.json": json.dumps(application(deployment), indent=2) + "\n",
        "emr-serverless/job-run.json": json.dumps(job_run(deployment, estimate), indent=2) + "\n",
        "emr-serverless/submit.sh": submit(deployment),
    }

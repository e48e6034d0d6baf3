"""Checks generated templates against the schemas of the platforms. Run by the Python of an environment that has them.

    PYTHON -m tests.helpers.check_templates KIND FILE     # prints one line per problem

`kubernetes`, `spark`, `dataproc` and `databricks` need scripts/deploytest.lock; `emr-serverless` needs
scripts/s3test.lock and the port of a moto server as third argument.
"""

import json
import sys
from pathlib import Path

import yaml

KUBERNETES = "1.33"


def kubernetes(text):
    """Kubernetes' OpenAPI schema, strict: unknown keys are problems."""
    import kubernetes_validate

    for document in yaml.safe_load_all(text):
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as e:
            yield f"{'.'.join(map(str, e.path))}: {e.message}"


def spark(text):
    """The models of the Spark operator's client. They drop unknown keys, so what comes back must be what was given."""
    from kubeflow_spark_api.models import SparkV1beta2SparkApplication

    document = yaml.safe_load(text)
    returned = json.loads(SparkV1beta2SparkApplication.from_dict(document).to_json())
    yield from lost(document, returned)


def lost(given, returned, path=""):
    """Yields the paths of the values in `given` that are not equal in `returned`."""
    if isinstance(given, dict) and isinstance(returned, dict):
        for key, value in given.items():
            yield from lost(value, returned.get(key), f"{path}.{key}")
    elif isinstance(given, list) and isinstance(returned, list) and len(given) == len(returned):
        for index, (value, other) in enumerate(zip(given, returned, strict=True)):
            yield from lost(value, other, f"{path}[{index}]")
    elif given != returned:
        yield f"{path}: {given!r} comes back as {returned!r}"


def dataproc(text):
    """Google's message definitions; unknown keys and wrong types are problems."""
    from google.cloud import dataproc_v1
    from google.protobuf import json_format

    try:
        json_format.Parse(text, dataproc_v1.Batch.pb(dataproc_v1.Batch()))
    except json_format.ParseError as e:
        yield str(e)


def databricks(text):
    """Databricks' classes for jobs, which refuse unknown keys. Targets and artifacts are not checked."""
    from databricks.bundles.jobs import Job

    for job in yaml.safe_load(text)["resources"]["jobs"].values():
        try:
            yield from lost(job, Job.from_dict(job).as_dict())
        except ValueError as e:
            yield str(e)


def emr_serverless(text, port):
    """botocore's service model and moto: the application is created and the run started on a local server."""
    import boto3
    from botocore.exceptions import ParamValidationError

    keys = {"region_name": "us-east-1", "aws_access_key_id": "k", "aws_secret_access_key": "s"}
    client = boto3.client("emr-serverless", endpoint_url=f"http://127.0.0.1:{port}", **keys)
    parameters = json.loads(text)
    try:
        if "jobDriver" not in parameters:
            client.create_application(**parameters)
            return
        made = client.create_application(name="test", releaseLabel="emr-7.8.0", type="SPARK")
        run = client.start_job_run(applicationId=made["applicationId"], **parameters)
        found = client.get_job_run(applicationId=made["applicationId"], jobRunId=run["jobRunId"])["jobRun"]
        yield from lost({"jobDriver": parameters["jobDriver"], "tags": parameters["tags"]}, found)
    except ParamValidationError as e:
        yield " ".join(str(e).split())


CHECKS = {
    "kubernetes": kubernetes,
    "spark": spark,
    "dataproc": dataproc,
    "databricks": databricks,
    "emr-serverless": emr_serverless,
}

if __name__ == "__main__":
    kind, file, *more = sys.argv[1:]
    for problem in CHECKS[kind](Path(file).read_text(encoding="utf-8"), *more):
        print(problem)

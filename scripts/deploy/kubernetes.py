"""Kubernetes: a SparkApplication of the Spark operator, spark-submit with pod templates, and training as a Job."""

from typing import Any

from scripts.deploy.deployment import (
    FINAL_CODES,
    HADOOP_VERSION,
    PREEMPTED,
    SPARK_VERSION,
    Deployment,
    command_line,
    comment,
    to_yaml,
)

NAMESPACE = "spark"
SCRATCH = {"name": "spark-local-dir-1", "emptyDir": {"sizeLimit": "200Gi"}}
"""A volume whose name starts like this is where Spark writes shuffle files."""
SCRATCH_MOUNT = {"name": "spark-local-dir-1", "mountPath": "/var/spark"}
USER = {"runAsUser": 185, "runAsGroup": 185, "fsGroup": 185, "runAsNonRoot": True}
PORT = 12355


def spark_conf() -> dict[str, str]:
    """Settings of Spark that both ways to submit share."""
    return {
        # hadoop-aws registers s3a only, while sluice and pyarrow name buckets s3
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.jars.ivy": "/tmp/ivy",
    }


def spark_application(deployment: Deployment) -> dict[str, Any]:
    """A SparkApplication. The operator starts it again up to three times after a failure; finished stages are kept."""
    overhead = f"{deployment.executor_total_gib - deployment.executor_memory_gib}g"
    container = {"volumeMounts": [SCRATCH_MOUNT]}
    return {
        "apiVersion": "sparkoperator.k8s.io/v1beta2",
        "kind": "SparkApplication",
        "metadata": {"name": "sluice", "namespace": NAMESPACE},
        "spec": {
            "type": "Python",
            "pythonVersion": "3",
            "mode": "cluster",
            "sparkVersion": SPARK_VERSION,
            "image": deployment.image,
            "imagePullPolicy": "IfNotPresent",
            "mainApplicationFile": "local:///opt/sluice/jobs/pipeline.py",
            "arguments": deployment.arguments(),
            "deps": {"packages": [f"org.apache.hadoop:hadoop-aws:{HADOOP_VERSION}"]},
            "sparkConf": spark_conf(),
            "volumes": [SCRATCH],
            "restartPolicy": {
                "type": "OnFailure",
                "onFailureRetries": 3,
                "onFailureRetryInterval": 60,
                "onSubmissionFailureRetries": 3,
                "onSubmissionFailureRetryInterval": 60,
            },
            "driver": {
                "cores": deployment.driver_cores,
                "memory": f"{deployment.driver_memory_gib}g",
                "serviceAccount": "spark",
                "podSecurityContext": USER,
                **container,
            },
            "executor": {
                "instances": deployment.executors,
                "cores": deployment.executor_cores,
                "memory": f"{deployment.executor_memory_gib}g",
                "memoryOverhead": overhead,
                "podSecurityContext": USER,
                **container,
            },
        },
    }


def pod_template(role: str) -> dict[str, Any]:
    """The parts of a driver's or executor's pod that spark-submit has no option for."""
    name = f"spark-kubernetes-{role}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"app.kubernetes.io/name": "sluice", "app.kubernetes.io/component": role}},
        "spec": {
            "securityContext": USER,
            "containers": [{"name": name, "volumeMounts": [SCRATCH_MOUNT]}],
            "volumes": [SCRATCH],
        },
    }


def submit(deployment: Deployment) -> str:
    """The script that submits without an operator. Its own arguments are added to those of the job."""
    settings = {
        "spark.kubernetes.namespace": NAMESPACE,
        "spark.kubernetes.container.image": deployment.image,
        "spark.kubernetes.authenticate.driver.serviceAccountName": "spark",
        "spark.kubernetes.driver.podTemplateFile": "$here/driver-pod.yaml",
        "spark.kubernetes.executor.podTemplateFile": "$here/executor-pod.yaml",
        "spark.kubernetes.driver.podTemplateContainerName": "spark-kubernetes-driver",
        "spark.kubernetes.executor.podTemplateContainerName": "spark-kubernetes-executor",
        "spark.executor.instances": str(deployment.executors),
        "spark.executor.cores": str(deployment.executor_cores),
        "spark.executor.memory": f"{deployment.executor_memory_gib}g",
        "spark.executor.memoryOverheadFactor": str(deployment.memory_overhead_factor),
        "spark.driver.cores": str(deployment.driver_cores),
        "spark.driver.memory": f"{deployment.driver_memory_gib}g",
        "spark.jars.packages": f"org.apache.hadoop:hadoop-aws:{HADOOP_VERSION}",
        **spark_conf(),
    }
    line = command_line(
        "exec spark-submit",
        ["--master", "k8s://$KUBERNETES_API", "--deploy-mode", "cluster", "--name", "sluice"],
        *(["--conf", f"{name}={value}"] for name, value in settings.items()),
        ["local:///opt/sluice/jobs/pipeline.py"],
        deployment.arguments()[:2],
        deployment.arguments()[2:],
        ["$@"],
    )
    return (
        "#!/usr/bin/env bash\n"
        + comment("KUBERNETES_API is the address of the API server, for example https://10.0.0.1:6443.")
        + 'set -euo pipefail\nhere=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)\n'
        + ': "${KUBERNETES_API:?set it to the address of the API server}"\n'
        + line
    )


def train_job(deployment: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """A headless Service that names the workers, and an Indexed Job with one pod per worker.

    Exit codes 2, 3 and 4 end the Job at once. A pod that was preempted (75, or evicted by the cluster) is started again
    without limit, a stalled one (76) and any other failure up to six times per worker.
    """
    number = deployment.train_workers
    workers = ",".join(f"train-{index}.train:{PORT}" for index in range(number))
    codes = {"operator": "In", "containerName": "train"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "train"},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {"batch.kubernetes.io/job-name": "train"},
            "ports": [{"name": "worker", "port": PORT}],
        },
    }
    resources = {"cpu": str(deployment.train_cores), "memory": f"{deployment.train_memory_gib}Gi"}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "train"},
        "spec": {
            "completionMode": "Indexed",
            "completions": number,
            "parallelism": number,
            "backoffLimitPerIndex": 6,
            "podFailurePolicy": {
                "rules": [
                    {"action": "FailJob", "onExitCodes": {**codes, "values": list(FINAL_CODES)}},
                    {"action": "Ignore", "onExitCodes": {**codes, "values": [PREEMPTED]}},
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]
            },
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "subdomain": "train",
                    "terminationGracePeriodSeconds": 120,
                    "securityContext": USER,
                    "containers": [
                        {
                            "name": "train",
                            "image": f"{deployment.image}-train",
                            "args": [*deployment.train_arguments(), "--set", f"train.dist.workers=[{workers}]"],
                            "ports": [{"containerPort": PORT}],
                            "resources": {"requests": resources, "limits": {"memory": resources["memory"]}},
                            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                        }
                    ],
                    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "sluice-data"}}],
                }
            },
        },
    }
    return service, job


def files(deployment: Deployment) -> dict[str, str]:
    """Content by path of the generated files."""
    role = "Used by submit.sh; the name of the container must not change."
    return {
        "kubernetes/spark-application.yaml": to_yaml(
            "Needs the Spark operator and a service account `spark`.", spark_application(deployment)
        ),
        "kubernetes/driver-pod.yaml": to_yaml(role, pod_template("driver")),
        "kubernetes/executor-pod.yaml": to_yaml(role, pod_template("executor")),
        "kubernetes/submit.sh": submit(deployment),
        "kubernetes/train-job.yaml": to_yaml(
            "Needs a ReadWriteMany volume claim `sluice-data` with the dataset.", *train_job(deployment)
        ),
    }

"""The templates in conf/deploy: equal to the generator's output, consistent with the code, valid for the platforms."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.deploy import databricks, emr_serverless, generate, kubernetes, slurm
from scripts.deploy.deployment import HADOOP_VERSION, SPARK_VERSION, Deployment
from scripts.deploy.emr_serverless import Estimate
from sluice.core.config.load import load_config
from tests.helpers import s3_server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "conf" / "deploy"
SCRIPTS = sorted(str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*.sh"))


def test_the_committed_files_are_the_generators_output():
    files = {
        str(path.relative_to(DEPLOY)): path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file()
    }
    assert files == generate.generated(Deployment())
    assert all(os.access(DEPLOY / name, os.X_OK) for name in SCRIPTS)


def test_values_of_ones_own_reach_every_platform(tmp_path, monkeypatch):
    values = ["--bucket", "corpus", "--executors", "40", "--image", "registry.me/x:9"]
    monkeypatch.setattr(sys, "argv", ["generate", str(tmp_path), *values])
    assert generate.main() == 0
    files = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("emr-serverless/job-run.json", "dataproc/batch.json", "databricks/databricks.yml"):
        assert "://corpus/" in files[name], name
    assert "my-bucket" not in "".join(files.values())
    application = yaml.safe_load(files["kubernetes/spark-application.yaml"])
    assert application["spec"]["executor"]["instances"] == 40
    assert application["spec"]["image"] == "registry.me/x:9"


def test_the_versions_of_spark_and_hadoop_are_those_of_the_tested_packages():
    assert f"pyspark=={SPARK_VERSION}\n" in (ROOT / "requirements.lock").read_text()
    pyspark = pytest.importorskip("pyspark")
    jars = [path.name for path in (Path(pyspark.__file__).parent / "jars").glob("hadoop-client-api-*")]
    assert jars == [f"hadoop-client-api-{HADOOP_VERSION}.jar"]


def test_the_arguments_of_the_templates_are_settings_that_exist():
    deployment = Deployment()
    lists = [deployment.settings(), deployment.train_arguments()]
    lists.append(json.loads((DEPLOY / "dataproc/batch.json").read_text())["pysparkBatch"]["args"])
    job = kubernetes.train_job(deployment)[1]
    lists.append(job["spec"]["template"]["spec"]["containers"][0]["args"])
    for arguments in lists:
        pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
        files = [ROOT / value for name, value in pairs if name == "--conf"]
        load_config(files, [value for name, value in pairs if name == "--set"])
    workers = load_config([ROOT / "conf/cc-base.yaml"], [lists[-1][-1]]).train.dist.workers
    assert workers == ("train-0.train:12355", "train-1.train:12355")


def test_databricks_installs_the_requirements_of_the_extras():
    tree = ast.parse((ROOT / "setup.py").read_text())
    lists = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id in ("EXTRACT", "TOKENIZERS")
    }
    always = {"numpy>=1.26"}  # a requirement of sluice itself
    assert set(databricks.REQUIREMENTS) == {*lists["EXTRACT"], *lists["TOKENIZERS"]} - always


# exit codes


def action(code):
    """Action of the trainer's Job for a pod that ends with `code`."""
    rules = kubernetes.train_job(Deployment())[1]["spec"]["podFailurePolicy"]["rules"]
    return next((rule["action"] for rule in rules if code in rule.get("onExitCodes", {}).get("values", ())), "Count")


@pytest.mark.parametrize(
    ("code", "expected"),
    [(2, "FailJob"), (3, "FailJob"), (4, "FailJob"), (75, "Ignore"), (76, "Count"), (1, "Count"), (137, "Count")],
)
def test_the_job_of_the_trainer_retries_only_what_may_succeed(code, expected):
    assert action(code) == expected


@pytest.mark.parametrize(
    ("code", "restarts", "is_queued"),
    [
        *((code, 0, False) for code in (0, 1, 2, 3, 4)),
        *((75, 0, True), (76, 0, True), (75, slurm.MAX_RESTARTS - 1, True), (76, slurm.MAX_RESTARTS, False)),
    ],
)
def test_the_slurm_script_queues_preempted_and_stalled_jobs_again(tmp_path, code, restarts, is_queued):
    for name, body in {
        "srun": f'echo "srun $*" >>{tmp_path}/log; exit {code}',
        "scontrol": f'echo "$*" >>{tmp_path}/queued',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "17", "SLURM_RESTART_COUNT": str(restarts)}
    line = ["bash", DEPLOY / "slurm/train.sh", "--set", "train.run.epochs=3"]
    assert subprocess.run(line, env=environment, check=False).returncode == code
    assert (tmp_path / "queued").exists() == is_queued
    if is_queued:
        assert (tmp_path / "queued").read_text() == "requeue 17\n"
    log = (tmp_path / "log").read_text()
    assert log.startswith("srun --distribution=block python -m sluice train --conf conf/cc-base.yaml --set ")
    assert log.endswith("--set train.dist.strategy=multiworker --set train.run.epochs=3\n")


# cost


def test_the_estimate_of_a_plan_becomes_tags_of_the_run():
    deployment = Deployment(executor_cores=4, executor_memory_gib=8, memory_overhead_factor=0.75)
    assert deployment.executor_total_gib == 14
    estimate = Estimate(core_hours=1000.0)
    assert estimate.dollars(deployment) == pytest.approx(1000 * (0.052624 + 0.0057785 * 3.5))
    assert emr_serverless.job_run(deployment, estimate)["tags"] == {
        "application": "sluice",
        "estimated-core-hours": "1000.00",
        "estimated-dollars": "72.85",
    }
    assert emr_serverless.job_run(deployment)["tags"] == {"application": "sluice"}


def test_the_estimate_is_that_of_the_plan_in_the_output(tmp_path, sample, monkeypatch, capsys):
    from sluice.commands.main import main

    settings = ["--set", f"plan.inputs=[{sample}/wcxb.warc.gz]", "--set", "plan.cost.page_s=36"]
    assert main(["run", "plan", *settings, "--set", f"output={tmp_path}/out"]) == 0
    (hours,) = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.startswith("core-hours")]
    monkeypatch.setattr(sys, "argv", ["generate", f"{tmp_path}/deploy", "--plan", f"{tmp_path}/out", *settings])
    assert generate.main() == 0
    run = json.loads((tmp_path / "deploy/emr-serverless/job-run.json").read_text())
    assert run["tags"]["estimated-core-hours"] == f"{float(hours):.2f}"
    assert f"extraction: {float(hours):.2f} core-hours" in capsys.readouterr().out


def test_a_missing_plan_is_an_error_of_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["generate", f"{tmp_path}/deploy", "--plan", f"{tmp_path}/none"])
    assert generate.main() == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "deploy").exists()


# schemas of the platforms


def deploy_python():
    """The interpreter with the packages of scripts/deploytest.lock, which scripts/test --all installs."""
    python = Path(os.environ.get("SLUICE_DEPLOY_PYTHON") or ROOT / ".venv-deploy" / "bin" / "python")
    if not python.exists():
        pytest.skip("the checkers of templates are missing: scripts/test --all installs them")
    return python


def problems(python, kind, file, *more):
    """Lines that tests/helpers/check_templates.py prints about a file."""
    line = [python, "-m", "tests.helpers.check_templates", kind, file, *map(str, more)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


CHECKED = {
    "kubernetes/driver-pod.yaml": ("kubernetes", "runAsUser", "runAsUsr"),
    "kubernetes/executor-pod.yaml": ("kubernetes", "mountPath: /var/spark", "mountPath: 3"),
    "kubernetes/train-job.yaml": ("kubernetes", "backoffLimitPerIndex", "backofLimitPerIndex"),
    "kubernetes/spark-application.yaml": ("spark", "instances:", "instance:"),
    "dataproc/batch.json": ("dataproc", '"mainPythonFileUri"', '"mainPythonFile"'),
    "databricks/databricks.yml": ("databricks", "entry_point", "entrypoint"),
}
"""The kind of check, and a planted mistake, by file."""


@pytest.mark.parametrize("name", CHECKED)
def test_a_template_is_valid_for_its_platform_and_a_planted_mistake_is_found(name, tmp_path):
    kind, right, wrong = CHECKED[name]
    python = deploy_python()
    assert problems(python, kind, DEPLOY / name) == []
    text = (DEPLOY / name).read_text()
    assert right in text
    (tmp_path / "file").write_text(text.replace(right, wrong))
    assert len(problems(python, kind, tmp_path / "file")) >= 1


def test_the_requests_to_emr_serverless_are_accepted_and_a_planted_mistake_is_not(tmp_path):
    python = s3_server.server_python()
    with s3_server.moto() as port:
        for name in ("application", "job-run"):
            file = DEPLOY / "emr-serverless" / f"{name}.json"
            assert problems(python, "emr-serverless", file, port) == []
        text = (DEPLOY / "emr-serverless/job-run.json").read_text()
        (tmp_path / "file").write_text(text.replace("entryPointArguments", "entryPointArgs"))
        (found,) = problems(python, "emr-serverless", tmp_path / "file", port)
    assert 'Unknown parameter in jobDriver.sparkSubmit: "entryPointArgs"' in found


@pytest.mark.parametrize("name", [*SCRIPTS, "../../scripts/pack_env.sh"])
def test_a_script_passes_shellcheck(name):
    checker = deploy_python().parent / "shellcheck"
    done = subprocess.run([checker, "-x", "-P", ROOT, DEPLOY / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_dockerfile_passes_hadolint():
    checker = deploy_python().parent / "hadolint"
    done = subprocess.run([checker, DEPLOY / "docker/Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")

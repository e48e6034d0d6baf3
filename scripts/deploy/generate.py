"""Writes the templates for clusters and clouds to conf/deploy, or with values of your own to another directory.

    python -m scripts.deploy.generate                                   # conf/deploy, as committed
    python -m scripts.deploy.generate mine --bucket corpus --executors 40 --image registry.me/sluice:1
    python -m scripts.deploy.generate mine --plan out                   # after `sluice run plan --set output=out ...`

With --plan, the run of EMR Serverless has the plan's core-hours and dollars as tags, and both are printed.
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from scripts.deploy import databricks, dataproc, docker, emr_serverless, kubernetes, slurm
from scripts.deploy.deployment import Deployment
from scripts.deploy.emr_serverless import Estimate
from sluice.core.config.load import load_config
from sluice.core.errors import SluiceError
from sluice.data.plan.cost import core_seconds
from sluice.data.plan.table import estimates

ROOT = Path(__file__).resolve().parents[2]


def generated(deployment: Deployment, estimate: Estimate | None = None) -> dict[str, str]:
    """Content by path, relative to the output directory, of all templates."""
    return {
        **docker.files(deployment),
        **kubernetes.files(deployment),
        **emr_serverless.files(deployment, estimate),
        **dataproc.files(deployment),
        **databricks.files(deployment),
        **slurm.files(deployment),
    }


def estimate_of(output: str, settings: list[str]) -> Estimate:
    """The estimate for the records that the plan in OUTPUT/plan chose."""
    plan = load_config([], settings).plan
    return Estimate(core_seconds(estimates(output, plan)["chosen"], plan.cost) / 3600)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=Path, default=ROOT / "conf" / "deploy")
    for field in fields(Deployment):
        option = f"--{field.name.replace('_', '-')}"
        parser.add_argument(option, type=type(field.default), default=field.default, help=f"default: {field.default}")
    parser.add_argument("--plan", metavar="OUTPUT", help="the output directory of `sluice run plan`")
    parser.add_argument("--set", action="append", default=[], metavar="A.B=C", help="settings of that plan")
    options = parser.parse_args()
    deployment = Deployment(**{field.name: getattr(options, field.name) for field in fields(Deployment)})
    estimate = None
    if options.plan:
        try:
            estimate = estimate_of(options.plan, options.set)
        except SluiceError as e:
            print(f"generate: {e}", file=sys.stderr)
            return e.exit_code
        hours = estimate.core_hours / (deployment.executors * deployment.executor_cores)
        price = f"{estimate.dollars(deployment):,.2f} dollars on EMR Serverless"
        print(f"extraction: {estimate.core_hours:,.2f} core-hours, {hours:,.2f} hours on these executors, {price}")
    for name, text in generated(deployment, estimate).items():
        path = options.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""SLURM: training on several nodes, continued after preemption."""

from scripts.deploy.deployment import PREEMPTED, STALLED, Deployment, command_line, comment

MAX_RESTARTS = 20


def script(deployment: Deployment) -> str:
    """The batch script. Its own arguments are added to those of `sluice train`."""
    arguments = deployment.train_arguments()
    line = command_line(
        "srun --distribution=block python -m sluice train",
        *(arguments[index : index + 2] for index in range(0, len(arguments), 2)),
        ["$@"],
    )
    doc = f"Exit codes {PREEMPTED} (preempted) and {STALLED} (stalled) queue it again, up to {MAX_RESTARTS} times."
    return f"""#!/usr/bin/env bash
#SBATCH --job-name=sluice-train
#SBATCH --nodes={deployment.train_workers}
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task={deployment.train_cores}
#SBATCH --mem={deployment.train_memory_gib}G
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@300
#SBATCH --requeue
#SBATCH --open-mode=append
{comment(doc)}\
# TERM arrives 300 seconds before the time limit: the workers save and exit with {PREEMPTED}.
set -uo pipefail
{line}\
code=$?
case $code in
  {PREEMPTED} | {STALLED})
    [ "${{SLURM_RESTART_COUNT:-0}}" -ge {MAX_RESTARTS} ] || scontrol requeue "$SLURM_JOB_ID"
    ;;
esac
exit "$code"
"""


def files(deployment: Deployment) -> dict[str, str]:
    """Content by path of the generated file."""
    return {"slurm/train.sh": script(deployment)}

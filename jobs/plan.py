"""Plan which archives and records to read, and estimate time and cost.

python jobs/plan.py --set plan.inputs=[warc.paths.gz] --set 'plan.index=[INDEX]' --set output=OUT

The full help: --help, or sluice run plan --help. The body: sluice.commands.plan_job:plan.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("plan")

if __name__ == "__main__":
    sys.exit(main())

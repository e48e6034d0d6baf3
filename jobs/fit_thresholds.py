"""Propose rule thresholds for a language, as in FineWeb-2.

python jobs/fit_thresholds.py --set output=OUT --set 'thresholds.languages=[zh]' --set thresholds.reference=en

The full help: --help, or sluice run fit-thresholds --help. The body: sluice.commands.quality_jobs:fit_thresholds.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("fit-thresholds")

if __name__ == "__main__":
    sys.exit(main())

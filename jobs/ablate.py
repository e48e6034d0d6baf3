"""Measure whether curation helps: small models on several variants of a corpus.

python jobs/ablate.py --set output=OUT --set 'ablate.held_out={encyclopaedia: [articles.jsonl.gz]}'

The full help: --help, or sluice ablate --help. The body: sluice.ablation.job:ablate.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("ablate")

if __name__ == "__main__":
    sys.exit(main())

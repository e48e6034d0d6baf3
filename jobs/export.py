"""Write a trained model as safetensors and SavedModel, with a model card.

python jobs/export.py --set train.run.out=out/train

The full help: --help, or sluice export --help. The body: sluice.train.jobs:export.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("export")

if __name__ == "__main__":
    sys.exit(main())

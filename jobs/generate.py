"""Continue prompts with a trained model.

python jobs/generate.py --set train.run.out=out/train --set 'train.run.prompts=["The city", "今天"]'

The full help: --help, or sluice generate --help. The body: sluice.train.jobs:generate.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("generate")

if __name__ == "__main__":
    sys.exit(main())

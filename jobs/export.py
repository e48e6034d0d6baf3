"""Write the best (else the latest) checkpoint of a run for others: safetensors, tokenizer, model card, SavedModel.

python jobs/export.py --set train.run.out=out/train
python jobs/export.py --set train.run.out=out/train --set train.export.out=my-model

The folder is what jobs/score.py judges texts with; `torch.safetensors` loads into torch's nn.LSTM.
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.export import export_run


@job
def main(config: Config, force: bool) -> None:
    print(export_run(config.train))


if __name__ == "__main__":
    sys.exit(main())

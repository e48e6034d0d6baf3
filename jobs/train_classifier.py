"""Train a network that tells the label of a text: convolutions (textcnn), or an LSTM in both directions (bilstm_cls).

python jobs/train_classifier.py --set 'classifier.train=[reviews.jsonl.gz]' --set classifier.label=stars
python jobs/train_classifier.py … --set classifier.arch=bilstm_cls --set classifier.glove.path=glove.6B.100d.txt \\
    --set classifier.embed=100

A line of a file is an object with a text and a label. Without classifier.valid a share of the texts is held out, by a
hash, so equal texts are on one side. What is written:
OUT/model.safetensors, config.json, tokenizer.json   the best epoch; sluice.train.classify.Predictor reads them
OUT/predictions.jsonl                                of every held-out text: label, predicted, probability
OUT/report.json, metrics.jsonl                       accuracy, F1, who was taken for whom; a line an epoch
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.classify import train_classifier


@job
def main(config: Config, force: bool) -> None:
    found = train_classifier(config.classifier)
    print(f"accuracy {found['accuracy']:.4f}, macro F1 {found['macro_f1']:.4f}: {config.classifier.out}/report.json")


if __name__ == "__main__":
    sys.exit(main())

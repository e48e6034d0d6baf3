"""Train a quality model of one language from text that is wanted and text that is not. Needs no Spark.

python jobs/train_quality.py --set train_quality.language=zh \\
    --set 'train_quality.positive=[encyclopaedia.jsonl.gz]' --set 'train_quality.negative=[OUT]' \\
    --set train_quality.output=quality-zh.bin

A source is the output of a run, Parquet with a column `text`, .jsonl[.gz|.zst] with a field `text`, or a text file.
Writes the model, its record (.json) and its card (.md), and prints how well it tells held-out documents apart.
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.text.model_card import check_output, save, summary
from sluice.text.train_quality import train


@job
def main(config: Config, force: bool) -> None:
    output = config.train_quality.output
    check_output(output, force)
    result = train(config.train_quality)
    save(result)
    print(summary(result))
    print(f"\ngood: {' '.join(result.good_words)}\nbad: {' '.join(result.bad_words)}\n\n{output}.md says more")


if __name__ == "__main__":
    raise SystemExit(main())

"""Token ids written by other tools, from `tf.train.Example`s to a trained and exported model that scores texts."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import tensorflow as tf

from sluice.commands.main import main
from sluice.core.errors import InputError
from sluice.data.dataset.manifest import SpecialIds, read_manifest
from sluice.text.quality.language_model import Scorer
from sluice.train.evaluation.evaluate import evaluate_run
from sluice.train.evaluation.sample import generate_run
from sluice.train.export import export_run
from sluice.train.loop import train_and_evaluate
from tests.helpers.tiny_runs import train_config

tokenizers = pytest.importorskip("tokenizers")

END = "<|endoftext|>"
TEXTS = ["the cat sat on the mat", "你好，世界！你好", "the hat 好"] * 12
VALID = "q the cat 你好"
"""No merge starts with q, so the scored tokens, all except the first, have one byte less than the text."""


def foreign_tokenizer() -> tokenizers.Tokenizer:
    """A byte-level BPE with merges across characters; the end-of-text token has the last id."""
    backend = tokenizers.Tokenizer(tokenizers.models.BPE())
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    backend.post_processor = tokenizers.processors.ByteLevel(trim_offsets=False)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(TEXTS, trainer)
    backend.add_special_tokens([END])
    return backend


def write_examples(path: Path, lists: Sequence[Sequence[int]], compression: str = "") -> str:
    """Writes Examples like T5 or NeMo, with further features."""
    with tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type=compression)) as writer:
        for ids in lists:
            features = {
                "input_ids": tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
                "attention_mask": tf.train.Feature(int64_list=tf.train.Int64List(value=[1] * len(ids))),
                "url": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"http://a.example/"])),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    return str(path)


def packed(directory: Path, *arguments: str, name: str) -> str:
    """Pack a dataset with the tokenizer in `directory`; return its directory."""
    given = ["--tokenizer", str(directory / "tokenizer.json"), "--eos", END, "--seq-len", "8"]
    assert main(["pack", *arguments, *given, "--output", str(directory), "--name", name]) == 0
    return str(directory / name / "1.0.0")


def test_foreign_ids_are_packed_trained_evaluated_sampled_and_exported(tmp_path: Path) -> None:
    foreign = foreign_tokenizer()
    foreign.save(str(tmp_path / "tokenizer.json"))
    end = foreign.token_to_id(END)
    assert end == foreign.get_vocab_size() - 1
    encoded = [encoding.ids for encoding in foreign.encode_batch(TEXTS)]
    joined = [token for ids in encoded[20:] for token in (*ids, end)]
    train = write_examples(tmp_path / "train.tfrecord.gz", [*encoded[:20], joined], "GZIP")
    valid = write_examples(tmp_path / "valid.tfrecord", [[*foreign.encode(VALID).ids, end]])
    dataset = packed(tmp_path, "--ids", "--train", train, "--valid", valid, name="ids")
    manifest = read_manifest(dataset)
    assert (manifest.vocab_size, manifest.ids) == (end + 2, SpecialIds(pad=end + 1, bos=end, eos=end, unk=end + 1))

    config = train_config(dataset, tmp_path / "run", "train.run.steps=2", "train.data.test_split=null")
    assert train_and_evaluate(config).exit_code == 0
    result = evaluate_run(config)["valid"]
    scored = len(foreign.encode(VALID).ids)
    assert (result.tokens, result.utf8_bytes) == (scored, 16 - 1)  # 10 of ASCII and 2 of three bytes
    assert result.bits_per_byte == pytest.approx(result.nll / math.log(2) / 15, rel=1e-12)
    baseline = json.loads((tmp_path / "run" / "summary.json").read_text())["baseline"]["splits"]["valid"]
    assert (baseline["tokens"], baseline["utf8_bytes"]) == (scored, 15)

    prompts = train_config(dataset, tmp_path / "run", "train.run.prompts=['the cat 你']", "train.run.sample.tokens=5")
    (text,) = generate_run(prompts)
    assert text.startswith("the cat 你")

    (score, empty) = Scorer(str(export_run(config))).scores([VALID, ""])
    assert (score.tokens, score.utf8_bytes, empty.tokens) == (scored + 1, 16, 1)

    # texts packed with the same tokenizer are evaluated by the model if the special tokens match
    (tmp_path / "much.txt").write_text("on the mat 世" * 5)
    (tmp_path / "judged.txt").write_text("q 世")
    texts = ["--train", str(tmp_path / "much.txt"), "--valid", str(tmp_path / "judged.txt")]
    domain = packed(tmp_path, *texts, name="domain")
    judged = evaluate_run(train_config(dataset, tmp_path / "run", f"train.data.domains={{d: {domain}}}"))["d"]
    assert judged.utf8_bytes == 4
    other = packed(tmp_path, *texts, "--bos", "!", name="other")
    with pytest.raises(InputError, match=r"The domain d .* has different special tokens"):
        evaluate_run(train_config(dataset, tmp_path / "run", f"train.data.domains={{d: {other}}}"))

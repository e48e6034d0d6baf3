import gzip
import hashlib
import json

import numpy as np
import pytest

from sluice.commands.main import main
from sluice.commands.pack import PIECE_CHARS, _pieces, encode_documents, split_of
from sluice.data.dataset.manifest import read_manifest
from sluice.data.dataset.tokenizer import Tokenizer

# Penn Treebank style: words separated by blanks, one sentence per line, rare words replaced
TRAIN = " the cat <unk> sat \n the mat N \n\n the cat \n"
VALID = " the cat N \n dogs sat \n"
TEST = " a mat \n"


def ptb(tmp_path, *options):
    (tmp_path / "train.txt.gz").write_bytes(gzip.compress(TRAIN.encode()))
    (tmp_path / "valid.txt").write_text(VALID)
    (tmp_path / "test.txt").write_text(TEST)
    splits = [
        "--train",
        f"{tmp_path}/train.txt.gz",
        "--valid",
        f"{tmp_path}/valid.txt",
        "--test",
        f"{tmp_path}/test.txt",
    ]
    words = ["--lines", "--kind", "word", "--words", "whitespace", "--seq-len", "4"]
    return main(["pack", *splits, *words, "--output", f"{tmp_path}/data", "--name", "ptb", *options])


def stored_tokens(directory, split):
    """The tokens of a split without padding: all of the first record, and of the others all except the first token."""
    manifest = read_manifest(str(directory))
    tokens = []
    for shard in manifest.splits[split].shards:
        data = (directory / shard.path).read_bytes()
        records = np.frombuffer(data, np.uint8).reshape(shard.records, manifest.record_bytes)
        rows = records[:, manifest.payload_offset : -4].copy().view("<u2").tolist()
        tokens += [rows[0][0], *(token for row in rows for token in row[1:] if token != 0)]
    return tokens


def test_text_in_penn_treebank_style_becomes_a_word_dataset(tmp_path, capsys):
    assert ptb(tmp_path) == 0
    directory = tmp_path / "data" / "ptb" / "1.0.0"
    tokenizer = Tokenizer.load(f"{directory}/tokenizer.json")
    # the 3, cat 2, then N, mat, sat once each: 4 to 8; a line feed is <eos> 2, an unknown word and <unk> are 3
    assert json.loads((directory / "tokenizer.json").read_text())["model"]["vocab"] == {
        "<pad>": 0, "<bos>": 1, "<eos>": 2, "<unk>": 3, "the": 4, "cat": 5, "N": 6, "mat": 7, "sat": 8,
    }  # fmt: skip
    assert stored_tokens(directory, "train") == [4, 5, 3, 8, 2, 4, 7, 6, 2, 2, 4, 5, 2]
    assert stored_tokens(directory, "valid") == [4, 5, 6, 2, 3, 8, 2]
    assert stored_tokens(directory, "test") == [3, 7, 2]
    manifest = read_manifest(str(directory))
    assert {name: split.docs for name, split in manifest.splits.items()} == {"train": 4, "valid": 2, "test": 1}
    assert (manifest.tokenizer.kind, manifest.tokenizer.lossless) == ("word", False)
    assert tokenizer.decode([4, 5, 2]) == "the cat <eos>"
    assert "train 3 records, 13 tokens, 4 documents" in capsys.readouterr().out
    assert main(["verify", str(directory)]) == 0


def test_packing_into_another_directory_writes_the_same_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ptb(tmp_path / "a") == ptb(tmp_path / "b") == 0
    digests = [
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / side / "data/ptb/1.0.0").iterdir()}
        for side in "ab"
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 8


def test_a_finished_dataset_is_not_overwritten(tmp_path, capsys):
    assert ptb(tmp_path) == 0
    assert ptb(tmp_path) == 2
    assert "already contains a finished dataset" in capsys.readouterr().err
    assert ptb(tmp_path, "--version", "1.0.1") == 0


def test_documents_without_given_splits_are_split_by_hash(tmp_path):
    pytest.importorskip("tokenizers")
    texts = [f"document number {i} 文档" for i in range(300)]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps({"body": text}) + "\n" for text in texts))
    sizes = [
        "--vocab-size",
        "300",
        "--seq-len",
        "16",
        "--shards",
        "3",
        "--valid-fraction",
        "0.1",
        "--test-fraction",
        "0.2",
    ]
    arguments = ["--field", "body", "--output", f"{tmp_path}/data", "--name", "all", *sizes]
    assert main(["pack", f"{tmp_path}/all.jsonl", *arguments]) == 0
    directory = tmp_path / "data" / "all" / "1.0.0"
    assert main(["verify", str(directory)]) == 0
    manifest = read_manifest(str(directory))
    assert {name: len(split.shards) for name, split in manifest.splits.items()} == {"train": 3, "valid": 1, "test": 1}
    assert sum(split.docs for split in manifest.splits.values()) == 300
    tokenizer = Tokenizer.load(f"{directory}/tokenizer.json")
    valid = tokenizer.decode(stored_tokens(directory, "valid")).split("<eos>")[:-1]
    assert 10 < len(valid) < 60
    assert sorted(valid) == sorted(text for text in texts if split_of(text, 0.1, 0.2, 0) == "valid")
    assert valid != sorted(valid, key=texts.index)


def test_packing_uses_a_given_tokenizer(tmp_path):
    assert ptb(tmp_path) == 0
    first = tmp_path / "data" / "ptb" / "1.0.0" / "tokenizer.json"
    assert ptb(tmp_path, "--version", "2.0.0", "--tokenizer", str(first)) == 0
    assert (tmp_path / "data" / "ptb" / "2.0.0" / "tokenizer.json").read_bytes() == first.read_bytes()


def test_the_split_depends_on_the_text_only_and_matches_its_fractions():
    texts = [str(i) for i in range(10_000)]
    found = [split_of(text, 0.1, 0.2, 7) for text in texts]
    assert found == [split_of(text, 0.1, 0.2, 7) for text in texts]
    assert abs(found.count("valid") - 1000) < 150
    assert abs(found.count("test") - 2000) < 200


def test_a_long_text_encoded_in_pieces_gives_the_same_ids(tmp_path):
    assert ptb(tmp_path) == 0
    tokenizer = Tokenizer.load(f"{tmp_path}/data/ptb/1.0.0/tokenizer.json")
    text = "the cat \n" * (PIECE_CHARS // 4)
    assert len(list(_pieces(text))) == 3
    assert "".join(_pieces(text)) == text
    (encoded, size), (empty, none) = encode_documents(tokenizer, [text, ""])
    assert encoded.tolist() == [4, 5] * (PIECE_CHARS // 4)
    assert (size, none, empty.tolist()) == (len(text), 0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Use either FILE... or --train"),
        (["{file}", "--train", "{file}"], 2, "Use either FILE... or --train"),
        (["--valid", "{file}"], 2, "Named splits need --train"),
        (["--train", "{file}", "--shards", "2"], 2, "omit --shards"),
        (["{file}", "--name", "a-b"], 2, "dataset name 'a-b'"),
        (["{file}", "--version", "1"], 2, "dataset version '1'"),
        (["{file}", "--valid-fraction", "1"], 2, "--valid-fraction and --test-fraction"),
        (["{file}", "--vocab-size", "0"], 2, "0 is not a positive number"),
        (["{file}", "--vocab-size", "100"], 2, "vocab_size = 100 is too small"),
        (["--train", "{file}x"], 3, "file.txtx"),
        (["{file}", "--valid-fraction", "0.999", "--test-fraction", "0"], 3, "assigned no document to train"),
        (["--train", "{file}", "--vocab-size", "260"], 3, "have 12 tokens, but 1025 are needed"),
    ],
)
def test_errors_in_arguments_state_what_to_do(tmp_path, capsys, arguments, code, message):
    pytest.importorskip("tokenizers")
    (tmp_path / "file.txt").write_text("hello world")
    given = [argument.format(file=f"{tmp_path}/file.txt") for argument in arguments]
    assert main(["pack", "--output", f"{tmp_path}/data", "--name", "x", *given]) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("data/**/manifest.json"))

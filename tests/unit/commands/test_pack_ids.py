import gzip
import json

import numpy as np
import pytest

from sluice.commands.main import main
from sluice.data.dataset.manifest import SpecialIds, read_manifest
from sluice.data.dataset.tokenizer import Tokenizer
from tests.helpers.example_bytes import example, framed, packed, texts, unpacked
from tests.helpers.foreign_tokenizers import CHINESE, END, gpt2_layout

pytest.importorskip("tokenizers")

EOS, PAD = 262, 263
CAT, NI = 261, 257  # " cat" and 你: 4 and 3 bytes


@pytest.fixture
def pack(tmp_path):
    """Packs lists of token ids by split, each as an Example with the int64 list `input_ids`; passes arguments on."""
    (tmp_path / "tokenizer.json").write_text(json.dumps(gpt2_layout(CHINESE)))

    def call(*arguments, tokenizer="tokenizer.json", name="web", **splits):
        files = []
        for split, lists in splits.items():
            (tmp_path / f"{split}.tfrecord").write_bytes(framed(*(example(input_ids=packed(ids)) for ids in lists)))
            files += [f"--{split}", f"{tmp_path}/{split}.tfrecord"]
        output = ["--output", f"{tmp_path}/data", "--name", name, "--tokenizer", f"{tmp_path}/{tokenizer}"]
        return main(["pack", "--ids", *files, *output, "--seq-len", "4", *map(str, arguments)])

    return call


def stored(directory, split):
    """The records of a split as lists of ids."""
    manifest = read_manifest(str(directory))
    (shard,) = manifest.splits[split].shards
    records = np.frombuffer((directory / shard.path).read_bytes(), np.uint8).reshape(shard.records, -1)
    return records[:, manifest.payload_offset : -4].copy().view("<u2").tolist()


def test_examples_are_packed_into_records_split_at_document_ends(tmp_path, pack, capsys):
    # one document, two in one Example, one with its own end, one without
    train = [[CAT, NI], [NI, EOS, CAT], [CAT, CAT, EOS], [NI]]
    assert pack("--eos", END, train=train, valid=[[NI, NI]], test=[[], [CAT]]) == 0
    directory = tmp_path / "data" / "web" / "1.0.0"
    assert stored(directory, "train") == [[CAT, NI, EOS, NI, EOS], [EOS, CAT, EOS, CAT, CAT]]
    assert stored(directory, "valid") == [[NI, NI, EOS, PAD, PAD]]
    assert stored(directory, "test") == [[CAT, EOS, PAD, PAD, PAD]]
    manifest = read_manifest(str(directory))
    assert (manifest.vocab_size, manifest.dtype) == (264, "uint16")
    assert manifest.ids == SpecialIds(pad=PAD, bos=EOS, eos=EOS, unk=PAD)
    assert manifest.tokenizer.lossless
    split = manifest.splits["train"]
    assert (split.docs, split.tokens, split.dropped_tokens, split.utf8_bytes) == (5, 9, 3, 7 + 3 + 4 + 8 + 3)
    assert (directory / "tokenizer.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()
    assert "removed 0 padding ids" in capsys.readouterr().err
    assert main(["verify", str(directory)]) == 0


def test_padding_is_dropped_and_counted(tmp_path, pack, capsys):
    tree = gpt2_layout(CHINESE, added=((END, True), ("[PAD]", True)))
    (tmp_path / "padded.json").write_text(json.dumps(tree))
    names = ["--eos", END, "--pad", "[PAD]"]
    padded = [[CAT, NI, EOS, 263, 263], [263, NI, CAT]]
    assert pack(*names, train=padded, valid=[[263, NI]], tokenizer="padded.json") == 0
    directory = tmp_path / "data" / "web" / "1.0.0"
    assert stored(directory, "train") == [[CAT, NI, EOS, NI, CAT]]
    assert stored(directory, "valid") == [[NI, EOS, 263, 263, 263]]
    assert read_manifest(str(directory)).vocab_size == 264
    assert "removed 4 padding ids" in capsys.readouterr().err


def test_trailing_end_tokens_become_one(tmp_path, pack):
    assert pack("--eos", END, train=[[EOS, CAT, NI, CAT, EOS, EOS, EOS], [CAT]]) == 0
    assert stored(tmp_path / "data" / "web" / "1.0.0", "train") == [[CAT, NI, CAT, EOS, CAT]]


def test_files_are_split_by_a_hash_of_the_ids(tmp_path, pack):
    lists = [[100 + n % 100, n // 100] for n in range(300)]
    (tmp_path / "all.tfrecord.gz").write_bytes(gzip.compress(framed(*(example(t=unpacked(ids)) for ids in lists))))
    arguments = [tmp_path / "all.tfrecord.gz", "--field", "t", "--shards", 2, "--eos", END]
    assert pack(*arguments, "--valid-fraction", 0.1, "--test-fraction", 0.2) == 0
    directory = tmp_path / "data" / "web" / "1.0.0"
    assert main(["verify", str(directory)]) == 0
    docs = {name: split.docs for name, split in read_manifest(str(directory)).splits.items()}
    assert sum(docs.values()) == 300
    assert 10 < docs["valid"] < 60 < docs["train"]


def test_text_is_packed_with_a_foreign_tokenizer(tmp_path, pack):
    assert pack("--eos", END, train=[[CAT, NI, CAT, NI]]) == 0
    (tmp_path / "a.txt").write_text("你 cat你 cat<|endoftext|>")
    given = ["--tokenizer", f"{tmp_path}/tokenizer.json", "--eos", END, "--seq-len", "4"]
    place = ["--output", f"{tmp_path}/data", "--name", "text"]
    assert main(["pack", "--train", f"{tmp_path}/a.txt", *given, *place]) == 0
    ids, text = (read_manifest(f"{tmp_path}/data/{name}/1.0.0") for name in ("web", "text"))
    assert (text.ids, text.vocab_size, text.tokenizer) == (ids.ids, ids.vocab_size, ids.tokenizer)
    assert stored(tmp_path / "data" / "text" / "1.0.0", "train")[0][:4] == [NI, CAT, NI, CAT]
    assert text.splits["train"].utf8_bytes == 14 + 13
    assert main(["verify", f"{tmp_path}/data/text/1.0.0"]) == 0


def test_inspect_decodes_a_dataset_with_a_foreign_tokenizer(tmp_path, pack, capsys):
    assert pack("--eos", END, train=[[NI]], valid=[[CAT]], name="a") == 3  # too few ids for a record
    assert pack("--eos", END, train=[[NI, CAT], [CAT, CAT]], name="b") == 0
    assert main(["inspect", f"{tmp_path}/data/b/1.0.0"]) == 0
    printed = capsys.readouterr().out
    assert "record 0: 5 ids, 1 <eos>, 0 <unk>, 0 <pad>" in printed
    assert 'text "你 cat<|endoftext|> cat cat"' in printed
    assert main(["inspect", f"{tmp_path}/tokenizer.json"]) == 0


def test_a_sluice_tokenizer_needs_no_special_token_names(tmp_path, pack):
    (tmp_path / "a.txt").write_text("abcabc")
    place = ["--output", f"{tmp_path}/data", "--name", "own", "--vocab-size", "261", "--seq-len", "4"]
    assert main(["pack", "--train", f"{tmp_path}/a.txt", *place]) == 0
    own = tmp_path / "data" / "own" / "1.0.0" / "tokenizer.json"
    assert Tokenizer.load(str(own)).ids == SpecialIds()
    assert pack(train=[[10, 11, 2, 0], [12, 13]], tokenizer="data/own/1.0.0/tokenizer.json") == 0
    assert stored(tmp_path / "data" / "web" / "1.0.0", "train") == [[10, 11, 2, 12, 13]]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--eos", END, "--lines"], 2, "excludes --lines and --add-bos"),
        (["--eos", END, "--add-bos"], 2, "excludes --lines and --add-bos"),
        ([], 2, "has no <eos>. Name the token that ends a document with --eos"),
        (["--eos", "</s>"], 2, "has no token '</s>' for --eos"),
        (["--eos", END, "--pad", END], 2, "Omit --pad"),
        (["--eos", END, "--field", "ids"], 3, "record 0 has no feature 'ids'; it has: 'input_ids', 'url'"),
        (["--eos", END, "--field", "url"], 3, "record 0: the feature 'url' contains bytes"),
        (["--eos", END, "--tokenizer", "{directory}/small.json"], 3, "record 0: the feature 'input_ids' has id 261"),
        (["--eos", END, "--valid", "{directory}/nothing.tfrecord"], 3, "nothing.tfrecord"),
    ],
)
def test_errors_in_arguments_and_input_state_what_to_do(tmp_path, pack, capsys, arguments, code, message):
    (tmp_path / "a.tfrecord").write_bytes(framed(example(input_ids=packed([CAT] * 9), url=texts(b"u"))))
    (tmp_path / "small.json").write_text(json.dumps(gpt2_layout()))
    given = [argument.format(directory=tmp_path) for argument in arguments]
    assert pack("--train", tmp_path / "a.tfrecord", *given) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("data/**/manifest.json"))


def test_the_added_padding_id_is_invalid_in_the_input(pack, capsys):
    assert pack("--eos", END, train=[[CAT, PAD]]) == 3
    assert "has id 263, but the tokenizer has 0 to 262" in capsys.readouterr().err


def test_ids_and_eos_require_a_tokenizer(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("abc")
    place = ["--train", f"{tmp_path}/a.txt", "--output", f"{tmp_path}/data", "--name", "x"]
    assert main(["pack", "--ids", *place]) == 2
    assert "--ids needs the --tokenizer that produced the ids" in capsys.readouterr().err
    assert main(["pack", "--eos", END, *place]) == 2
    assert "--eos names a token of --tokenizer, but there is no --tokenizer" in capsys.readouterr().err


def test_add_bos_requires_a_token_that_differs_from_eos(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "tokenizer.json").write_text(json.dumps(gpt2_layout()))
    given = ["--train", f"{tmp_path}/a.txt", "--tokenizer", f"{tmp_path}/tokenizer.json", "--eos", END, "--add-bos"]
    assert main(["pack", *given, "--output", f"{tmp_path}/data", "--name", "x"]) == 2
    assert "--add-bos needs a token that only begins documents" in capsys.readouterr().err

import hashlib
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.dataset import TokenizerConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.tokenizer import Tokenizer, save_tokenizer, train_tokenizer

SAMPLE = ["the cat sat on the mat", "the dog <eos> sat", "你好，世界！你好"] * 3
ODD = "a <eos>\x00\r\n<pad> 你好😀 \u200b\ufeff  \x7f<unk>"


@pytest.fixture(scope="module")
def bpe(tmp_path_factory):
    pytest.importorskip("tokenizers")
    directory = str(tmp_path_factory.mktemp("bpe"))
    save_tokenizer(directory, train_tokenizer(SAMPLE, TokenizerConfig(vocab_size=300)))
    return Tokenizer.load(f"{directory}/tokenizer.json")


@pytest.fixture
def word(tmp_path):
    texts = ["the cat <unk> the mat", "the cat N"]
    config = TokenizerConfig(kind="word", vocab_size=7, min_frequency=1)
    save_tokenizer(str(tmp_path), train_tokenizer(texts, config, "whitespace"))
    return Tokenizer.load(f"{tmp_path}/tokenizer.json")


@given(st.text())
def test_bpe_decodes_any_text_unchanged_and_counts_its_bytes(bpe, text):
    ids = bpe.encode(text)
    assert bpe.decode(ids) == text
    assert bpe.token_bytes[ids].sum() == len(text.encode())


def test_text_is_never_encoded_as_a_special_token(bpe):
    ids = bpe.encode(ODD)
    assert bpe.decode(ids) == ODD
    assert min(ids) >= 4
    assert bpe.decode([2, *bpe.encode("cat"), 0]) == "<eos>cat<pad>"


def test_a_bpe_tokenizer_reports_its_properties(bpe):
    assert (bpe.kind, bpe.lossless, bpe.ids) == ("bpe", True, SpecialIds(pad=0, bos=1, eos=2, unk=3))
    assert bpe.token_bytes.dtype == np.int32
    assert len(bpe.token_bytes) == bpe.vocab_size <= 300
    assert bpe.token_bytes[:5].tolist() == [0, 0, 0, 0, 1]
    assert bpe.encode_batch(["the cat", "", "你"]) == [bpe.encode("the cat"), [], bpe.encode("你")]


def test_word_ids_are_ordered_by_frequency_then_code_point(word):
    # the 3, cat 2, then N before mat; <unk> has its own id; one of 7 ids remains
    assert word.encode("the cat N mat") == [4, 5, 6, 3]
    assert word.encode("<unk> <eos> <pad> the") == [3, 3, 3, 4]
    assert word.decode([4, 5, 2]) == "the cat <eos>"
    assert (word.kind, word.lossless, word.vocab_size) == ("word", False, 7)
    assert word.token_bytes.tolist() == [0, 0, 0, 0, 3, 3, 1]


def test_rare_words_are_not_in_the_vocabulary():
    tree = json.loads(train_tokenizer(["a b a"], TokenizerConfig(kind="word", min_frequency=2)))
    assert list(tree["model"]["vocab"]) == ["<pad>", "<bos>", "<eos>", "<unk>", "a"]


def test_chinese_words_are_joined_without_blanks(tmp_path):
    pytest.importorskip("jieba")
    config = TokenizerConfig(kind="word", min_frequency=1)
    save_tokenizer(str(tmp_path), train_tokenizer(["我来到北京。 OK then"], config))
    tokenizer = Tokenizer.load(f"{tmp_path}/tokenizer.json")
    assert tokenizer.decode(tokenizer.encode("我来到北京。OK then")) == "我来到北京。 OK then"
    assert len(tokenizer.encode("我来到北京")) == 3


@pytest.mark.parametrize("kind", ["bpe", "word"])
def test_training_writes_the_same_bytes_again_and_in_another_process(kind):
    pytest.importorskip("tokenizers")
    code = (
        "import hashlib; from sluice.core.config.dataset import TokenizerConfig\n"
        "from sluice.data.dataset.tokenizer import train_tokenizer\n"
        f"data = train_tokenizer({SAMPLE!r}, TokenizerConfig(kind={kind!r}, vocab_size=300))\n"
        "print(hashlib.sha256(data).hexdigest())"
    )
    first = train_tokenizer(SAMPLE, TokenizerConfig(kind=kind, vocab_size=300))
    assert train_tokenizer(iter(SAMPLE), TokenizerConfig(kind=kind, vocab_size=300)) == first
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_save_returns_both_files_with_their_digests(tmp_path, word):
    tokenizer_file, token_bytes = save_tokenizer(str(tmp_path / "again"), (tmp_path / "tokenizer.json").read_bytes())
    table = (tmp_path / "again" / "token_bytes.npy").read_bytes()
    assert (tokenizer_file.file, tokenizer_file.kind, tokenizer_file.lossless) == ("tokenizer.json", "word", False)
    assert tokenizer_file.sha256 == word.sha256
    assert token_bytes.sha256 == hashlib.sha256(table).hexdigest()


def test_a_tokenizer_is_pickled_as_its_path_and_a_changed_file_is_an_error(word):
    pickled = pickle.dumps(word)
    assert len(pickled) < 500
    assert pickle.loads(pickled).encode("the cat") == [4, 5]
    with open(word.path, "a") as stream:
        stream.write("\n")
    with pytest.raises(FormatError, match="was changed while in use"):
        pickle.loads(pickled).encode("the cat")


def test_hugging_face_loads_both_kinds(bpe, word):
    tokenizers = pytest.importorskip("tokenizers")
    assert tokenizers.Tokenizer.from_file(bpe.path).encode("the cat 你好").ids == bpe.encode("the cat 你好")
    assert tokenizers.Tokenizer.from_file(word.path).encode("the cat <unk> x").ids == word.encode("the cat <unk> x")


def test_a_vocabulary_smaller_than_the_byte_alphabet_is_an_error():
    with pytest.raises(ConfigError, match="vocab_size = 259 is too small for kind bpe, which needs 260"):
        train_tokenizer([], TokenizerConfig(vocab_size=259))


def test_training_on_an_empty_sample_gives_every_byte_an_id(tmp_path):
    pytest.importorskip("tokenizers")
    save_tokenizer(str(tmp_path), train_tokenizer([], TokenizerConfig()))
    tokenizer = Tokenizer.load(f"{tmp_path}/tokenizer.json")
    assert tokenizer.vocab_size == 260
    assert tokenizer.decode(tokenizer.encode(ODD)) == ODD


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.json"):
        Tokenizer.load(f"{tmp_path}/nothing.json")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda tree: tree.clear(), "is not a tokenizer.json"),
        (lambda tree: tree.update(normalizer={"type": "Lowercase"}), "changes text before splitting it"),
        (lambda tree: tree.update(pre_tokenizer={"type": "Whitespace"}), "neither byte-level BPE nor words"),
        (lambda tree: tree["added_tokens"].pop(), "its added tokens are not <pad>"),
        (lambda tree: tree["model"]["vocab"].update(gap=99), "its ids are not 0, 1, 2"),
    ],
)
def test_a_tokenizer_with_unsupported_behaviour_is_an_error(word, edit, message):
    with open(word.path) as stream:
        tree = json.load(stream)
    edit(tree)
    with open(word.path, "w") as stream:
        json.dump(tree, stream)
    with pytest.raises(FormatError, match=message):
        Tokenizer.load(word.path)

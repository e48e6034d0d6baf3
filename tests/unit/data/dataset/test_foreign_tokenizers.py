import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import ConfigError, FormatError
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.tokenizer import BYTE_OF, SpecialNames, Tokenizer, save_tokenizer
from tests.helpers.foreign_tokenizers import CHINESE, END, gpt2_layout

pre_tokenizers = pytest.importorskip("tokenizers").pre_tokenizers

SPLIT = {"type": "Split", "pattern": {"Regex": r"\p{N}{1,3}"}, "behavior": "Isolated", "invert": False}
LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
END_NAMED = SpecialNames(eos=END)


def load(directory, tree, names=END_NAMED):
    (directory / "tokenizer.json").write_text(json.dumps(tree))
    return Tokenizer.load(f"{directory}/tokenizer.json", names)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    return load(tmp_path_factory.mktemp("gpt2"), gpt2_layout(CHINESE))


def test_the_byte_alphabet_equals_that_of_hugging_face():
    assert sorted(BYTE_OF) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert [BYTE_OF[character] for character in "!ä½łĠ"] == [0x21, 0xE4, 0xBD, 0xA0, 0x20]


def test_gpt2_layout_has_bytes_merges_end_and_added_padding(gpt2):
    # 256 bytes and 6 merges; the id of the padding follows
    assert (gpt2.kind, gpt2.lossless, len(gpt2.tokens), gpt2.vocab_size) == ("bpe", True, 263, 264)
    assert gpt2.ids == SpecialIds(pad=263, bos=262, eos=262, unk=263)
    assert gpt2.decode([*gpt2.encode(" cat"), 262, 263]) == " cat<|endoftext|>"


def test_token_bytes_count_the_bytes_of_merges_across_characters(gpt2):
    # ä½ ä½ł łå Ġc at Ġcat, end of text, padding
    assert gpt2.token_bytes[256:].tolist() == [2, 3, 2, 2, 2, 4, 0, 0]
    assert set(gpt2.token_bytes[:256].tolist()) == {1}
    assert gpt2.encode("你 cat") == [257, 261]
    assert gpt2.decode([256, 258, gpt2.tokens.index("¥"), gpt2.tokens.index("½")]) == "你好"


@given(st.text())
def test_any_text_is_decoded_unchanged_and_its_bytes_are_counted(gpt2, text):
    ids = gpt2.encode(text + END)
    assert gpt2.decode(ids) == text + END
    assert gpt2.token_bytes[ids].sum() == len(text.encode()) + 13
    assert 262 not in ids


def test_a_tokenizer_may_have_separate_tokens_for_all_special_ids(tmp_path):
    added = ((END, True), ("<s>", True), ("<pad>", True), ("你好", False), ("[UNK]", True))
    tokenizer = load(tmp_path, gpt2_layout(added=added), SpecialNames(bos="<s>", eos=END, unk="[UNK]"))
    assert tokenizer.ids == SpecialIds(pad=258, bos=257, eos=256, unk=260)
    assert tokenizer.vocab_size == 261
    assert tokenizer.token_bytes[256:].tolist() == [0, 0, 0, 6, 0]  # 你好 is text
    assert tokenizer.lossless
    assert tokenizer.encode("你好") == [259]


def test_a_named_token_is_special_even_if_the_file_declares_it_as_text(tmp_path):
    tokenizer = load(tmp_path, gpt2_layout(added=((END, False),)))
    assert tokenizer.token_bytes[256:].tolist() == [0, 0]


def test_the_saved_table_of_token_bytes_includes_the_padding(tmp_path):
    data = json.dumps(gpt2_layout()).encode()
    tokenizer_file, token_bytes = save_tokenizer(str(tmp_path), data, END_NAMED)
    assert (tmp_path / "tokenizer.json").read_bytes() == data
    assert (tmp_path / token_bytes.file).stat().st_size == 128 + 258 * 4  # header of NumPy, int32
    assert tokenizer_file.lossless


def test_special_names_are_pickled(gpt2):
    assert pickle.loads(pickle.dumps(gpt2)).ids == gpt2.ids


@pytest.mark.parametrize(
    "parts",
    [
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [SPLIT, LEVEL]}},
        {
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [{"type": "Digits", "individual_digits": True}, LEVEL],
            }
        },
        {"post_processor": None},
    ],
)
def test_newer_layouts_are_lossless(tmp_path, parts):
    tokenizer = load(tmp_path, gpt2_layout(CHINESE, **parts))
    assert tokenizer.lossless
    text = " cat 12345 你好\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def sequence(cut):
    return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [cut, LEVEL]}}


@pytest.mark.parametrize(
    ("parts", "text", "decoded"),
    [
        ({"normalizer": {"type": "NFC"}}, "e\u0301", "\u00e9"),
        ({"pre_tokenizer": {**LEVEL, "add_prefix_space": True}}, "cat", " cat"),
        (sequence({"type": "WhitespaceSplit"}), "a b", "ab"),
        (sequence({**SPLIT, "behavior": "Removed"}), "a1b", "ab"),
        ({"added": (("éé", False), (END, True))}, "éé", "\ufffd\ufffd"),
    ],
)
def test_a_tokenizer_that_changes_text_is_not_lossless(tmp_path, parts, text, decoded):
    tokenizer = load(tmp_path, gpt2_layout(**parts))
    assert not tokenizer.lossless
    assert tokenizer.decode(tokenizer.encode(text)) == decoded


def test_a_tokenizer_that_lacks_a_byte_or_strips_blanks_is_not_lossless(tmp_path):
    tree = gpt2_layout()
    tree["model"]["vocab"]["two"] = tree["model"]["vocab"].pop("z")
    assert not load(tmp_path, tree).lossless
    tree = gpt2_layout(added=(("cat", False), (END, True)))
    tree["added_tokens"][0]["lstrip"] = True
    assert not load(tmp_path, tree).lossless


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"model": {"type": "Unigram", "vocab": [["a", -1.0]]}}, "its model Unigram with pre-tokenizer"),
        ({"pre_tokenizer": {"type": "Metaspace"}}, "neither byte-level BPE nor words"),
        ({"pre_tokenizer": None}, "neither byte-level BPE nor words"),
        ({"decoder": None}, "and decoder None is neither"),
        ({"model": {"type": "BPE", "vocab": {"a</w>": 0}, "end_of_word_suffix": "</w>"}}, "neither byte-level BPE"),
        ({"truncation": {"max_length": 512}}, "changes text before splitting it"),
        ({"added_tokens": [{"id": 300, "content": "x", "special": True}]}, "its ids are not 0, 1, 2"),
    ],
)
def test_an_unsupported_tokenizer_is_an_error(tmp_path, parts, message):
    with pytest.raises(FormatError, match=message):
        load(tmp_path, gpt2_layout(**parts))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            SpecialNames(),
            r"has no <eos>\. Name the token that ends a document with --eos; its special tokens are <\|end",
        ),
        (SpecialNames(eos="</s>"), r"has no token '</s>' for --eos; its special tokens are <\|endoftext\|>"),
        (SpecialNames(eos=END, pad="[PAD]"), r"has no token '\[PAD\]' for --pad"),
        (SpecialNames(eos=END, pad=END), r"--pad and --eos are both <\|endoftext\|>"),
    ],
)
def test_invalid_special_names_are_errors(tmp_path, names, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, gpt2_layout(), names).ids  # noqa: B018

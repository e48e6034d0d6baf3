"""Tokenizers: lossless byte-level BPE, and words with `<unk>` for word perplexity.

Both are stored as a `tokenizer.json` in Hugging Face's format. Model BPE is kind `bpe`. Model WordLevel is kind `word`,
split at white space if its pre-tokenizer is WhitespaceSplit, and with `segment.words_by_script` if it has none. In our
files the special tokens have ids 0 to 3. Other byte-level BPE files (GPT-2, Llama 3, Qwen, …) can be read too;
`SpecialNames` names their special tokens.

Text never produces special tokens, except that the word `<unk>` in a word-level text is the unknown word.
"""

import functools
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sluice.core.config.dataset import TokenizerConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data import storage
from sluice.data.dataset.manifest import NamedFile, SpecialIds, TokenizerFile
from sluice.data.dataset.words import HAN, words_by_script

TOKENIZER, TOKEN_BYTES = "tokenizer.json", "token_bytes.npy"
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")
LOSSLESS_CUTS = ("ByteLevel", "Digits", "Split")
"""Pre-tokenizers that drop no characters, except a Split that removes its matches."""
CJK = HAN + "\u3000-\u303f\uff00-\uffef"
"""Han characters, ideographic punctuation and full-width forms, which are not separated by spaces."""
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
BYTE_OF = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + n): byte for n, byte in enumerate(sorted(set(range(256)) - set(_PRINTABLE)))
}
"""Characters that represent the 256 bytes in tokens (openai/gpt-2 `src/encoder.py`). Printable Latin-1 characters
represent themselves, the others begin at U+0100."""
_BLANK_IN_CJK = re.compile(f"(?<=[{CJK}]) (?=[{CJK}])")


class SpecialNames(NamedTuple):
    """Names of the special tokens in a file. None means `<pad>`, `<bos>`, `<eos>` or `<unk>`, if the file has it."""

    pad: str | None = None
    bos: str | None = None
    eos: str | None = None
    unk: str | None = None


USUAL_NAMES = SpecialNames()


class Tokenizer:
    """Converts texts to ids and back. Pickled as path and digest; each process reads the file on first use.

    tokenizer = Tokenizer.load("data/zh_web/1.0.0/tokenizer.json")
    tokenizer.decode(tokenizer.encode("你好 <eos>")) == "你好 <eos>"   # kind bpe, lossless
    """

    def __init__(self, path: str, sha256: str | None = None, names: SpecialNames = USUAL_NAMES) -> None:
        self.path = path
        self._expected_sha256 = sha256
        self._names = names

    @classmethod
    def load(cls, path: str, names: SpecialNames = USUAL_NAMES) -> "Tokenizer":
        """Loads a tokenizer from a file immediately. Raises InputError or FormatError."""
        tokenizer = cls(path, names=names)
        tokenizer._tree  # noqa: B018 - an invalid file must fail here
        return tokenizer

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[str, str, SpecialNames]]:
        return Tokenizer, (self.path, self.sha256, self._names)

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text (any string that can be encoded as UTF-8), without special tokens around it."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text. Kind `bpe` uses all cores unless TOKENIZERS_PARALLELISM=false is set."""
        if self.kind == "word":
            get, unk = self._word_ids.get, self.ids.unk
            return [[get(word, unk) for word in self._split(text)] for text in texts]
        return [encoding.ids for encoding in self._bpe.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, ids: Iterable[int]) -> str:
        """Decodes ids to text. Special tokens appear by name. Words are joined by spaces, except in Chinese."""
        if self.kind == "word":
            return _BLANK_IN_CJK.sub("", " ".join(self._tokens[i] for i in ids))
        text: str = self._bpe.decode(list(ids), skip_special_tokens=False)
        return text

    @property
    def kind(self) -> Literal["bpe", "word"]:
        """`bpe` or `word`."""
        return "bpe" if self._tree["model"]["type"] == "BPE" else "word"

    @property
    def lossless(self) -> bool:
        """Whether decoding restores every text exactly, so that bits per byte can be computed."""
        return self.kind == "bpe" and _is_lossless(self._tree)

    @property
    def vocab_size(self) -> int:
        """Number of ids including special tokens; one more than in the file if it has no `pad`."""
        return max(len(self._tokens), self.pad + 1)

    @property
    def tokens(self) -> list[str]:
        """Tokens as written in the file, in id order; for kind `word` they are words."""
        return self._tokens

    @property
    def pad(self) -> int:
        """Id of padding. Without a token for it, the id after the last token."""
        pad = self._id("pad")
        return len(self._tokens) if pad is None else pad

    @property
    def ids(self) -> SpecialIds:
        """The special ids: pad 0, bos 1, eos 2, unk 3 in our files.

        If a file has no bos, eos is used as bos; if it has no unk, unk is the id of pad. Raises ConfigError if a name
        is not in the file, if there is no eos, and if pad and eos are the same token.
        """
        eos, bos, unk = self._id("eos"), self._id("bos"), self._id("unk")
        if eos is None:
            raise ConfigError(
                f"The tokenizer {self.path} has no <eos>. Name the token that ends a document with --eos; its special "
                f"tokens are {self._special_list()}."
            )
        if eos == self.pad:
            raise ConfigError(
                f"--pad and --eos are both {self._tokens[eos]}, but padding is never trained on. Omit --pad: "
                "consecutive ends in ids count as one."
            )
        return SpecialIds(pad=self.pad, bos=eos if bos is None else bos, eos=eos, unk=self.pad if unk is None else unk)

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, in hex."""
        return hashlib.sha256(self._data).hexdigest()

    @functools.cached_property
    def token_bytes(self) -> NDArray[np.int32]:
        """UTF-8 bytes of each token, [vocab_size]; 0 for special tokens."""
        special = {token["content"] for token in self._tree["added_tokens"] if token["special"]} | {*self._names}
        encode = _decoded if self.kind == "bpe" else str.encode
        table = np.zeros(self.vocab_size, dtype=np.int32)
        table[: len(self._tokens)] = [0 if token in special else len(encode(token)) for token in self._tokens]
        return table

    @functools.cached_property
    def _data(self) -> bytes:
        data = storage.read_bytes(self.path)
        sha256 = hashlib.sha256(data).hexdigest()
        if self._expected_sha256 not in (None, sha256):
            raise FormatError(
                f"The tokenizer {self.path} has sha256 {sha256}, expected {self._expected_sha256}: it was "
                "changed while in use. Run the stage again."
            )
        return data

    @functools.cached_property
    def _tree(self) -> dict[str, Any]:
        return _checked_tree(self._data, self.path)

    @functools.cached_property
    def _vocabulary(self) -> dict[str, int]:
        return _vocabulary(self._tree)

    @functools.cached_property
    def _tokens(self) -> list[str]:
        return sorted(self._vocabulary, key=self._vocabulary.__getitem__)

    def _id(self, field: Literal["pad", "bos", "eos", "unk"]) -> int | None:
        name: str | None = getattr(self._names, field)
        if name is not None and name not in self._vocabulary:
            raise ConfigError(
                f"The tokenizer {self.path} has no token {name!r} for --{field}; its special tokens are "
                f"{self._special_list()}."
            )
        return self._vocabulary.get(f"<{field}>" if name is None else name)

    def _special_list(self) -> str:
        found = [token["content"] for token in self._tree["added_tokens"] if token["special"]]
        return ", ".join(found[:10]) + (", …" if len(found) > 10 else "") if found else "none"

    @functools.cached_property
    def _word_ids(self) -> dict[str, int]:
        reserved = ("<pad>", "<bos>", "<eos>")
        return {word: i for i, word in enumerate(self._tokens) if word not in reserved}

    @property
    def _split(self) -> Callable[[str], list[str]]:
        return words_by_script if self._tree["pre_tokenizer"] is None else str.split

    @functools.cached_property
    def _bpe(self) -> Any:
        backend = _tokenizers().Tokenizer.from_str(self._data.decode())
        backend.encode_special_tokens = True  # not stored in the file; makes `<eos>` in a text five characters
        return backend


def train_tokenizer(
    texts: Iterable[str], config: TokenizerConfig, words: Literal["script", "whitespace"] = "script"
) -> bytes:
    """Trains a tokenizer on `texts`, read once in order, and returns its `tokenizer.json`.

    Equal texts give equal bytes.
    config: kind, vocab_size (including special tokens; fewer if the texts do not have enough) and min_frequency.
    words: word segmentation for kind `word`, see `segment`. Ids are by descending frequency, ties by code point order.
    Raises ConfigError if the vocabulary is too small for the byte alphabet.
    """
    if config.kind == "word":
        return _train_words(texts, config, words)
    smallest = len(SPECIALS) + len(BYTE_OF)
    if not smallest <= config.vocab_size:
        raise ConfigError(
            f"tokenizer.vocab_size = {config.vocab_size} is too small for kind bpe, which needs {smallest} for the "
            "special tokens and all bytes; increase it, for example to 32000."
        )
    return _train_bpe(texts, config)


def save_tokenizer(directory: str, data: bytes, names: SpecialNames = USUAL_NAMES) -> tuple[TokenizerFile, NamedFile]:
    """Writes `tokenizer.json` and its table `token_bytes.npy`. Returns their manifest entries."""
    path = storage.join(directory, TOKENIZER)
    storage.write_atomic(path, data)
    tokenizer = Tokenizer.load(path, names)
    table = io.BytesIO()
    np.save(table, tokenizer.token_bytes)
    storage.write_atomic(storage.join(directory, TOKEN_BYTES), table.getvalue())
    return (
        TokenizerFile(file=TOKENIZER, sha256=tokenizer.sha256, kind=tokenizer.kind, lossless=tokenizer.lossless),
        NamedFile(file=TOKEN_BYTES, sha256=hashlib.sha256(table.getvalue()).hexdigest()),
    )


def _train_bpe(texts: Iterable[str], config: TokenizerConfig) -> bytes:
    tokenizers = _tokenizers()
    backend = tokenizers.Tokenizer(tokenizers.models.BPE())
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        min_frequency=config.min_frequency,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    data: str = backend.to_str()
    return data.encode()


def _train_words(texts: Iterable[str], config: TokenizerConfig, words: Literal["script", "whitespace"]) -> bytes:
    split: Callable[[str], list[str]] = words_by_script if words == "script" else str.split
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split(text))
    room = max(0, config.vocab_size - len(SPECIALS))
    frequent = [word for word, n in counts.items() if n >= config.min_frequency and word not in SPECIALS]
    frequent.sort(key=lambda word: (-counts[word], word))
    tree = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(i, name) for i, name in enumerate(SPECIALS)],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"} if words == "whitespace" else None,
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: i for i, word in enumerate((*SPECIALS, *frequent[:room]))},
            "unk_token": "<unk>",
        },
    }
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def _added(token_id: int, name: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token_id, "content": name, **flags, "special": True}


def _checked_tree(data: bytes, path: str) -> dict[str, Any]:
    """Parses the JSON of a tokenizer supported by this module. Raises FormatError for any other."""
    try:
        tree: dict[str, Any] = msgspec.json.decode(data)
        problem = _problem(tree)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as e:
        raise FormatError(f"{path} is not a tokenizer.json: {e!r}. Train one with `sluice pack`.") from e
    if problem:
        raise FormatError(f"The tokenizer {path} cannot be used: {problem}. Train one with `sluice pack`.")
    return tree


def _problem(tree: dict[str, Any]) -> str | None:
    """Returns why a tokenizer is of neither kind, or None."""
    model, split, decoder = tree["model"]["type"], tree["pre_tokenizer"], tree["decoder"]
    is_word = model == "WordLevel"
    if not (_is_words(tree) if is_word else _is_byte_level(tree)):
        return f"its model {model} with pre-tokenizer {split} and decoder {decoder} is neither byte-level BPE nor words"
    # a normalizer makes byte-level BPE lossy, see `_is_lossless`
    if tree.get("truncation") or tree.get("padding") or (is_word and tree.get("normalizer")):
        return "it changes text before splitting it (normalizer, truncation or padding)"
    specials = [(token["content"], token["id"]) for token in tree["added_tokens"]]
    if is_word and specials != [(name, i) for i, name in enumerate(SPECIALS)]:
        return f"its added tokens are not {', '.join(SPECIALS)} with ids 0 to 3"
    vocabulary = _vocabulary(tree)
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        return "its ids are not 0, 1, 2, ... without gaps"
    return None


def _vocabulary(tree: dict[str, Any]) -> dict[str, int]:
    """Ids by token. Added tokens are in the vocabulary of the model or have ids beyond it."""
    return {**tree["model"]["vocab"], **{token["content"]: token["id"] for token in tree["added_tokens"]}}


def _cuts(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The pre-tokenizers in order."""
    split = tree["pre_tokenizer"]
    if split is None:
        return []
    cuts: list[dict[str, Any]] = split["pretokenizers"] if split["type"] == "Sequence" else [split]
    return cuts


def _is_words(tree: dict[str, Any]) -> bool:
    return [cut["type"] for cut in _cuts(tree)] in ([], ["WhitespaceSplit"])


def _is_byte_level(tree: dict[str, Any]) -> bool:
    """Whether tokens are sequences of bytes, each byte written as one character."""
    model, cuts, decoder = tree["model"], _cuts(tree), tree["decoder"]
    marks = model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    types = [part and part["type"] for part in (model, *cuts[-1:], decoder)]
    return types == ["BPE", "ByteLevel", "ByteLevel"] and not marks


def _is_lossless(tree: dict[str, Any]) -> bool:
    """Whether byte-level BPE preserves every text: no normalizer, no dropped characters, a token for each byte."""
    added = [token for token in tree["added_tokens"] if not token["special"]]
    return (
        not tree.get("normalizer")
        and all(cut["type"] in LOSSLESS_CUTS and cut.get("behavior") != "Removed" for cut in _cuts(tree))
        and not any(cut.get("add_prefix_space") for cut in _cuts(tree))
        and not any(token["lstrip"] or token["rstrip"] for token in added)
        and all(_decoded(token["content"]) == token["content"].encode() for token in added)
        and BYTE_OF.keys() <= tree["model"]["vocab"].keys()
    )


def _decoded(token: str) -> bytes:
    """Decodes a token of byte-level BPE; added tokens that are not bytes are returned unchanged."""
    try:
        return bytes([BYTE_OF[character] for character in token])
    except KeyError:
        return token.encode()


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError as e:
        raise InputError("Kind bpe needs Hugging Face's tokenizers: pip install 'sluice[tokenizers]'.") from e
    return tokenizers

"""Tokenizers: byte-level BPE, which loses nothing, and words with `<unk>`, for word perplexity.

Both live in one `tokenizer.json` of Hugging Face's format, and everything `Tokenizer` needs is in that file:
model BPE is kind `bpe`; model WordLevel is kind `word`, cut at white space when its pre-tokenizer is
WhitespaceSplit, and with `segment.words_by_script` when it has none. The special tokens take ids 0 to 3.
Text is never taken for a special token; only `<unk>` as a word of a word-level text is the unknown word.
"""

import functools
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from sluice.core import config
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data import storage
from sluice.data.manifest import NamedFile, SpecialIds, TokenizerFile
from sluice.data.segment import HAN, words_by_script

TOKENIZER, TOKEN_BYTES = "tokenizer.json", "token_bytes.npy"
SPECIALS = ("<pad>", "<bos>", "<eos>", "<unk>")
BYTE_ALPHABET = 256
CJK = HAN + "\u3000-\u303f\uff00-\uffef"
"""Han characters, ideographic punctuation and full-width forms: written without blanks between them."""
_BLANK_IN_CJK = re.compile(f"(?<=[{CJK}]) (?=[{CJK}])")


class Tokenizer:
    """Texts to ids and back. Pickles as its path and digest; the file is read on first use in each process.

    tokenizer = Tokenizer.load("data/zh_web/1.0.0/tokenizer.json")
    tokenizer.decode(tokenizer.encode("你好 <eos>")) == "你好 <eos>"   # kind bpe
    """

    def __init__(self, path: str, sha256: str | None = None) -> None:
        self.path = path
        self._expected_sha256 = sha256

    @classmethod
    def load(cls, path: str) -> "Tokenizer":
        """The tokenizer in a file, read at once. Raises InputError or FormatError when that cannot be."""
        tokenizer = cls(path)
        tokenizer._tree  # noqa: B018 - a wrong file shall fail here
        return tokenizer

    def __reduce__(self) -> tuple[type["Tokenizer"], tuple[str, str]]:
        return Tokenizer, (self.path, self.sha256)

    def encode(self, text: str) -> list[int]:
        """The ids of a text (any string that has a UTF-8 form), without special tokens around it."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of each text. Kind `bpe` uses all cores unless TOKENIZERS_PARALLELISM=false is set."""
        if self.kind == "word":
            get, unk = self._word_ids.get, self.ids.unk
            return [[get(word, unk) for word in self._split(text)] for text in texts]
        return [encoding.ids for encoding in self._bpe.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; special tokens appear by name. Words are joined by blanks, except in Chinese."""
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
        """Whether decoding gives every text back, so that bits per byte can be computed."""
        return self.kind == "bpe"

    @property
    def vocab_size(self) -> int:
        """Number of ids, special tokens included."""
        return len(self._tokens)

    @property
    def tokens(self) -> list[str]:
        """The tokens as they stand in the file, by their ids; those of kind `word` are words."""
        return self._tokens

    @property
    def ids(self) -> SpecialIds:
        """pad 0, bos 1, eos 2, unk 3."""
        return SpecialIds()

    @property
    def sha256(self) -> str:
        """Of the file, in hex."""
        return hashlib.sha256(self._data).hexdigest()

    @functools.cached_property
    def token_bytes(self) -> NDArray[np.int32]:
        """UTF-8 bytes that each token stands for, [vocab_size]; 0 for special tokens."""
        # a token of byte-level BPE is written with one character per byte
        sizes = [len(token) if self.kind == "bpe" else len(token.encode()) for token in self._tokens]
        return np.array([0] * len(SPECIALS) + sizes[len(SPECIALS) :], dtype=np.int32)

    @functools.cached_property
    def _data(self) -> bytes:
        data = storage.read_bytes(self.path)
        sha256 = hashlib.sha256(data).hexdigest()
        if self._expected_sha256 not in (None, sha256):
            raise FormatError(
                f"The tokenizer {self.path} has sha256 {sha256}, but {self._expected_sha256} was expected: it was "
                "changed while in use. Run the stage again."
            )
        return data

    @functools.cached_property
    def _tree(self) -> dict[str, Any]:
        return _checked_tree(self._data, self.path)

    @functools.cached_property
    def _tokens(self) -> list[str]:
        vocabulary = self._tree["model"]["vocab"]
        return sorted(vocabulary, key=vocabulary.__getitem__)

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
        backend.encode_special_tokens = True  # not stored in the file: `<eos>` in a text is five characters
        return backend


def train_tokenizer(
    texts: Iterable[str], config: config.Tokenizer, words: Literal["script", "whitespace"] = "script"
) -> bytes:
    """The bytes of a `tokenizer.json` trained on `texts`, read once in order; equal texts give equal bytes.

    config: kind, vocab_size (with the special tokens; less when the texts have less) and min_frequency.
    words: how kind `word` finds words, see `segment`; ids then fall with frequency, ties in code point order.
    Raises ConfigError for a vocabulary too small for the alphabet of bytes.
    """
    if config.kind == "word":
        return _train_words(texts, config, words)
    smallest = len(SPECIALS) + BYTE_ALPHABET
    if not smallest <= config.vocab_size:
        raise ConfigError(
            f"tokenizer.vocab_size = {config.vocab_size} is too small for kind bpe, which needs {smallest} for the "
            "special tokens and all bytes; choose more, 32000 for example."
        )
    return _train_bpe(texts, config)


def save_tokenizer(directory: str, data: bytes) -> tuple[TokenizerFile, NamedFile]:
    """Writes `tokenizer.json` and its table `token_bytes.npy` and returns what a manifest says of them."""
    path = storage.join(directory, TOKENIZER)
    storage.write_atomic(path, data)
    tokenizer = Tokenizer.load(path)
    table = io.BytesIO()
    np.save(table, tokenizer.token_bytes)
    storage.write_atomic(storage.join(directory, TOKEN_BYTES), table.getvalue())
    return (
        TokenizerFile(file=TOKENIZER, sha256=tokenizer.sha256, kind=tokenizer.kind, lossless=tokenizer.lossless),
        NamedFile(file=TOKEN_BYTES, sha256=hashlib.sha256(table.getvalue()).hexdigest()),
    )


def _train_bpe(texts: Iterable[str], config: config.Tokenizer) -> bytes:
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


def _train_words(texts: Iterable[str], config: config.Tokenizer, words: Literal["script", "whitespace"]) -> bytes:
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
    """The JSON of a tokenizer that behaves as this module promises. Raises FormatError for any other."""
    try:
        tree = msgspec.json.decode(data)
        model, split, added = tree["model"], tree["pre_tokenizer"], tree["added_tokens"]
        vocabulary: dict[str, int] = model["vocab"]
        known = {
            "BPE": split is not None and split["type"] == "ByteLevel" and not split["add_prefix_space"],
            "WordLevel": split is None or split["type"] == "WhitespaceSplit",
        }
        problems = {
            f"its model {model['type']} with pre-tokenizer {split} is neither byte-level BPE nor words": not known.get(
                model["type"], False
            ),
            "it changes text before cutting it (normalizer, truncation or padding)": any(
                tree.get(part) for part in ("normalizer", "truncation", "padding")
            ),
            f"its added tokens are not {', '.join(SPECIALS)} with ids 0 to 3": [(t["content"], t["id"]) for t in added]
            != [(name, i) for i, name in enumerate(SPECIALS)],
            "its ids are not 0, 1, 2, ... without gaps, special tokens first": sorted(vocabulary.values())
            != list(range(len(vocabulary)))
            or [vocabulary.get(name) for name in SPECIALS] != [0, 1, 2, 3],
        }
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as e:
        raise FormatError(f"{path} is not a tokenizer.json: {e!r}. Train one with `sluice pack`.") from e
    for problem, holds in problems.items():
        if holds:
            raise FormatError(f"The tokenizer {path} cannot be used: {problem}. Train one with `sluice pack`.")
    checked: dict[str, Any] = tree
    return checked


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError as e:
        raise InputError("Kind bpe needs Hugging Face's tokenizers: pip install 'sluice[tokenizers]'.") from e
    return tokenizers

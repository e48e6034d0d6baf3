"""Text or token ids to a finished dataset on this machine: tokenizer, TFRecord shards, manifest. No Java, no Spark.

A .txt file is one document, or one document per line with --lines; a .jsonl file holds one per line in --field.
With --ids, files are TFRecords of tf.train.Examples: the int64 list --field is a document, or several parted by <eos>,
and its <pad>s are left out. Any file may be gzipped. Each document is ended by <eos>.

--tokenizer may be byte-level BPE of others, such as GPT-2's. Its special tokens are named by --pad, --bos, --eos, --unk
where they are not <pad>, <bos>, <eos>, <unk>. Without one for padding, an id after all others is that.

FILE...                  documents go to train, valid and test by a hash of what they hold, in hash order
--train ... --valid ...  the splits as given, in the order of the files

examples:
  sluice pack notes/*.txt --output data --name notes
  sluice pack --train ptb.train.txt.gz --valid ptb.valid.txt.gz --test ptb.test.txt.gz --lines \\
      --kind word --words whitespace --seq-len 35 --output data --name ptb
  sluice pack --ids --train a.tfrecord b.tfrecord --valid c.tfrecord --tokenizer gpt2/tokenizer.json \\
      --eos '<|endoftext|>' --output data --name web
"""

import argparse
import functools
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sluice.core import log
from sluice.core.config.dataset import ShardsConfig, TokenizerConfig
from sluice.core.config.load import digest
from sluice.core.errors import ConfigError, InputError
from sluice.core.ids import mix64, text_digest
from sluice.core.progress import Bar, advancing, progress_bar
from sluice.data import storage
from sluice.data.dataset.manifest import MANIFEST, Shard, dataset_directory, token_dtype
from sluice.data.dataset.token_examples import documents, iter_ids
from sluice.data.dataset.tokenizer import SpecialNames, Tokenizer, save_tokenizer, train_tokenizer
from sluice.data.dataset.verify import summary
from sluice.data.dataset.writer import DatasetPlan, commit_dataset, shard_name, write_shard
from sluice.data.sources.texts import iter_texts

LOG = logging.getLogger("sluice.pack")
SPLITS = ("train", "valid", "test")
PIECE_CHARS = 1 << 20
"""Texts are handed to the tokenizer in batches of about this size, and longer ones in parts that end with a line."""
NO_LIMIT = (1 << 31) - 1
"""Vocabulary size for word vocabularies of whatever the text holds."""

Document = Any
"""Its text, or as bytes its ids, int32; all documents of a dataset are one or the other."""
Documents = Callable[[], Iterator[Document]]
EncodedDocument = tuple[NDArray[np.int32], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds inputs, output, tokenizer and shard options."""
    default_shards, default_tokenizer = ShardsConfig(), TokenizerConfig()
    parser.add_argument("files", nargs="*", metavar="FILE", help="documents to split by hash")
    for split in SPLITS:
        parser.add_argument(f"--{split}", nargs="+", default=[], metavar="FILE", help=f"documents of the {split} split")
    parser.add_argument("--lines", action="store_true", help="each line of a text file is a document")
    parser.add_argument("--ids", action="store_true", help="files are TFRecords of Examples with token ids")
    parser.add_argument(
        "--field", help="field of a JSON line that holds the text (text), or of an Example that holds ids (input_ids)"
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="the dataset goes to DIR/NAME/VERSION")
    parser.add_argument("--name", required=True, help="letters, digits and underscores")
    parser.add_argument("--version", default="1.0.0", metavar="X.Y.Z", help="version of the dataset (1.0.0)")
    parser.add_argument("--tokenizer", metavar="FILE", help="use this tokenizer.json instead of training one")
    for field in SpecialNames._fields:
        parser.add_argument(f"--{field}", metavar="TOKEN", help=f"what --tokenizer calls <{field}>")
    parser.add_argument("--kind", choices=("bpe", "word"), default="bpe", help="kind to train on train (bpe)")
    parser.add_argument(
        "--words", choices=("script", "whitespace"), default="script", help="how kind word finds words (script)"
    )
    parser.add_argument(
        "--vocab-size",
        type=_positive,
        help=f"with the 4 special tokens (bpe {default_tokenizer.vocab_size}; word: all words)",
    )
    parser.add_argument("--min-frequency", type=_positive, help="rarer pairs or words get no entry (bpe 2, word 1)")
    parser.add_argument(
        "--seq-len",
        type=_positive,
        default=default_shards.seq_len,
        help=f"tokens per record ({default_shards.seq_len})",
    )
    parser.add_argument("--shards", type=_positive, default=1, metavar="N", help="train shards, with FILE... only (1)")
    parser.add_argument("--add-bos", action="store_true", help="begin each document with <bos>")
    for split in SPLITS[1:]:
        fraction = getattr(default_shards, f"{split}_fraction")
        parser.add_argument(
            f"--{split}-fraction",
            type=float,
            default=fraction,
            help=f"share of FILE... that goes to {split} ({fraction})",
        )
    parser.add_argument("--seed", type=int, default=default_shards.seed, help="of split, shard and order (0)")


def run(options: argparse.Namespace) -> int:
    """Packs and prints where the dataset is and what it holds."""
    log.set_up("info")
    directory = dataset_directory(options.output, options.name, options.version)
    if storage.exists(storage.join(directory, MANIFEST)):
        raise ConfigError(
            f"{directory} holds a finished dataset already. Choose another --version, or delete it first."
        )
    padding: Counter[str] = Counter()
    splits = _splits(options, _reader(options, padding))
    settings, data = _tokenizer(options, splits["train"])
    tokenizer_file, token_bytes = save_tokenizer(directory, data, _names(options))
    tokenizer = Tokenizer.load(storage.join(directory, tokenizer_file.file), _names(options))
    LOG.info("tokenizer: kind %s, %s tokens", tokenizer.kind, f"{tokenizer.vocab_size:,}")
    num_shards = {split: options.shards if split == "train" else 1 for split in splits}
    with progress_bar("pack", unit="documents") as bar:
        shards = [
            _write(
                storage.join(directory, shard_name(split, i, n)),
                _of_shard(read, i, n, options),
                tokenizer,
                options,
                bar,
            )
            for (split, read), n in zip(splits.items(), num_shards.values(), strict=True)
            for i in range(n)
        ]
    plan = DatasetPlan(
        name=options.name,
        version=options.version,
        seq_len=options.seq_len,
        vocab_size=tokenizer.vocab_size,
        ids=tokenizer.ids,
        tokenizer=tokenizer_file,
        token_bytes=token_bytes,
        config_digest=digest({"tokenizer": settings, "pack": _settings_of_shards(options)}),
        num_shards=num_shards,
    )
    manifest = commit_dataset(directory, plan, shards)
    if options.ids:
        LOG.info("%s ids of padding were left out", f"{padding.total():,}")
    print(f"{directory}: {summary(manifest)}")
    return 0


def split_of(document: Document, valid_fraction: float, test_fraction: float, seed: int) -> str:
    """The split of a document, a function of its text or ids: equal documents are in the same split."""
    position = mix64(_key(document), seed) / 2**64
    if position < valid_fraction:
        return "valid"
    return "test" if position < valid_fraction + test_fraction else "train"


def encode_documents(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[EncodedDocument]:
    """Ids and UTF-8 bytes of each text, in order, one batch of about PIECE_CHARS in memory."""
    for batch in _batches(texts):
        encoded = iter(tokenizer.encode_batch([piece for text in batch for piece in _pieces(text)]))
        for text in batch:
            parts = [np.array(next(encoded), dtype=np.int32) for _ in _pieces(text)]
            yield np.concatenate(parts), len(text.encode())


def with_utf8_bytes(tokenizer: Tokenizer, documents: Iterable[bytes]) -> Iterator[EncodedDocument]:
    """Ids and UTF-8 bytes of each document of ids, in order."""
    for document in documents:
        ids = np.frombuffer(document, np.int32)
        yield ids, int(tokenizer.token_bytes[ids].sum())


def _reader(options: argparse.Namespace, padding: Counter[str]) -> Callable[[list[str]], Iterator[Document]]:
    """A function that yields the documents of files and counts pad ids by file in `padding`."""
    if not options.ids:
        return functools.partial(_read_texts, lines=options.lines, field=options.field or "text")
    if options.lines or options.add_bos or not options.tokenizer:
        raise ConfigError("--ids needs the --tokenizer that made them, and goes without --lines and --add-bos.")
    tokenizer = Tokenizer.load(options.tokenizer, _names(options))
    return functools.partial(_read_ids, tokenizer=tokenizer, field=options.field or "input_ids", padding=padding)


def _read_texts(files: list[str], *, lines: bool, field: str) -> Iterator[str]:
    for file in files:
        yield from iter_texts(file, lines=lines, field=field)


def _read_ids(files: list[str], *, tokenizer: Tokenizer, field: str, padding: Counter[str]) -> Iterator[bytes]:
    special, known = tokenizer.ids, len(tokenizer.tokens)
    for file in files:
        padding[file] = 0  # a file may be read more than once
        for ids in iter_ids(file, feature=field, vocab_size=known):
            padding[file] += int(np.count_nonzero(ids == special.pad))
            for document in documents(ids, special):
                yield document.astype(np.int32).tobytes()


def _splits(options: argparse.Namespace, read: Callable[[list[str]], Iterator[Document]]) -> dict[str, Documents]:
    """The documents of each split that has any; each can be read again and again."""
    named = {split: getattr(options, split) for split in SPLITS if getattr(options, split)}
    if bool(named) == bool(options.files):
        raise ConfigError("Give either FILE... or --train FILE... with --valid and --test, and not both.")
    if named:
        if "train" not in named or options.shards > 1:
            raise ConfigError("Named splits need --train, and keep their order in one shard each: leave out --shards.")
        return {split: functools.partial(read, files) for split, files in named.items()}
    fractions = options.valid_fraction, options.test_fraction
    if min(fractions) < 0 or sum(fractions) >= 1:
        raise ConfigError(f"--valid-fraction and --test-fraction are {fractions}; both from 0 and below 1 together.")

    def choose(split: str) -> Iterator[Document]:
        return (document for document in read(options.files) if split_of(document, *fractions, options.seed) == split)

    splits: dict[str, Documents] = {split: functools.partial(choose, split) for split in SPLITS}
    found = {split: read_split for split, read_split in splits.items() if any(True for _ in read_split())}
    if "train" not in found:
        raise InputError("The hash left no document for train: too few documents. Name --train files, or use --lines.")
    for split in splits.keys() - found.keys():
        LOG.warning("no document fell to %s; raise --%s-fraction if you need it", split, split)
    return found


def _of_shard(read: Documents, index: int, num_shards: int, options: argparse.Namespace) -> Iterator[Document]:
    return (d for d in read() if num_shards == 1 or mix64(_key(d), options.seed + 1) % num_shards == index)


def _write(path: str, found: Iterator[Document], tokenizer: Tokenizer, options: argparse.Namespace, bar: Bar) -> Shard:
    """Writes one shard. With FILE... its documents are in hash order, so they are held in memory."""
    split = path.rpartition("/")[2].partition("-")[0]
    ordered = _in_hash_order(found, options.seed) if options.files else found
    encode = with_utf8_bytes if options.ids else encode_documents
    shard = write_shard(
        path,
        advancing(encode(tokenizer, ordered), bar),
        seq_len=options.seq_len,
        dtype=token_dtype(tokenizer.vocab_size),
        ids=tokenizer.ids,
        add_bos=options.add_bos,
        pad_tail=split != "train",
    )
    if not shard.records:
        needed = options.seq_len + 1 if split == "train" else 2
        raise InputError(
            f"{shard.path} would have no record: its {shard.docs} documents have {shard.dropped_tokens} tokens, but "
            f"{needed} are needed. Give more documents, a smaller --seq-len, or fewer --shards."
        )
    LOG.info("%s: %s records, %s tokens, %s dropped", shard.path, shard.records, shard.tokens, shard.dropped_tokens)
    return shard


def _in_hash_order(found: Iterator[Document], seed: int) -> list[Document]:
    return sorted(found, key=lambda document: (mix64(_key(document), seed + 2), document))


def _names(options: argparse.Namespace) -> SpecialNames:
    return SpecialNames(**{field: getattr(options, field) for field in SpecialNames._fields})


def _tokenizer(options: argparse.Namespace, texts: Documents) -> tuple[dict[str, object], bytes]:
    """The settings of the tokenizer, for the digest, and its bytes."""
    names = {field: name for field, name in _names(options)._asdict().items() if name is not None}
    if options.tokenizer:
        given = Tokenizer.load(options.tokenizer, _names(options))
        if given.ids.bos == given.ids.eos and options.add_bos:
            raise ConfigError("--add-bos needs a token that only begins documents. Name it by --bos, or leave it out.")
        return {"sha256": given.sha256, **names}, storage.read_bytes(options.tokenizer)
    if names:
        raise ConfigError(f"--{next(iter(names))} names a token of --tokenizer, which is missing.")
    is_word = options.kind == "word"
    settings = TokenizerConfig(
        kind=options.kind,
        vocab_size=options.vocab_size or (NO_LIMIT if is_word else TokenizerConfig().vocab_size),
        min_frequency=options.min_frequency or (1 if is_word else TokenizerConfig().min_frequency),
    )
    sample = texts() if is_word else _sample(texts(), settings.sample_bytes)
    pieces = (piece for text in sample for piece in _pieces(text))
    return {**msgspec.to_builtins(settings), "words": options.words}, train_tokenizer(pieces, settings, options.words)


def _sample(texts: Iterator[str], sample_bytes: int) -> Iterator[str]:
    size = 0
    for text in texts:
        if size >= sample_bytes:
            LOG.warning("the tokenizer is trained on the first %s bytes of train", f"{size:,}")
            return
        size += len(text.encode())
        yield text


def _settings_of_shards(options: argparse.Namespace) -> dict[str, object]:
    names = ("lines", "seq_len", "shards", "add_bos", "valid_fraction", "test_fraction", "seed")
    settings = {name: getattr(options, name) for name in names}
    if options.ids:
        return {**settings, "ids": options.field or "input_ids"}
    return {**settings, "field": options.field or "text"}


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    chars = 0
    for text in texts:
        batch.append(text)
        chars += len(text)
        if chars >= PIECE_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _pieces(text: str) -> Iterator[str]:
    """The text in parts that join up to it again; an empty text is one empty part."""
    start = 0
    while len(text) - start > PIECE_CHARS:
        end = text.find("\n", start + PIECE_CHARS) + 1
        if not end:
            break
        yield text[start:end]
        start = end
    yield text[start:]


def _key(document: Document) -> int:
    digest = text_digest(document) if isinstance(document, str) else hashlib.sha256(document).digest()
    return int.from_bytes(digest[:8], "big")


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a positive number")
    return number

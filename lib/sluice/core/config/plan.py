"""Settings of planning and reading: archives, records, cost estimates, network."""

from typing import Literal

from sluice.core.config.section import CountFloat, CountInt, PositiveFloat, PositiveInt, Section

KIB, MIB = 1 << 10, 1 << 20


class SelectionConfig(Section):
    """Which records of the index to read. A record must meet every condition that is not null."""

    languages: tuple[str, ...] | None = None
    """ISO 639-3 codes as used in the index, for example zho, eng."""
    language_rank: Literal["first", "any"] = "first"
    """The index lists up to three languages per page, by share. `first` checks only the first, `any` all of them."""
    domains: tuple[str, ...] | None = None
    """Registered domains without host names, for example example.co.uk."""
    mimes: tuple[str, ...] | None = None
    """Detected media types, for example text/html, application/xhtml+xml. Extraction processes HTML only."""
    statuses: tuple[CountInt, ...] | None = None
    """HTTP statuses, for example 200."""


class CostConfig(Section):
    """Cost estimates for planning. They do not affect the output. `sluice run plan --probe` measures the rates."""

    core_hour: CountFloat = 0.075
    """Dollars per core-hour."""
    per_1000_requests: CountFloat = 0.0004
    """Dollars per 1,000 GET requests (S3 Standard)."""
    per_gb: CountFloat = 0.0
    """Dollars per 10^9 bytes read; 0 within the bucket's region."""
    read_mb_per_s: PositiveFloat = 100.0
    """Megabytes (10^6 bytes) of an archive that one core fetches and decompresses per second."""
    request_s: CountFloat = 0.05
    """Seconds that one core waits for each request."""
    page_s: PositiveFloat = 0.015
    """Core-seconds per page: extraction, language, signals, signature."""
    pages_per_gb: PositiveFloat = 27_700.0
    """Pages per 10^9 archive bytes, used where no index counts them (Common Crawl, 2024)."""
    archive_bytes: PositiveInt = 1_000_000_000
    """Assumed size in bytes of an archive whose size was not requested."""


class PlanConfig(Section):
    """The archives to read, their grouping into batches, and the records to select."""

    inputs: tuple[str, ...] = ()
    """Archive files, directories (searched recursively), globs (`**` matches any depth) or `*.paths[.gz]` lists: local
    paths, s3://, gs://, hdfs:// or, for files and lists only, https://. Ids follow the sorted order of the full
    list."""
    base_url: str | None = None
    """Prefix for relative lines of lists, for Common Crawl `https://data.commoncrawl.org/`; null: the directory of the
    list."""
    crawl: CountInt = 1
    """Number of the crawl, below 2^19; for Common Crawl year x 100 + week. Part of every document id."""
    batch_warcs: PositiveInt = 512
    """Archives per Spark job. A killed run loses at most one batch of work."""
    sizes: Literal["auto", "ask", "learn"] = "auto"
    """When to get the sizes of remote archives. `ask`: request each before the run. `learn`: when an archive is read.
    `auto`: `ask` for up to 1,000 archives. Sizes of local files are always read before the run."""
    index: tuple[str, ...] | None = None
    """Parquet files, directories or globs of Common Crawl's columnar index (`cc-index-table`, one crawl, subset=warc).
    null: all records are wanted. With an index, document ids are computed from offsets (`core.ids.document_id_at`)."""
    selection: SelectionConfig = SelectionConfig()
    mode: Literal["auto", "scan", "index"] = "auto"
    """How to read archives with wanted records: `scan` reads the whole file, `index` only the wanted ranges, `auto`
    picks the cheaper way for each archive. The documents are the same."""
    cost: CostConfig = CostConfig()


class TransportConfig(Section):
    """Network access to archives. These settings do not affect the output."""

    chunk_bytes: PositiveInt = 8 * MIB
    """Bytes per ranged read. Two ranges are in memory: the current one and the next."""
    requests_per_s: PositiveFloat | None = 4.0
    """Maximum requests per second per process, for all its files together; null: no limit."""
    merge_gap_bytes: CountInt = 256 * KIB
    """Wanted records that are at most this many bytes apart are read in one range of at most `chunk_bytes`."""
    attempts: PositiveInt = 10
    """Attempts per range, each resuming at the first missing byte. After the last, the rest of the file is lost."""
    backoff_s: PositiveFloat = 1.0
    """Minimum pause before a retry, in seconds. Common Crawl asks for at most one retry per second."""
    backoff_max_s: PositiveFloat = 60.0
    """Maximum pause in seconds. The pause doubles, with jitter, up to this; Retry-After is obeyed up to it too."""
    timeout_s: PositiveFloat = 60.0
    """A connection without data for this many seconds is treated as broken."""
    user_agent: str = "sluice (Common Crawl text pipeline)"
    """User-Agent header of requests. Add an address at which you can be reached."""

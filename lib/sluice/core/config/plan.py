"""Settings of planning and reading: which archives and records, their cost, the network."""

from typing import Literal

from sluice.core.config.section import CountFloat, CountInt, PositiveFloat, PositiveInt, Section

KIB, MIB = 1 << 10, 1 << 20


class SelectionConfig(Section):
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


class CostConfig(Section):
    """Cost estimates for planning. They do not affect the output. `sluice run plan --probe` measures the speeds."""

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


class PlanConfig(Section):
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
    selection: SelectionConfig = SelectionConfig()
    mode: Literal["auto", "scan", "index"] = "auto"
    """Archives with wanted records are read whole (`scan`), at the wanted places only (`index`), or as is cheaper for
    each. The documents are the same."""
    cost: CostConfig = CostConfig()


class TransportConfig(Section):
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

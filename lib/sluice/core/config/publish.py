"""Settings of publishing a corpus in the layout of the Hugging Face hub."""

from typing import Literal

from sluice.core.config.section import PositiveInt, Section

DEFAULT_COLUMNS = ("id", "text", "url", "fetched_at", "language", "language_score", "quality_score", "title")


class PublishConfig(Section):
    """The kept documents of a run as a dataset in the layout of the Hugging Face hub (`sluice publish`)."""

    columns: tuple[str, ...] = DEFAULT_COLUMNS
    """Columns in this order; `id` and `text` are required. Others: host, script, variant, author, published, licence,
    licence_by, robots, charset, n_chars, n_bytes, crawl, warc_name, rec_offset, and every signal by its name."""
    file_bytes: PositiveInt = 500_000_000
    """Maximum size of a file in bytes. The number of files is computed from uncompressed sizes, so compressed files are
    about half as large. A file is larger only if `file_bytes` is so small that it holds few documents."""
    formats: tuple[Literal["parquet", "jsonl"], ...] = ("parquet",)
    """`parquet` is required: the hub and croissant.json refer to it. `jsonl` adds JSON lines compressed with zstd."""
    license: str | None = None
    """Licence of the collection as an identifier of the hub (odc-by, cc0-1.0) or a name. null: `other`; the card states
    that the rights in the pages remain with their owners."""
    upload: str | None = None
    """Repository OWNER/NAME on the Hugging Face hub to upload to; null: no upload. The token is read from HF_TOKEN or
    from the file that `hf auth login` writes."""
    private: bool = True
    """Create the repository as private. Publishing a private run to an existing public repository is an error."""

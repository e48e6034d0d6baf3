"""The description of a published dataset in Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html).

Every Parquet file is a FileObject with its SHA-256; a record set per configuration reads them through file sets.
"""

import json
from typing import Any

from sluice.publish.layout import DEFAULT, Column, Dataset, Part

VERSION = "http://mlcommons.org/croissant/1.0"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "rai": "http://mlcommons.org/croissant/RAI/",
}
"""The context of Croissant 1.0, as the package mlcroissant expects it."""

TYPES = {
    "string": "sc:Text",
    "bigint": "sc:Integer",
    "int": "sc:Integer",
    "smallint": "sc:Integer",
    "tinyint": "sc:Integer",
    "double": "sc:Float",
    "float": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:Date",
}
"""Spark's types and Croissant's. Columns of other types (lists, structs) are not described."""


def croissant(dataset: Dataset) -> str:
    """Returns croissant.json. It has no date of publication, so that the same dataset has the same description."""
    groups = [(DEFAULT, dataset.parts)]
    if len(dataset.languages) > 1:
        groups += [
            (language, tuple(part for part in dataset.parts if part.language == language))
            for language in dataset.languages
        ]
    values: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": dataset.name,
        "description": f"{dataset.rows:,} documents in {len(dataset.tables):,} Parquet files; see README.md.",
        **({"version": dataset.version} if dataset.version else {}),
        "license": dataset.license or "The rights in the texts remain with their owners; see README.md.",
        **({"inLanguage": list(dataset.languages)} if dataset.languages else {}),
        "distribution": [
            *({"@type": "cr:FileObject"} | _file(file.path, file.bytes, file.sha256) for file in dataset.tables),
            *(_file_set(name, parts) for name, parts in groups),
        ],
        "recordSet": [_record_set(name, dataset.columns) for name, _ in groups],
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _file(path: str, size: int, sha256: str) -> dict[str, Any]:
    return {
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": sha256,
    }


def _file_set(name: str, parts: tuple[Part, ...]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-{name}",
        "name": f"files-{name}",
        "encodingFormat": "application/x-parquet",
        "includes": [part.pattern for part in parts],
    }


def _record_set(name: str, columns: tuple[Column, ...]) -> dict[str, Any]:
    source = {"fileSet": {"@id": f"files-{name}"}}
    split = {
        "@type": "cr:Field",
        "@id": f"{name}/split",
        "name": "split",
        "description": "The split, from the name of the file.",
        "dataType": "sc:Text",
        "source": source
        | {"extract": {"fileProperty": "filename"}, "transform": {"regex": r"^(.+)-\d{5}-of-\d{5}\.parquet$"}},
    }
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column.name}",
            "name": column.name,
            "description": column.description or f"Column {column.name}.",
            "dataType": TYPES[column.type],
            "source": source | {"extract": {"column": column.name}},
        }
        for column in columns
        if column.type in TYPES
    ]
    is_described = any(column.name == "split" for column in columns)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [*([] if is_described else [split]), *fields],
    }

"""Spark schemas of the tables defined in `core.records`."""

import msgspec
import pyarrow as pa
from pyspark.sql import types as T

from sluice.data.arrow import arrow_schema

TYPES = {
    pa.bool_(): T.BooleanType(),
    pa.int64(): T.LongType(),
    pa.int32(): T.IntegerType(),
    pa.float64(): T.DoubleType(),
    pa.float32(): T.FloatType(),
    pa.string(): T.StringType(),
    pa.binary(): T.BinaryType(),
    pa.timestamp("us", tz="UTC"): T.TimestampType(),
}


def spark_schema(record: type[msgspec.Struct]) -> T.StructType:
    """Returns the Spark schema of a record type, with columns in field order."""
    return _struct(arrow_schema(record))


def _struct(fields: pa.Schema | pa.StructType) -> T.StructType:
    return T.StructType([T.StructField(field.name, _data_type(field.type), field.nullable) for field in fields])


def _data_type(arrow: pa.DataType) -> T.DataType:
    if pa.types.is_list(arrow):
        return T.ArrayType(_data_type(arrow.value_type))
    return _struct(arrow) if pa.types.is_struct(arrow) else TYPES[arrow]

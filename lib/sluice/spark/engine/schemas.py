"""Spark schemas of the tables defined in `core.records`, and conversion of schemas from and to Arrow's.

PySpark's own conversion is not public, and its arguments differ between versions.
"""

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
    return to_spark(arrow_schema(record))


def to_spark(fields: pa.Schema | pa.StructType) -> T.StructType:
    return T.StructType([T.StructField(field.name, _data_type(field.type), field.nullable) for field in fields])


def _data_type(arrow: pa.DataType) -> T.DataType:
    if pa.types.is_list(arrow):
        return T.ArrayType(_data_type(arrow.value_type))
    return to_spark(arrow) if pa.types.is_struct(arrow) else TYPES[arrow]


def to_arrow(schema: T.StructType) -> pa.Schema:
    """Returns the Arrow schema of a Spark schema with the types of `TYPES`, lists and structs."""
    return pa.schema([_field(field) for field in schema])


def _field(field: T.StructField) -> pa.Field:
    return pa.field(field.name, _arrow_type(field.dataType), field.nullable)


def _arrow_type(spark: T.DataType) -> pa.DataType:
    if isinstance(spark, T.ArrayType):
        return pa.list_(pa.field("element", _arrow_type(spark.elementType), spark.containsNull))
    if isinstance(spark, T.StructType):
        return pa.struct([_field(field) for field in spark])
    return next(arrow for arrow, type_ in TYPES.items() if type_ == spark)

"""Scans columns of texts on Spark: as a `pandas_udf`, in Arrow or in pandas, in batches and in streams.

Needs the extra `spark`: `pip install 'genai_guard[spark]'`, here and on the workers. Nothing else of the library imports
this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from genai_guard.batch import scanner
from genai_guard.batch.summary import Summary, summary_of
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import module_of

_functions: Final = module_of("pyspark.sql.functions", extra="spark")
_types: Final = module_of("pyspark.sql.types", extra="spark")
_pandas: Final = module_of("pandas", extra="spark")
_arrow: Final = module_of("pyarrow", extra="spark")

__all__ = ["VERDICT", "Scanner"]

Frame: TypeAlias = Any
"""A `DataFrame` of Spark."""
Column: TypeAlias = Any
"""A `Column` of Spark."""

_LISTS: Final = frozenset({"rules", "categories"})


def _type_of(name: str) -> Any:
    if name in _LISTS:
        return _types.ArrayType(_types.StringType(), containsNull=False)
    return _types.IntegerType() if name == "findings" else _types.StringType()


VERDICT: Final[Any] = _types.StructType([_types.StructField(name, _type_of(name)) for name in Summary._fields])
"""The type of the column that is added: a struct with the fields of `genai_guard.batch.Summary`."""


class Scanner(scanner.Scanner):
    """Scans columns of texts with the guards of a policy.

    It pickles as the policy: Spark sends that to its workers, and each of their processes builds the guards once. What a
    text becomes is a struct of `action`, `text` (what is left of it; null if it must not go on), `findings` (how many),
    `rules`, `categories` and `error`. A null stays null.

    Args, errors and attributes are those of `genai_guard.batch.Scanner`.
    """

    def __call__(self, column: Column) -> Column:
        """Return the column of what the guards say of another: `df.withColumn("scan", scanner("text"))`.

        A value that is not text ends the job with a `ConfigurationError`.

        Args:
            column: A column, or its name.
        """
        texts = _functions.col(column) if isinstance(column, str) else column
        # Not by the function itself, for which a struct of nulls is the most that it can return.
        return _functions.when(texts.isNotNull(), self.pandas_udf()(texts))

    def pandas_udf(self) -> Callable[..., Column]:
        """Return a `pandas_udf` of one column. It makes a struct of nulls out of a null."""

        def scan(texts: Any) -> Any:
            return _pandas.DataFrame(self._rows(texts), columns=Summary._fields)

        scan.__annotations__ = {"texts": _pandas.Series, "return": _pandas.DataFrame}
        udf: Callable[..., Column] = _functions.pandas_udf(scan, VERDICT)
        return udf

    def transform(self, frame: Frame, column: str, *, into: str = "scan") -> Frame:
        """Return a table, or a stream, with one column more, added in Arrow.

        Args:
            frame: The table.
            column: Name of the column of texts.
            into: Name of the new column.

        Raises:
            ConfigurationError: there is no such column of texts, or there is one of the new name.
        """
        return frame.mapInArrow(self.in_arrow(column, into=into), self.schema_of(frame.schema, column, into=into))

    def schema_of(self, schema: Any, column: str, *, into: str = "scan") -> Any:
        """Return the schema of what `in_arrow` and `in_pandas` make of tables.

        Raises:
            ConfigurationError: as for `transform`.
        """
        if column not in schema.names:
            raise ConfigurationError(f"there is no column {column!r}, but {', '.join(schema.names)}")
        found = schema[column].dataType
        if not isinstance(found, _types.StringType):
            raise ConfigurationError(f"the column {column!r} must be one of strings, not {found.simpleString()}")
        if into in schema.names:
            raise ConfigurationError(f"there is a column {into!r} already: choose another name, into=...")
        return _types.StructType([*schema.fields, _types.StructField(into, VERDICT)])

    def in_arrow(self, column: str, *, into: str = "scan") -> Callable[[Iterator[Any]], Iterator[Any]]:
        """Return a function for `mapInArrow`, which adds a column; its schema is that of `schema_of`."""

        def add(batches: Iterator[Any]) -> Iterator[Any]:
            # Made here: types of Arrow do not pickle on every version.
            verdict = _arrow_type()
            for batch in batches:
                names, columns = batch.schema.names, batch.columns
                rows = self._rows(columns[names.index(column)].to_pylist())
                fields = [*batch.schema, _arrow.field(into, verdict)]
                yield _arrow.RecordBatch.from_arrays(
                    [*columns, _arrow.array(_dicts(rows), type=verdict)], schema=_arrow.schema(fields)
                )

        return add

    def in_pandas(self, column: str, *, into: str = "scan") -> Callable[[Iterator[Any]], Iterator[Any]]:
        """Return a function for `mapInPandas`; otherwise like `in_arrow`."""

        def add(frames: Iterator[Any]) -> Iterator[Any]:
            for frame in frames:
                rows = self._rows(frame[column])
                yield frame.assign(**{into: _dicts(rows)})

        return add

    def _rows(self, texts: Iterable[Any]) -> list[Summary]:
        scan = self.scan
        return [_NULL if _is_null(text) else summary_of(scan(text)) for text in texts]


_NULL: Final[Any] = Summary._make((None,) * len(Summary._fields))


def _dicts(rows: Iterable[Summary]) -> list[dict[str, Any] | None]:
    return [None if row is _NULL else row._asdict() for row in rows]


def _is_null(text: Any) -> bool:
    """Pandas writes a null as one of its several values that are none."""
    return text is None or (not isinstance(text, str) and bool(_pandas.isna(text)))


def _arrow_type() -> Any:
    fields = {
        name: _arrow.list_(_arrow.string())
        if name in _LISTS
        else _arrow.int32()
        if name == "findings"
        else _arrow.string()
        for name in Summary._fields
    }
    return _arrow.struct(list(fields.items()))

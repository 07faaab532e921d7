"""Tables as data frames of polars, and as Parquet; their numbers are those of the CSV, and empty cells are null.

Long tables pass through in parts. Text that is not UTF-8, as in names of files, gets U+FFFD in place of such bytes.
"""

import io
import os
import pathlib

from affect_jax.files.atomic import replace_atomically
from affect_jax.files.paths import expand_home
from affect_jax.quantities.quantity import TEXT
from affect_jax.tables.cells import PARQUET, read_header, require_columns, scan_parquet
from affect_jax.tables.schema import FLAG, INDEX, Schema, read_schema, sidecar


def read_frame(path: pathlib.Path) -> "polars.DataFrame":
    """Reads a table into a data frame; ValueError if it does not fit its schema."""
    return scan(path, read_schema(path)).collect()


def read_table(table: "str | os.PathLike | polars.DataFrame") -> "polars.DataFrame":
    """A table as it is, or from a file: CSV or Parquet, with or without a schema beside it.

    FileNotFoundError, or ValueError for a file that is no table and for what is no data frame of polars.
    """
    import polars

    if isinstance(table, polars.DataFrame):
        return table
    if not isinstance(table, str | os.PathLike):
        raise ValueError(
            f"the table is a {type(table).__name__}; expected a path or a polars.DataFrame, as polars.from_pandas "
            "makes of one of pandas"
        )
    path = pathlib.Path(expand_home(os.fspath(table)))
    if not path.is_file():
        raise FileNotFoundError(f"no table at {path}")
    if sidecar(path).is_file():
        return read_frame(path)
    try:
        if path.suffix == PARQUET:
            return polars.read_parquet(path, glob=False)
        return polars.read_csv(path, infer_schema_length=None, encoding="utf8-lossy", glob=False)
    except polars.exceptions.PolarsError as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def scan(path: pathlib.Path, schema: Schema) -> "polars.LazyFrame":
    """A table that is read when it is used; ValueError if it has other columns than its schema says."""
    import polars

    if path.suffix == PARQUET:
        return scan_parquet(path, schema)
    require_columns(path, read_header(path), schema)
    source = path if is_text(path) else io.BytesIO(path.read_bytes())  # polars takes no other names
    return polars.scan_csv(source, schema=_types(schema), encoding="utf8-lossy", glob=False)


def write_parquet(path: pathlib.Path, schema: Schema, target: pathlib.Path) -> None:
    """Writes a CSV table as Parquet; atomic."""
    with replace_atomically(target) as part, part.open("wb") as file:
        scan(path, schema).sink_parquet(file)


def is_text(path: pathlib.Path) -> bool:
    """Whether the name of a file is UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _types(schema: Schema) -> "dict[str, polars.DataType]":
    import polars

    types = {TEXT: polars.String(), INDEX: polars.Int64(), FLAG: polars.Int64()}
    return {name: types.get(unit, polars.Float64()) for name, unit in schema.units.items()}

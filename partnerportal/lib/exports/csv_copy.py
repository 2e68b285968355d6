"""The writing of rows as CSV by COPY: PostgreSQL writes the lines, and Python sees no row unless it adds words to it.

The file is in UTF-8 with a BOM, so that spreadsheets read it. Its first line has the keys; text is quoted, dates are
ISO, numbers stand as they are.
"""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from psycopg2 import sql

from partnerportal.lib.exports.columns import ExportColumn
from partnerportal.lib.spreadsheet_safety import escape_spreadsheet_cell

BOM = "\ufeff".encode()
AT_A_TIME = 2000  # rows that are held in memory, where Python adds words to them


def build_header_line(columns: tuple[ExportColumn, ...]) -> bytes:
    """Return the first line of the CSV file, with the columns' keys, as UTF-8 bytes after a byte order mark."""
    return BOM + ",".join(column.key for column in columns).encode() + b"\n"


def build_copy_statement(rows: QuerySet[Any], columns: tuple[ExportColumn, ...]) -> str:
    """Return a COPY statement that writes the rows of the queryset as CSV, with the query's parameters filled in.

    COPY itself takes no parameters.
    """
    cells = rows.annotate(**{column.alias: column.value for column in columns})
    query = cells.values_list(*(column.alias for column in columns)).query
    quoted = sql.SQL(", ").join(sql.Identifier(column.alias) for column in columns if column.is_quoted)
    force = sql.SQL(", FORCE_QUOTE ({})").format(quoted) if quoted.seq else sql.SQL("")
    with connection.cursor() as cursor:
        inner = cursor.mogrify(*query.sql_with_params()).decode()
        command = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, ENCODING 'UTF8'{})").format(sql.SQL(inner), force)
        return command.as_string(cursor.connection)


def write_csv(rows: QuerySet[Any], columns: tuple[ExportColumn, ...], file: Any) -> int:
    """Write the rows of the queryset as CSV into a binary file and return their number.

    The caller has written the header line already.
    """
    if any(column.words for column in columns):
        return _write_with_words(rows, columns, file)
    command = build_copy_statement(rows, columns)
    with connection.cursor() as cursor:
        cursor.copy_expert(command, file)
        return int(cursor.rowcount)


def _write_with_words(rows: QuerySet[Any], columns: tuple[ExportColumn, ...], file: Any) -> int:
    """Write the same file row by row, because the words of a column are made in Python. Return how many rows."""
    cells = rows.annotate(**{column.alias: column.value for column in columns if not column.words})
    written = 0
    for row in cells.iterator(AT_A_TIME):
        file.write((",".join(_cell(column, row) for column in columns) + "\n").encode())
        written += 1
    return written


def _cell(column: ExportColumn, row: Any) -> str:
    """Return a cell as COPY would write it: text in quotes, nothing for null."""
    value = escape_spreadsheet_cell(column.words(row)) if column.words else getattr(row, column.alias)
    if value is None:
        return ""
    return '"' + value.replace('"', '""') + '"' if column.is_quoted else str(value)

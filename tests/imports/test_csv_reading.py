"""Files that people make: what is read of them, and which error each hostile one gets, with its row."""

import csv
import io
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partnerportal.lib.imports.csv_reading import LINE_BYTES, CsvReader, UnreadableFile, count_rows
from partnerportal.lib.imports.kinds import write_csv_row
from tests.imports.kinds import SHELF

UTF8_BOM = b"\xef\xbb\xbf"
BIG = b"x" * 10_000_000

GOOD = {
    "plain": b"key,note\na,b\n",
    "a BOM": UTF8_BOM + b"key,note\na,b\n",
    "CRLF": b"key,note\r\na,b\r\n",
    "no end of line": b"key,note\na,b",
    "semicolons": b"key;note\na;b\n",
    "tabs": b"key\tnote\na\tb\n",
    "quotes": b'"key","note"\n"a","b"\n',
    "another order": b"note,key\nb,a\n",
    "capitals and blanks": b" Key , NOTE \n a , b \n",
    "columns of results": b"row,outcome,message,key,note\n2,bad,Why,a,b\n",
    "empty columns at the end": b"key,note,,\na,b,,\n",
    "blank lines": b"key,note\n\n,\n\na,b\n\n",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_file_of_a_spreadsheet_is_read(content: bytes) -> None:
    (row,) = CsvReader(BytesIO(content), SHELF)
    assert (dict(row.values), row.problem) == ({"key": "a", "note": "b"}, "")


def test_rows_are_numbered_as_in_a_spreadsheet() -> None:
    rows = CsvReader(BytesIO(b'key,note\n\na,"two\nlines"\n\nb,\n'), SHELF)
    assert [(row.number, row.values["key"]) for row in rows] == [(3, "a"), (5, "b")]


UNREADABLE = {  # content -> code, and what its message says
    "nothing": (b"", "empty", "first row is blank"),
    "a BOM alone": (UTF8_BOM, "empty", "first row is blank"),
    "a blank head": (b"\n\na,b\n", "empty", "first row is blank"),
    "a head alone": (b"key,note\n", "no_rows", "no rows"),
    "a head and blank rows": (b"key,note\n,\n\n", "no_rows", "no rows"),
    "no head": (b"a,b\nc,d\n", "no_header", "key, note"),
    "a missing column": (b"note\na\n", "missing_column", "“key” is missing"),
    "an unknown column": (b"key,colour\na,red\n", "unknown_column", "“colour” is unknown"),
    "a nameless column": (b"key,,note\na,,b\n", "unknown_column", "Column 2 has no name"),
    "a column twice": (b"key,note,KEY\na,b,c\n", "duplicate_column", "“KEY” appears twice"),
    "columns without end": (b"key," + b"note," * 60_000 + b"\na\n", "too_long", "Row 1"),
    "many columns": (b"key" + b",row" * 90 + b",outcome" * 90 + b"\na\n", "duplicate_column", "twice"),
    "a heading of control characters": (b"key,\x1b[2J\na,b\n", "unknown_column", "\\x1b[2J"),
    "a heading that turns the text": ("key,\u202eeton\na,b\n".encode(), "unknown_column", "\\u202e"),
    "NUL in the head": (b"key,no\0te\na,b\n", "binary", "Row 1"),
    "NUL": (b"key,note\na,b\nc,\0\n", "binary", "Row 3"),
    "UTF-16": ("key,note\na,b\n".encode("utf-16"), "not_utf8", "UTF-16"),
    "UTF-16 of the other end": (b"\xfe\xff" + "key,note\n".encode("utf-16-be"), "not_utf8", "UTF-16"),
    "UTF-16 without a BOM": ("key,note\na,b\n".encode("utf-16-le"), "binary", "Row 1"),
    "UTF-32": ("key,note\na,b\n".encode("utf-32"), "not_utf8", "UTF-16"),
    "Latin-1": ("key,note\na,b\nc,é\n".encode("latin-1"), "not_utf8", "Row 3"),
    "Shift-JIS": ("key,note\n鍵,b\n".encode("shift-jis"), "not_utf8", "Row 2"),
    "half a character": (b"key,note\na,\xe3\x81\n", "not_utf8", "Row 2"),
    "overlong NUL": (b"key,note\na,\xc0\x80\n", "not_utf8", "Row 2"),
    "a surrogate": (b"key,note\na,\xed\xa0\x80\n", "not_utf8", "Row 2"),
    "a workbook": (b"PK\x03\x04\x14\0\x06\0" + BIG[:1000], "archive", "workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "archive", "workbook"),
    "gzip": (b"\x1f\x8b\x08\0" + BIG[:1000], "archive", "archive"),
    "a PDF": (b"%PDF-1.7\n", "archive", "PDF"),
    "an open quote": (b'key,note\na,b\nc,"d\ne,f\n', "bad_quotes", "Row 3"),
    "an open quote before much": (b'key,note\nc,"d\n' + b"e,f\n" * 100_000, "bad_quotes", "Row 2"),
    "a quote within": (b'key,note\n"a"b,c\n', "bad_quotes", "Row 2"),
    "an open quote in the head": (b'key,"note\na,b\n', "bad_quotes", "Row 1"),
    "a cell of 10 MB": (b"key,note\na," + BIG + b"\n", "too_long", "Row 2"),
    "a quoted cell of 10 MB": (b'key,note\na,"' + b"x\n" * 5_000_000 + b'"\n', "bad_quotes", "Row 2"),
    "a head of 10 MB": (BIG, "too_long", "Row 1"),
    "one line of commas": (b"key,note\n" + b"," * LINE_BYTES + b"\n", "too_long", "Row 2"),
    "too many rows": (b"key\n" + b"a\n" * 100_001, "too_many_rows", "before row 100,002"),
    "lines that end in CR alone": (b"key,note\ra,b\rc,d\r", "bad_quotes", "Row 1"),
    "HTML": (b"<!DOCTYPE html>\n<p>key,note</p>\n", "no_header", "key, note"),
    "JSON": (b'[{"key": "a"}]', "no_header", "key, note"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_clear_error(name: str) -> None:
    content, code, part = UNREADABLE[name]
    with pytest.raises(UnreadableFile) as refused:
        count_rows(BytesIO(content), SHELF)
    assert (refused.value.code, part in str(refused.value.message)) == (code, True), refused.value.message
    assert len(str(refused.value.message)) < 200


BAD_ROWS = {
    "more cells than headings": (b"a,b,c", "more cells"),
    "a required cell that is empty": (b",b", "“key” is empty"),
    "a required cell of blanks": ("\u00a0 ,b".encode(), "“key” is empty"),
    "a long cell": (b"a," + b"x" * 2001, "longer than 2,000"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_row_that_is_wrong_does_not_stop_the_others(name: str) -> None:
    content, part = BAD_ROWS[name]
    rows = list(CsvReader(BytesIO(b"key,note\n" + content + b"\nnext,one\n"), SHELF))
    assert part in str(rows[0].problem) and rows[0].number == 2
    assert (rows[1].number, rows[1].problem, rows[1].values["key"]) == (3, "", "next")


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | st.sampled_from(
    ["=1", "'=1", "''=1", " =1", "' =1", "-", "'", "''", "＝x", "\t1", "'\u3000@"]
)


@example([("a\rb", "c"), ("d", '\r\n"e')])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_what_is_written_is_read_again(cells: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    write_csv_row(file, ["key", "note"])
    for row in cells:
        write_csv_row(file, row)
    read = {row.number: tuple(row.values.values()) for row in CsvReader(BytesIO(file.getvalue().encode()), SHELF)}
    numbered = dict(enumerate(cells, start=2))
    assert read == {
        number: (key.strip(), note.strip()) for number, (key, note) in numbered.items() if key.strip() or note.strip()
    }


def test_the_template_is_a_file_that_can_be_imported() -> None:
    (row,) = CsvReader(BytesIO(SHELF.build_template()), SHELF)
    assert (row.problem, dict(row.values)) == ("", {"key": "A-1", "note": "=1+1"})
    assert b"'=1+1" in SHELF.build_template()
    assert next(csv.reader([SHELF.build_template().decode("utf-8-sig").splitlines()[0]])) == ["key", "note"]

"""Files that no import may stumble over, made for any kind from its columns and a row that would be fine.

Each says where its error lies: the row that the error names, and the column, or part of a heading.
"""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
NO_UTF8 = {
    "half a character": b"\xe3\x81",
    "an overlong NUL": b"\xc0\x80",
    "a surrogate": b"\xed\xa0\x80",
    "bytes of no text": b"\xfe\xff",
}


@dataclass(frozen=True)
class HostileFile:
    """A file, the number of the row that its error names (0: none), and what the error names besides."""

    name: str
    content: bytes
    row: int = 0
    part: str = ""


@dataclass(frozen=True)
class Table:
    """What a kind of import takes: its columns, each with a value that is fine, and how many rows."""

    good: Mapping[str, str]
    required: tuple[str, ...]
    max_rows: int

    def head(self, *more: str, without: str = "") -> str:
        return ",".join([*(name for name in self.good if name != without), *more])

    def line(self, **changes: str) -> str:
        return ",".join(_quote(value) for value in {**self.good, **changes}.values())

    def file(self, *lines: str) -> bytes:
        return "\n".join([self.head(), *lines, ""]).encode()


def _quote(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if set(cell) & set(',"\r\n') else cell


def make_files(table: Table) -> Iterator[HostileFile]:
    """Yield files that are wrong as a whole, or from some row on."""
    yield from _empty_ones(table)
    yield from _other_types(table)
    yield from _other_encodings(table)
    yield from _wrong_heads(table)
    yield from _broken_rows(table)


def _empty_ones(table: Table) -> Iterator[HostileFile]:
    yield HostileFile("nothing", b"")
    yield HostileFile("a BOM alone", BOM)
    yield HostileFile("two BOMs", BOM + BOM)
    yield HostileFile("line feeds", b"\n" * 5000)
    yield HostileFile("blanks and tabs", b" \t \t\n")
    yield HostileFile("a head alone", table.head().encode())
    yield HostileFile("a head and blank rows", table.file(",,", "", " , , "))
    yield HostileFile("no head", table.line().encode())


def _other_types(table: Table) -> Iterator[HostileFile]:
    good, packed = table.file(table.line()), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    yield HostileFile("a workbook", packed.getvalue())
    yield HostileFile("gzip", gzip.compress(good))
    yield HostileFile("bzip2", bz2.compress(good))
    yield HostileFile("xz", lzma.compress(good))
    yield HostileFile("7-Zip", b"7z\xbc\xaf\x27\x1c" + bytes(range(256)))
    yield HostileFile("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500)
    yield HostileFile("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    yield HostileFile("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    yield HostileFile("a program", b"\x7fELF\x02\x01\x01" + b"\0" * 50)
    yield HostileFile("HTML", b"<!DOCTYPE html>\n<table><tr><td>email</td></tr></table>\n")
    yield HostileFile("JSON", b'[{"email": "ann@x.example"}]')
    yield HostileFile("XML that names a file", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<a>&x;</a>')
    yield HostileFile("SQL", b"INSERT INTO accounts_person VALUES ('email');\n")


def _other_encodings(table: Table) -> Iterator[HostileFile]:
    text = f"{table.head()}\n{table.line()}\n"
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp500"):
        yield HostileFile(name, text.encode(name))
    first = next(iter(table.good))
    row = table.line(**{first: "Société"})
    yield HostileFile("Latin-1", f"{table.head()}\n{row}\n".encode("latin-1"), row=2)
    yield HostileFile("Shift-JIS", f"{table.head()}\n{table.line(**{first: '株式会社'})}\n".encode("shift-jis"), row=2)
    for name, content in NO_UTF8.items():
        yield HostileFile(name, table.file(table.line(), table.line()) + content + b"\n", row=4)
    yield HostileFile("NUL in a row", table.file(table.line()) + b"\0\n", row=3)
    yield HostileFile("NUL in the head", table.head().encode() + b"\0\n", row=1)


def _wrong_heads(table: Table) -> Iterator[HostileFile]:
    line = table.line()
    for name in table.required:
        cells = ",".join(_quote(value) for key, value in table.good.items() if key != name)
        yield HostileFile(f"without {name}", f"{table.head(without=name)}\n{cells}\n".encode(), part=name)
    for name, heading, part in (
        ("a column more", "colour", "colour"), ("a formula", "=email", "=email"),
        ("Cyrillic", "\u0435mail", "\u0435mail"),
        ("zero width", "em\u200bail", "em\\u200bail"), ("right to left", "\u202eliame", "\\u202eliame"),
        ("control characters", "\x1b[2J", "\\x1b[2J"), ("markup", "<b>email</b>", "<b>email</b>"),
        ("a format", "%(names)s", "%(names)s"), ("twice", "email", "email"), ("twice, in capitals", "EMAIL", "EMAIL"),
        ("a long name", "x" * 5000, "x" * 40),
    ):  # fmt: skip
        yield HostileFile(f"a heading: {name}", f"{table.head(heading)}\n{line},x\n".encode(), part=part)
    yield HostileFile("a heading that is empty", f",{table.head()}\nx,{line}\n".encode())
    many = ",".join(f"column{number}" for number in range(10_000))
    yield HostileFile("10,000 columns", f"{table.head(many)}\n{line}\n".encode(), part="column0")
    yield HostileFile(
        "columns of results without end", f"{table.head('row', *['outcome'] * 300)}\n".encode(), part="outcome"
    )
    yield HostileFile("a head of 300,000 characters", f"{table.head('x' * 300_000)}\n{line}\n".encode(), row=1)


def _broken_rows(table: Table) -> Iterator[HostileFile]:
    line = table.line()
    yield HostileFile("an open quote in the head", table.head().encode() + b',"\n' + line.encode(), row=1)
    yield HostileFile("an open quote", table.file(line) + b'"' + line.encode() + b"\n", row=3)
    yield HostileFile("a quote within", table.file('"a"b,' + line), row=2)
    yield HostileFile("a cell of 150,000 characters", table.file(f'"{"x" * 150_000}",{line}'), row=2)
    yield HostileFile("a row of 300,000 commas", table.file("," * 300_000), row=2)
    yield HostileFile("a row that ends in its quotes", table.file(line, f'"{line[:10]}')[:-1], row=3)
    yield HostileFile("rows that end in CR alone", f"{table.head()}\r{line}\r".encode(), row=1)
    yield HostileFile("a row more than allowed", table.file(*[line] * (table.max_rows + 1)), row=table.max_rows + 2)
    yield HostileFile("2 MB and more", table.file(line) + b"\n" * 2_000_000)


def make_rows(table: Table) -> Iterator[HostileFile]:
    """Yield files whose only row has the right shape for nobody: cut off, too long, or with a hole."""
    last = list(table.required)[-1]
    first, *_others = table.required
    cut = table.file(table.line(**{last: ""}))
    yield HostileFile("a file that breaks off in a row", cut, row=2, part=last)
    yield HostileFile("a row of one cell", table.file("x"), row=2, part=list(table.required)[1])
    yield HostileFile("more cells than columns", table.file(f"{table.line()},x"), row=2)
    yield HostileFile(
        "a required cell of blanks", table.file(table.line(**{first: "\u00a0\u3000 "})), row=2, part=first
    )
    for key in table.good:
        yield HostileFile(f"{key} of 2,001 characters", table.file(table.line(**{key: "x" * 2001})), row=2, part=key)


def make_cells(table: Table, cells: Mapping[str, list[str]]) -> Iterator[HostileFile]:
    """Yield a file for each of these cells, whose row is fine but for it."""
    for key, values in cells.items():
        for number, value in enumerate(values):
            yield HostileFile(
                f"{key} {number}: {value[:30]!a}", table.file(table.line(**{key: value})), row=2, part=key
            )


ADDRESSES = [
    "nobody", "@", "a@b", "a@b@c.example", "ann@x..example", "ann@-x.example", "ann@.example", "ann@127.0.0.1.",
    "Ann <ann@x.example>", "ann@x.example; bob@x.example", "ann@x.example,bob@x.example", "mailto:ann@x.example",
    "ann@x.example\r\nBcc: eve@x.example", "ann@x.example\u200b", "\u202ennA@x.example", "ann\u00a0b@x.example",
    "=cmd|'/c calc'!A1", "'; DROP TABLE x; --", "<script>alert(1)</script>@x.example", "%s@x.example{0}@",
    "a" * 300 + "@x.example", "a" * 65 + "@" + "b" * 70 + ".example", "\u0430nn@x.example", "\uff21nn@x.example",
    '"ann b"@x', "ann@xn--.example", "ann@[x.example]",
]  # fmt: skip
LANGUAGES = ["de", "english", "<b>", "1", "-fr", "f", "\u202e", "français"]

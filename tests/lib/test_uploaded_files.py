"""What people choose to upload: documents are what their names say, pictures are drawn anew, all else is refused."""

import struct
import tempfile
import time
import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import UploadedFile
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from partnerportal.lib import uploaded_files
from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.uploaded_files import MEGABYTE, CheckedFile, check_document, clean_file_name, encode_image
from tests.uploads import (
    MAIN,
    OPEN,
    PDF,
    claiming_png,
    content_types,
    moving_picture,
    office,
    open_document,
    picture,
    png_chunk,
    upload,
    zipped,
)

BOX = (64, 64)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
VBA = "application/vnd.ms-office.vbaProject"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def code_of(check: Any, *arguments: Any, **options: Any) -> str:
    """The code by which something is refused; the refusal says it in words, and names the field."""
    with translation.override("en"), pytest.raises(InvalidInput) as caught:
        check(*arguments, field="file", **options)
    assert caught.value.field == "file" and str(caught.value.message).endswith(".")
    assert "%(" not in str(caught.value.message)
    return caught.value.code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Price list 2026.pdf", "Price list 2026.pdf"),
        ("報告書（最新版）.docx", "報告書（最新版）.docx"),
        ("か\u3099いよう.pdf", "がいよう.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\offer.pdf", "offer.pdf"),
        ("a/b\\..\\c.pdf", "c.pdf"),
        ("a.pdf\r\nSet-Cookie: x=1", "a.pdf Set-Cookie: x=1"),
        ("a\0b\x1b[31m.pdf", "a b [31m.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200b\ufeff\u2066b.pdf", "ab.pdf"),
        ("a.b.c.PDF", "a.b.c.PDF"),
        ("  a   b .pdf", "a b.pdf"),
        ("a.pdf. ", "a.pdf"),
        (".htaccess", "file.htaccess"),
        ("..", "file"),
        ("", "file"),
        ("\ud800.pdf", "file.pdf"),
        ("株" * 200 + ".xlsx", "株" * 115 + ".xlsx"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_stays_as_its_owner_wrote_it_but_for_what_misleads(typed: str, kept: str) -> None:
    assert clean_file_name(typed) == kept


@given(st.text())
def test_any_name_is_a_name_of_one_line(typed: str) -> None:
    name = clean_file_name(typed)
    assert (0 < len(name) <= 120 and name.isprintable()) or not typed.isprintable()
    assert not set("/\\\r\n\0\u202e") & set(name) and name not in (".", "..")
    assert clean_file_name(name) == name


DOCUMENTS = {
    "a.pdf": (PDF, "application/pdf"),
    "A.PDF": (PDF, "application/pdf"),
    **{f"a.{ending}": (office(ending), kind) for ending, kind in MAIN.items()},
    **{f"b.{ending}": (open_document(ending), kind) for ending, kind in OPEN.items()},
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("said", ["application/octet-stream", "text/html", "image/svg+xml", ""])
def test_a_document_is_what_it_contains(name: str, said: str) -> None:
    content, kind = DOCUMENTS[name]
    checked = check_document(upload(name, content, said))
    assert (checked.name, checked.content_type, checked.file.read()) == (name, kind, content)


def test_a_file_may_lie_on_the_disk_as_forms_keep_it() -> None:
    """A form's file has no name on the disk; `partnerportal/lib/upload_handlers.py` keeps it so."""
    for name, content in [("a.pdf", PDF), ("a.docx", office("docx")), ("a.png", picture("PNG"))]:
        with tempfile.TemporaryFile() as disk:
            disk.write(content)
            file = UploadedFile(disk, name, "text/html", len(content))
            checked = encode_image(file, box=BOX) if name == "a.png" else check_document(file)
            assert checked.file.read() == content or checked.content_type == "image/png"


def test_a_workbook_in_a_presentation_is_no_workbook() -> None:
    content = office("pptx", ("ppt/embeddings/a.xlsx", office("xlsx")), types=(MAIN["xlsx"],))
    assert check_document(upload("a.pptx", content)).content_type == MAIN["pptx"]
    assert code_of(check_document, upload("a.xlsx", content)) == "file_type_differs"


def spoilt(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content and len(old) == len(new)
    return content.replace(old, new)


def encrypted(content: bytes) -> bytes:
    """An archive whose files say that a password is needed: in the list of files, and at their beginnings."""
    changed = bytearray(content)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            changed[at + place] |= 1
    return bytes(changed)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return office("docx", ("word/a.xml", b"1"), ("word/a.xml", b"2"))


def lying_about_size() -> bytes:
    """Its list of files says that one of them has ten bytes; it has a million."""
    content = office("docx", ("word/document.xml", bytes(1_000_000)))
    return spoilt(content, struct.pack("<L", 1_000_000), struct.pack("<L", 10))


def of_the_large_kind() -> bytes:
    """An archive with two ends: the one for large archives counts, and the other one leads over it."""
    content = office("docx")
    _signature, *counts, size, place, _comment = struct.unpack("<4s4H2LH", content[-22:])
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *counts[2:], size, place)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(content) - 22, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", *counts, size + len(large) + len(locator), place, 0)
    return content[:-22] + large + locator + end


HOSTILE: dict[str, tuple[str, Any, str]] = {
    "nothing": ("a.pdf", b"", "empty_file"),
    "nothing, as a document": ("a.docx", b"", "empty_file"),
    "too much": ("a.pdf", lambda: PDF + bytes(20 * MEGABYTE), "file_too_large"),
    "a program": ("a.exe", b"MZ" + bytes(200), "file_type_refused"),
    "a program with the end of its name turned round": ("invoice\u202efdp.exe", b"MZ", "file_type_refused"),
    "a page": ("a.html", HTML, "file_type_refused"),
    "a drawing": ("a.svg", SVG, "file_type_refused"),
    "an archive": ("a.zip", zipped(("a", b"b")), "file_type_refused"),
    "a table": ("a.csv", b"a,b\n", "file_type_refused"),
    "an old document": ("a.doc", OLE, "file_type_refused"),
    "no ending": ("pdf", PDF, "file_type_refused"),
    "an ending behind NUL": ("a.pdf\0.exe", PDF, "file_type_refused"),
    "an ending of wide letters": ("a.ｐｄｆ", PDF, "file_type_refused"),
    "a program named .pdf": ("a.pdf", b"MZ" + bytes(200), "file_type_differs"),
    "a page named .pdf": ("a.pdf", HTML, "file_type_differs"),
    "a page before a PDF": ("a.pdf", HTML + PDF, "file_type_differs"),
    "an archive named .pdf": ("a.pdf", zipped(("a", b"b")), "file_type_differs"),
    "a document named .pdf": ("a.pdf", office("docx"), "file_type_differs"),
    "an archive behind a PDF": ("a.pdf", PDF + zipped(("a.js", b"alert()")), "file_type_differs"),
    "the first half of a PDF": ("a.pdf", PDF[:40], "file_damaged"),
    "a PDF with much behind it": ("a.pdf", PDF + bytes(5000), "file_damaged"),
    "a PDF named .docx": ("a.docx", PDF, "file_type_differs"),
    "a workbook named .docx": ("a.docx", office("xlsx"), "file_type_differs"),
    "an open document named .docx": ("a.docx", open_document("odt"), "file_type_differs"),
    "a document named .odt": ("a.odt", office("docx"), "file_type_differs"),
    "a sheet named .odt": ("a.odt", open_document("ods"), "file_type_differs"),
    "any archive named .docx": ("a.docx", zipped(("a.js", b"alert()")), "file_type_differs"),
    "any archive named .odt": ("a.odt", zipped(("a.js", b"alert()")), "file_type_differs"),
    "a program named .xlsx": ("a.xlsx", b"MZ" + bytes(200), "file_type_differs"),
    "a packed type": ("a.odt", zipped(("a", b""), ("mimetype", OPEN["odt"].encode())), "file_type_differs"),
    "two types at once": ("a.docx", office("docx", types=(MAIN["xlsx"] + ".main+xml",)), "file_type_differs"),
    "types spelt by numbers": ("a.docx", office("docx", types=("vba&#80;roject",)), "file_type_differs"),
    "types with an own grammar": (
        "a.docx",
        zipped(("[Content_Types].xml", b"<!DOCTYPE a>" + content_types(MAIN["docx"] + ".main+xml"))),
        "file_type_differs",
    ),
    "types in wide letters": (
        "a.docx",
        zipped(("[Content_Types].xml", content_types(MAIN["docx"] + ".main+xml").decode().encode("utf-16"))),
        "file_type_differs",
    ),
    "a document that begins as a PDF": (
        "a.docx",
        zipped(("%PDF-1.7", b""), ("[Content_Types].xml", content_types(MAIN["docx"] + ".main+xml"))),
        "file_type_differs",
    ),
    "macros by their name": ("a.docm", office("docx"), "macro_refused"),
    "macros in a binary workbook": ("a.xlsb", zipped(("a", b"")), "macro_refused"),
    "macros in a document": ("a.docx", office("docx", ("word/vbaProject.bin", OLE)), "macro_refused"),
    "macros in capitals": ("a.xlsx", office("xlsx", ("xl/VBAPROJECT.BIN", OLE)), "macro_refused"),
    "macros of another name": ("a.pptx", office("pptx", ("ppt/a.bin", OLE), types=(VBA,)), "macro_refused"),
    "macros of old sheets": ("a.xlsx", office("xlsx", ("xl/macrosheets/sheet1.xml", b"<a/>")), "macro_refused"),
    "controls": ("a.docx", office("docx", types=("application/vnd.ms-office.activeX+xml",)), "macro_refused"),
    "a document of macros": (
        "a.docx",
        zipped(("[Content_Types].xml", content_types("application/vnd.ms-word.document.macroEnabled.main+xml"))),
        "macro_refused",
    ),
    "macros in an open document": ("a.odt", open_document("odt", ("Basic/Standard/a.xml", b"<a/>")), "macro_refused"),
    "scripts in an open sheet": ("a.ods", open_document("ods", ("Scripts/python/a.py", b"1")), "macro_refused"),
    "a password of Word": ("a.docx", OLE, "file_protected"),
    "a password of an archive": ("a.docx", encrypted(office("docx")), "file_protected"),
    "a bomb": ("a.docx", lambda: office("docx", ("word/a.xml", bytes(201 * MEGABYTE))), "unpacked_too_large"),
    "a bomb of many files": (
        "a.xlsx",
        lambda: office("xlsx", *((f"xl/{n}", bytes(10 * MEGABYTE)) for n in range(21))),
        "unpacked_too_large",
    ),
    "a long list of files": (
        "a.docx",
        lambda: office("docx", *((f"{n:0100}", b"") for n in range(7500))),
        "unpacked_too_large",
    ),
    "a bomb that lies": ("a.docx", lying_about_size, "file_damaged"),
    "the first half of a document": ("a.docx", office("docx")[:-200], "file_damaged"),
    "a document with a hole": ("a.docx", office("docx")[:60] + bytes(10) + office("docx")[70:], "file_damaged"),
    "a page behind a document": ("a.docx", office("docx") + HTML, "file_damaged"),
    "a document behind another": ("a.docx", office("docx") + office("docx"), "file_damaged"),
    "only a signature": ("a.docx", b"PK\x03\x04", "file_damaged"),
    "two files of one name": ("a.docx", twice, "file_damaged"),
    "two files of one name in capitals": ("a.docx", office("docx", ("a.xml", b"1"), ("A.XML", b"2")), "file_damaged"),
    "a file above": ("a.docx", office("docx", ("../../etc/cron.d/a", b"1")), "file_damaged"),
    "a file of the machine": ("a.docx", office("docx", ("/etc/cron.d/a", b"1")), "file_damaged"),
    "a file above, the other way": ("a.docx", office("docx", ("..\\..\\a", b"1")), "file_damaged"),
    "packed in another way": ("a.docx", zipped(("[Content_Types].xml", b"x"), compression=14), "file_damaged"),
    "an archive of the large kind": ("a.docx", of_the_large_kind, "file_damaged"),
    "a type that goes on": ("a.odt", zipped(("mimetype", OPEN["odt"].encode() + b" " * MEGABYTE)), "file_type_differs"),
    "types that go on": (
        "a.docx",
        zipped(("[Content_Types].xml", content_types(MAIN["docx"] + ".main+xml") + b" " * MEGABYTE)),
        "file_type_differs",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_document_is_refused_by_a_reason(what: str) -> None:
    name, content, code = HOSTILE[what]
    file = upload(name, content() if callable(content) else content, "application/pdf")
    began = time.thread_time()
    assert code_of(check_document, file) == code
    assert time.thread_time() - began < 2


@given(st.sampled_from(sorted(DOCUMENTS)), st.data())
def test_a_spoilt_document_is_refused_or_as_before(name: str, data: st.DataObject) -> None:
    """Whatever bytes are changed, nothing but a refusal comes of it."""
    changed = bytearray(DOCUMENTS[name][0])
    for _number in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert check_document(upload(name, bytes(changed))).content_type == DOCUMENTS[name][1]
    except InvalidInput as error:
        assert error.code.startswith(("file_", "macro_", "unpacked_"))


@given(st.sampled_from(["pdf", "docx", "odt"]), st.binary(min_size=1, max_size=300))
def test_invented_bytes_are_refused(ending: str, content: bytes) -> None:
    assert code_of(check_document, upload(f"a.{ending}", content)).startswith("file_")


def drawn(checked: CheckedFile) -> Image.Image:
    image = Image.open(checked.file)
    image.load()
    return image


@pytest.mark.parametrize(
    ("kind", "mode", "name", "content_type", "format"),
    [
        ("PNG", "RGB", "a.png", "image/png", "PNG"),
        ("PNG", "RGBA", "a.png", "image/png", "PNG"),
        ("PNG", "P", "a.png", "image/png", "PNG"),
        ("PNG", "L", "a.png", "image/png", "PNG"),
        ("PNG", "1", "a.png", "image/png", "PNG"),
        ("PNG", "I;16", "a.png", "image/png", "PNG"),
        ("JPEG", "RGB", "a.webp", "image/webp", "WEBP"),
        ("JPEG", "CMYK", "a.webp", "image/webp", "WEBP"),
        ("JPEG", "L", "a.webp", "image/webp", "WEBP"),
        ("WEBP", "RGB", "a.webp", "image/webp", "WEBP"),
        ("WEBP", "RGBA", "a.webp", "image/webp", "WEBP"),
    ],
)
def test_a_picture_is_drawn_anew(kind: str, mode: str, name: str, content_type: str, format: str) -> None:
    checked = encode_image(upload("a.gif", picture(kind, (400, 200), mode), "text/html"), box=BOX)
    image = drawn(checked)
    assert (checked.name, checked.content_type, image.format, image.size) == (name, content_type, format, (64, 32))
    if mode not in ("L", "1", "I;16"):
        left, right = (image.convert("RGB").getpixel((x, 16)) for x in (8, 56))
        assert left[0] > 200 > 60 > left[2] and right[2] > 200 > 60 > right[0]  # type: ignore[index]


def test_a_small_picture_stays_small_and_what_is_transparent_stays_so() -> None:
    clear = BytesIO()
    Image.new("RGBA", (10, 5), (0, 0, 0, 0)).save(clear, "PNG")
    image = drawn(encode_image(upload("a.png", clear.getvalue()), box=BOX))
    assert image.size == (10, 5) and image.getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_colours_of_a_palette_mix_when_a_picture_shrinks(mode: str) -> None:
    stripes, content = Image.new("RGB", (128, 128), "red"), BytesIO()
    for x in range(0, 128, 2):
        stripes.paste((0, 0, 255), (x, 0, x + 1, 128))
    stripes.convert(mode).save(content, "PNG")
    image = drawn(encode_image(upload("a.png", content.getvalue()), box=BOX)).convert("RGB")
    assert all(90 < part < 165 for part in image.getpixel((9, 9))[::2])  # type: ignore[index]


def test_a_grey_of_sixteen_bits_stays_grey() -> None:
    grey = BytesIO()
    Image.new("I;16", (90, 90), 100 * 257).save(grey, "PNG")
    assert drawn(encode_image(upload("a.png", grey.getvalue()), box=BOX)).getpixel((9, 9)) == (100, 100, 100)


def test_nothing_but_pixels_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x9286] = "SECRET", "SECRET"
    options: dict[str, Any] = {"exif": exif, "icc_profile": b"SECRET" * 30, "comment": b"SECRET", "xmp": b"SECRET"}
    for kind in ("JPEG", "WEBP", "PNG"):
        content = picture(kind, **options) + b"<script>SECRET</script>"
        assert b"SECRET" in content
        checked = encode_image(upload("a.png", content), box=BOX)
        stored = checked.file.read()
        assert b"SECRET" not in stored
        assert not {"exif", "xmp", "icc_profile", "comment"} & drawn(CheckedFile("", "", BytesIO(stored))).info.keys()


def test_a_picture_that_lies_on_its_side_is_put_upright_and_fits_the_box() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = drawn(encode_image(upload("a.jpg", picture("JPEG", (400, 200), exif=exif)), box=(100, 40)))
    assert image.size == (20, 40)
    assert image.convert("RGB").getpixel((10, 5))[0] > 200  # type: ignore[index]


def test_the_preview_that_phones_add_is_no_movement() -> None:
    frames = [Image.new("RGB", (32, 16), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:])
    image = drawn(encode_image(upload("a.jpg", out.getvalue()), box=BOX))
    assert image.size == (32, 16) and image.convert("RGB").getpixel((1, 1))[0] > 200  # type: ignore[index]


NOISE = BytesIO()
Image.effect_noise((120, 120), 90).save(NOISE, "PNG")
PICTURES: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "empty_file"),
    "too many bytes": (lambda: picture("PNG") + bytes(5 * MEGABYTE), "file_too_large"),
    "a drawing": (SVG, "file_type_refused"),
    "a page": (HTML, "file_type_refused"),
    "a document": (PDF, "file_type_refused"),
    "an archive": (zipped(("a", b"b")), "file_type_refused"),
    "a GIF": (picture("GIF"), "file_type_refused"),
    "a BMP": (picture("BMP"), "file_type_refused"),
    "a TIFF": (picture("TIFF"), "file_type_refused"),
    "an icon": (picture("ICO"), "file_type_refused"),
    "a PostScript": (picture("EPS"), "file_type_refused"),
    "the first bytes of a PNG": (b"\x89PNG\r\n\x1a\n", "file_type_refused"),
    "the first bytes of a JPEG": (b"\xff\xd8\xff", "file_type_refused"),
    "half a PNG": (NOISE.getvalue()[:4000], "file_damaged"),
    "half a JPEG": (picture("JPEG", (900, 900))[:1200], "file_damaged"),
    "half a WebP": (picture("WEBP", (900, 900))[:200], "file_damaged"),
    "a PNG whose checksum is wrong": (spoilt(claiming_png(9, 9), b"IEND\xae", b"IEND\x00"), "file_damaged"),
    "a PNG that is smaller than it says": (claiming_png(3000, 3000), "file_damaged"),
    "a PNG of too many pixels": (claiming_png(6000, 6000), "image_too_large"),
    "a PNG that is too wide": (claiming_png(8001, 1), "image_too_large"),
    "a PNG that is too high": (claiming_png(1, 8001), "image_too_large"),
    "a bomb": (claiming_png(100_000, 1000), "image_too_large"),
    "a larger bomb": (claiming_png(60_000, 60_000), "image_too_large"),
    "the largest bomb": (claiming_png(2**31 - 1, 2**31 - 1), "image_too_large"),
    "a true bomb": (lambda: picture("PNG", (8000, 8000), "1"), "image_too_large"),
    "no pixels": (claiming_png(0, 0), "file_type_refused"),
    "a bomb of text": (
        lambda: (
            picture("PNG")[:33]
            + png_chunk(b"zTXt", b"a\0\0" + uploaded_files.zlib.compress(bytes(90 * MEGABYTE)))
            + picture("PNG")[33:]
        ),
        "file_damaged",
    ),
    "a moving PNG": (moving_picture("PNG"), "image_animated"),
    "a moving WebP": (moving_picture("WEBP"), "image_animated"),
    "a moving GIF": (moving_picture("GIF"), "file_type_refused"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", PICTURES)
def test_a_hostile_picture_is_refused_by_a_reason(what: str) -> None:
    content, code = PICTURES[what]
    file = upload("a.png", content() if callable(content) else content, "image/png")
    began = time.thread_time()
    assert code_of(encode_image, file, box=BOX) == code
    assert time.thread_time() - began < 2


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
def test_a_spoilt_picture_is_refused_or_drawn(kind: str, data: st.DataObject) -> None:
    changed = bytearray(picture(kind))
    for _number in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = drawn(encode_image(upload("a.png", bytes(changed)), box=BOX))
    except InvalidInput as error:
        assert error.code.startswith(("file_", "image_"))
    else:
        assert image.width <= 64 and image.height <= 64


@pytest.mark.slow
def test_the_largest_picture_takes_a_moment() -> None:
    content = picture("PNG", (4000, 4000))
    began = time.thread_time()
    assert drawn(encode_image(upload("a.png", content), box=(1600, 1600))).size == (1600, 1600)
    assert time.thread_time() - began < 5


def test_only_one_picture_is_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(*_arguments: Any) -> None:
        assert uploaded_files._ONE_PICTURE.locked()
        raise RuntimeError("decoder")

    monkeypatch.setattr(uploaded_files, "_draw_anew", draw)
    assert code_of(encode_image, upload("a.png", picture("PNG")), box=BOX) == "file_damaged"
    assert not uploaded_files._ONE_PICTURE.locked()


def test_a_limit_of_bytes_can_be_lower() -> None:
    assert code_of(encode_image, upload("a.png", bytes(2000)), box=BOX, most_bytes=1000) == "file_too_large"


def test_real_archives_are_read_by_others() -> None:
    """What the tests call a document is one for Python's own reader, so that the refusals are for the right reason."""
    for content in (office("docx"), open_document("odt"), lying_about_size(), of_the_large_kind()):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert {"[Content_Types].xml", "mimetype"} & set(archive.namelist())

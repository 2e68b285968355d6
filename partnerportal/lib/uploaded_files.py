"""Files that people choose to upload: documents, told by their content, and pictures, which are drawn anew.

Whatever a browser says of a file is not believed: neither its content type nor the ending of its name.
"""

import os
import re
import struct
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from partnerportal.lib.errors import InvalidInput
from partnerportal.lib.text import make_single_line

MEGABYTE = 1024**2
MOST_DOCUMENT_BYTES = 20 * MEGABYTE
MOST_UNPACKED_BYTES = 200 * MEGABYTE  # of an office document, which is an archive: ten times what it may be packed
MOST_DIRECTORY_BYTES = MEGABYTE  # of the list of files in such an archive: about ten thousand files
MOST_IMAGE_BYTES = 5 * MEGABYTE
MOST_IMAGE_SIDE = 8000  # pixels
MOST_IMAGE_PIXELS = 16_000_000  # a picture that is being drawn takes four bytes for each, twice
LONGEST_NAME = 120  # characters

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
PDF = "application/pdf"
DOCUMENT_TYPES = {  # the content type of each ending that a document may have
    "pdf": PDF,
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "odt": _OPEN + "text",
    "ods": _OPEN + "spreadsheet",
    "odp": _OPEN + "presentation",
}
IMAGE_TYPES = {"PNG": "image/png", "WEBP": "image/webp"}  # of what is stored

_MACRO_ENDINGS = {"docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam", "sldm"}
_MACRO_TYPES = re.compile(rb"macro|vbaproject|activex", re.IGNORECASE)
_MACRO_FILES = re.compile(r"(?:.*/)?vba[^/]*\.bin|.*/macrosheets/.+|(?:basic|scripts)/.+", re.IGNORECASE)
_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # an encrypted document looks like one of the old format
_ZIP_END = struct.Struct("<4s4H2LH")  # signature, four counts, size and place of the directory, length of a comment
_ZIP64_LOCATOR = b"PK\x06\x07"  # 20 bytes before the end, of archives larger than ours may be
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_CHUNK = 1 << 18  # bytes
_ONE_PICTURE = threading.Lock()  # one at a time in each process, so that a few large ones do not exhaust its memory

ENDINGS = ", ".join(f".{ending}" for ending in DOCUMENT_TYPES)
IMAGE_ENDINGS = ("png", "jpg", "jpeg", "webp")
ALL_ENDINGS = ", ".join([ENDINGS, *(f".{ending}" for ending in IMAGE_ENDINGS)])
REFUSALS = (  # the codes of the errors of files that are not accepted
    "empty_file", "file_too_large", "file_type_refused", "file_type_differs", "macro_refused", "file_protected",
    "file_damaged", "unpacked_too_large", "image_too_large", "image_animated",
)  # fmt: skip
EMPTY = _("The file is empty.")
TOO_LARGE = _("The file is larger than %(most)s MB.")
DOCUMENT_REFUSED = _("This type of file is not accepted. Choose a file of one of these types: %(types)s.")
IMAGE_REFUSED = _("This type of picture is not accepted. Choose a PNG, JPEG or WebP file.")
DIFFERS = _("The content of the file doesn’t match its extension. Save it again as the right type.")
PROTECTED = _(
    "The file is password-protected or in an old format. Save it again without a password, as one of these: %(types)s."
)
MACROS = _("The file contains macros. Save it again without macros.")
DAMAGED = _("The file is damaged or incomplete. Save it again, then choose the new file.")
UNPACKED = _("The file is too large: unpacked, it exceeds %(most)s MB.")
TOO_MANY_PIXELS = _(
    "The picture is too large. Its width and height can be at most %(side)s pixels each, and it can have at most 16 "
    "million pixels in all."
)
ANIMATED = _("Animated pictures are not accepted. Choose a still picture.")


@dataclass(frozen=True)
class CheckedFile:
    """A file that was checked and can be stored: its name, its content type by its content, and its bytes."""

    name: str
    content_type: str
    file: IO[bytes]


def clean_file_name(name: str) -> str:
    """Return a file's name as its owner wrote it, without folders and without characters that mislead.

    Line breaks, invisible characters and those that turn the direction of text are taken out; letters of any script
    stay. A name that is too long keeps its beginning and its ending.
    """
    line = make_single_line(name.encode(errors="ignore").decode().replace("\0", " "))
    last = " ".join(re.split(r"[/\\]", unicodedata.normalize("NFC", line))[-1].split())
    stem, ending = (last[: -len(dotted)], dotted) if (dotted := _find_ending(last)) else (last, "")
    return (stem.strip(" .")[: LONGEST_NAME - len(ending)] or "file") + ending


def _find_ending(name: str) -> str:
    """Return the ending of a name with its dot, or "" if it has none."""
    found = re.search(r"\.\w{1,8}\Z", name)
    return found[0] if found else ""


def check_document(upload: UploadedFile, *, field: str | None = None) -> CheckedFile:
    """Return an uploaded document once it is known to be what its name says: a PDF, or an office document.

    Raises InvalidInput: `empty_file`, `file_too_large`, `file_type_refused`, `file_type_differs` where the content is
    not what the name ends with, `macro_refused`, `file_protected` by a password, `file_damaged`, and
    `unpacked_too_large` for an archive that would unpack to very much. `field` names the input at fault.
    """
    with _naming_field(field):
        _check_size(upload, MOST_DOCUMENT_BYTES)
        name = clean_file_name(upload.name or "")
        ending = _find_ending(name).lstrip(".").lower()
        if ending in _MACRO_ENDINGS:
            raise InvalidInput("macro_refused", MACROS)
        if ending not in DOCUMENT_TYPES:
            raise InvalidInput("file_type_refused", DOCUMENT_REFUSED % {"types": ENDINGS})
        content_type = DOCUMENT_TYPES[ending]
        if content_type == PDF:
            _check_pdf(upload)
        else:
            _check_office_document(upload, content_type)
        upload.seek(0)
        return CheckedFile(name, content_type, upload)


def encode_image(
    upload: UploadedFile, *, box: tuple[int, int], most_bytes: int = MOST_IMAGE_BYTES, field: str | None = None
) -> CheckedFile:
    """Return an uploaded picture, drawn anew as PNG or WebP so that it fits into a box of pixels, without its metadata.

    A PNG stays a PNG; a JPEG or WebP becomes a WebP. A small picture is not made larger.

    Raises InvalidInput: `empty_file`, `file_too_large`, `file_type_refused` for whatever is no PNG, JPEG or WebP,
    `image_too_large` for too many pixels, `image_animated` and `file_damaged`. `field` names the input at fault.
    """
    with _naming_field(field):
        _check_size(upload, most_bytes)
        upload.seek(0)
        with _ONE_PICTURE, _open_image(upload) as image:
            kind = "PNG" if image.format == "PNG" else "WEBP"
            file = _draw_anew(image, box, kind)
    name = clean_file_name(upload.name or "")
    stem = name.removesuffix(_find_ending(name))
    return CheckedFile(f"{stem}.{kind.lower()}", IMAGE_TYPES[kind], file)


def check_document_or_image(upload: UploadedFile, *, box: tuple[int, int], field: str | None = None) -> CheckedFile:
    """Return an uploaded document as `check_document` does, or a picture as `encode_image` does, by its name's ending.

    Raises what these raise.
    """
    ending = _find_ending(clean_file_name(upload.name or "")).lstrip(".").lower()
    if ending in IMAGE_ENDINGS:
        return encode_image(upload, box=box, field=field)
    if ending not in DOCUMENT_TYPES and ending not in _MACRO_ENDINGS:
        raise InvalidInput("file_type_refused", DOCUMENT_REFUSED % {"types": ALL_ENDINGS}, field=field)
    return check_document(upload, field=field)


@contextmanager
def _naming_field(field: str | None) -> Iterator[None]:
    """Let every InvalidInput of the block name the input at fault."""
    try:
        yield
    except InvalidInput as error:
        error.field = field
        raise


def _check_size(upload: UploadedFile, most: int) -> None:
    if not upload.size:
        raise InvalidInput("empty_file", EMPTY)
    if upload.size > most:
        raise InvalidInput("file_too_large", TOO_LARGE % {"most": most // MEGABYTE})


def _read_at(file: IO[bytes], offset: int, size: int, *, whence: int = os.SEEK_SET) -> bytes:
    file.seek(offset, whence)
    return file.read(size)


def _check_pdf(upload: UploadedFile) -> None:
    """Raise InvalidInput unless the file is a PDF from its first byte to its last, and nothing else besides."""
    if not _read_at(upload, 0, 5) == b"%PDF-":
        raise InvalidInput("file_type_differs", DIFFERS)
    if b"%%EOF" not in _read_at(upload, -min(upload.size or 0, 1024), 1024, whence=os.SEEK_END):
        raise InvalidInput("file_damaged", DAMAGED)
    if zipfile.is_zipfile(upload):  # an archive is read from its end, so a file can be both
        raise InvalidInput("file_type_differs", DIFFERS)


def _check_office_document(upload: UploadedFile, content_type: str) -> None:
    """Raise InvalidInput unless the file is an office document of this content type, whole and without macros."""
    head = _read_at(upload, 0, 1024)
    if head.startswith(_OLD_OFFICE):
        raise InvalidInput("file_protected", PROTECTED % {"types": ENDINGS})
    if not head.startswith(_ZIP) or b"%PDF-" in head:  # readers of PDF look for its beginning that far
        raise InvalidInput("file_type_differs", DIFFERS)
    _check_end_of_archive(upload)
    try:
        with zipfile.ZipFile(upload) as archive:
            _check_files_in_archive(archive)
            found, is_plain = _tell_office_document(archive)
    except _DAMAGE as error:
        raise InvalidInput("file_damaged", DAMAGED) from error
    if not is_plain:
        raise InvalidInput("macro_refused", MACROS)
    if found != content_type:
        raise InvalidInput("file_type_differs", DIFFERS)


def _check_end_of_archive(upload: UploadedFile) -> None:
    """Raise InvalidInput unless the archive ends where the file ends, and lists no more files than can be looked at.

    The list is read as a whole when an archive is opened, so it is measured before.
    """
    end = _read_at(upload, -min(upload.size or 0, 42), 42, whence=os.SEEK_END)
    if len(end) < 42 or end.startswith(_ZIP64_LOCATOR):
        raise InvalidInput("file_damaged", DAMAGED)
    signature, *_counts, directory, place, comment = _ZIP_END.unpack(end[-_ZIP_END.size :])
    if signature != b"PK\x05\x06" or comment or place + directory + _ZIP_END.size != upload.size:
        raise InvalidInput("file_damaged", DAMAGED)
    if directory > MOST_DIRECTORY_BYTES:
        raise InvalidInput("unpacked_too_large", UNPACKED % {"most": MOST_UNPACKED_BYTES // MEGABYTE})


def _check_files_in_archive(archive: zipfile.ZipFile) -> None:
    """Read every file in an archive, and raise InvalidInput for what no office program writes, or too much."""
    files = archive.infolist()
    if sum(file.file_size for file in files) > MOST_UNPACKED_BYTES:
        raise InvalidInput("unpacked_too_large", UNPACKED % {"most": MOST_UNPACKED_BYTES // MEGABYTE})
    names = {file.filename.casefold() for file in files}
    if len(names) < len(files):  # one program would read the one, another program the other
        raise InvalidInput("file_damaged", DAMAGED)
    for file in files:
        if file.flag_bits & 1:
            raise InvalidInput("file_protected", PROTECTED % {"types": ENDINGS})
        is_strange = file.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if is_strange or _leads_elsewhere(file.orig_filename):
            raise InvalidInput("file_damaged", DAMAGED)
        with archive.open(
            file
        ) as content:  # it reads no more than the size that was said, and then compares a checksum
            while content.read(_CHUNK):
                pass


def _leads_elsewhere(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name


def _tell_office_document(archive: zipfile.ZipFile) -> tuple[str, bool]:
    """Return the content type of an office document, or "" for any other archive, and whether it has no macros."""
    names = archive.namelist()
    has_macros = any(_MACRO_FILES.fullmatch(name) for name in names)
    if "mimetype" in names:
        first = archive.infolist()[0]
        content = _read_in_archive(archive, "mimetype", 100) if first.filename == "mimetype" else b""
        return content.decode(errors="replace"), not has_macros
    if "[Content_Types].xml" not in names:
        return "", True
    types = _read_in_archive(archive, "[Content_Types].xml", MEGABYTE + 1)
    if len(types) > MEGABYTE or b"&" in types or b"<!" in types:  # a name could be spelt so that it is not found here
        return "", True
    found = [kind for kind in DOCUMENT_TYPES.values() if f'"{kind}.main+xml"'.encode() in types]
    return found[0] if len(found) == 1 else "", not (has_macros or _MACRO_TYPES.search(types))


def _read_in_archive(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        return file.read(most)


@contextmanager
def _open_image(upload: UploadedFile) -> Iterator[Image.Image]:
    """Open a picture whose head says that it is of an accepted type, not too large, and still.

    Raises InvalidInput, also in place of whatever decoding raises in the block.
    """
    try:
        with Image.open(upload, formats=("PNG", "JPEG", "WEBP")) as image:
            width, height = image.size
            if max(width, height) > MOST_IMAGE_SIDE or width * height > MOST_IMAGE_PIXELS:
                raise InvalidInput("image_too_large", TOO_MANY_PIXELS % {"side": MOST_IMAGE_SIDE})
            if image.format != "MPO" and getattr(image, "is_animated", False):  # phones add a preview to a JPEG
                raise InvalidInput("image_animated", ANIMATED)
            yield image
    except InvalidInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInput("image_too_large", TOO_MANY_PIXELS % {"side": MOST_IMAGE_SIDE}) from error
    except UnidentifiedImageError as error:
        raise InvalidInput("file_type_refused", IMAGE_REFUSED) from error
    except Exception as error:  # what a decoder raises for invented bytes has no common base
        raise InvalidInput("file_damaged", DAMAGED) from error


def _draw_anew(image: Image.Image, box: tuple[int, int], kind: str) -> IO[bytes]:
    """Return the file of a picture that has the pixels of `image`, upright and at most as large as the box."""
    is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    if image.mode.startswith("I"):  # sixteen bits for each pixel
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):  # others cannot shrink, for their colours do not mix
        image = image.convert("RGBA")
    image.thumbnail(box[::-1] if is_turned else box)
    upright = ImageOps.exif_transpose(image)
    pixels = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)  # the pixels alone: a copy would bring profiles, comments and places along
    file = BytesIO()
    bare.save(file, kind, quality=90) if kind == "WEBP" else bare.save(file, kind)
    file.seek(0)
    return file

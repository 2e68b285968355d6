"""The rows of an offer's files."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from marketplace.models import OfferFile
from partnerportal.lib.errors import Message
from partnerportal.lib.formats import format_file_size


@dataclass(frozen=True)
class FileRow:
    """A picture or document of an offer, with the URL at which it is shown or saved."""

    public_id: str
    name: str
    kind: Message
    size: str
    url: str


@dataclass(frozen=True)
class OfferFiles:
    """The files of a version, sorted by where its page shows them."""

    logo: FileRow | None
    screenshots: list[FileRow]
    documents: list[FileRow]


def make_offer_files(files: Iterable[OfferFile]) -> OfferFiles:
    """Return the files of a version as its pages show them."""
    rows = [(file, _make_row(file)) for file in files]
    return OfferFiles(
        logo=next((row for file, row in rows if file.kind == OfferFile.Kind.LOGO), None),
        screenshots=[row for file, row in rows if file.kind == OfferFile.Kind.SCREENSHOT],
        documents=[row for file, row in rows if file.kind in OfferFile.DOCUMENTS],
    )


def _make_row(file: OfferFile) -> FileRow:
    return FileRow(
        public_id=str(file.public_id),
        name=file.name,
        kind=file.get_kind_display(),
        size=format_file_size(file.size),
        url=reverse("offer_file", args=[file.public_id]),
    )

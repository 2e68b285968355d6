"""Cells that files of several kinds have, and how each is read."""

from django.conf import settings
from django.utils.translation import gettext as _

from partnerportal.lib import formats
from partnerportal.lib.errors import InvalidInput


def read_language_cell(text: str, *, default: str) -> str:
    """Return the code of a language that the portal speaks: "fr" for "FR", "fr-FR" and "fr_CA", the default for "".

    Raises InvalidInput for any other language, with the field "language".
    """
    if not text:
        return default
    code = text.casefold().replace("_", "-").partition("-")[0]
    codes = dict(settings.LANGUAGES)
    if code not in codes:
        sentence = _("The language must be one of: %(codes)s.") % {"codes": formats.join_names(codes)}
        raise InvalidInput("language", sentence, field="language")
    return code

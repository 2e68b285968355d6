"""The forms with which pictures and documents are added to an offer."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import OfferFile
from partnerportal.lib.uploaded_files import ENDINGS

CHOOSE = _("Choose a file.")
PICTURES_ACCEPTED = "image/png,image/jpeg,image/webp"


class PictureForm(forms.Form):
    """The form for a picture. What is in the file is checked by `add_offer_file`."""

    file = forms.FileField(
        label=_("Picture"),
        allow_empty_file=True,
        help_text=_("PNG, JPEG or WebP, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": PICTURES_ACCEPTED}),
        error_messages={"required": CHOOSE, "invalid": CHOOSE},
    )


class DocumentForm(forms.Form):
    """The form for a document, with what it is for."""

    kind = forms.ChoiceField(label=_("Purpose"), choices=[(kind.value, kind.label) for kind in OfferFile.DOCUMENTS])
    file = forms.FileField(
        label=_("Document"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ENDINGS.replace(" ", "")}),
        error_messages={"required": CHOOSE, "invalid": CHOOSE},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = _("Allowed types: %(types)s. At most 20 MB.") % {"types": ENDINGS}

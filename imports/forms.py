"""The form with which a file is uploaded."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class UploadForm(forms.Form):
    """The form with the CSV file to import. What is in the file is checked by `upload_import`."""

    file = forms.FileField(
        label=_("CSV file"),
        allow_empty_file=True,  # the reader says that it is empty, as of a file of blank lines
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": _("Choose a file."), "invalid": _("Choose a file.")},
    )

    def __init__(self, *args: Any, help_text: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = help_text

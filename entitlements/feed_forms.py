"""The form of a token with which one of the vendor's systems sends files."""

from django import forms
from django.utils.translation import gettext_lazy as _

from entitlements.ingest.tokens import LONGEST_NAME
from entitlements.models.ingest import UploadFileKind
from partnerportal.lib.fields import OneLineFormField


class FeedTokenForm(forms.Form):
    """The form of a new token: which system it is for, and which kinds of files that may send."""

    name = OneLineFormField(
        label=_("System"),
        max_length=LONGEST_NAME,
        help_text=_("The system that will send files with this token. Each name can be used only once."),
        widget=forms.TextInput({"autocomplete": "off", "autofocus": True}),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Files that the system may send"),
        choices=UploadFileKind.choices,
        initial=UploadFileKind.values,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one type of file.")},
    )

"""The forms of requests."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.fields import FilesFormField, FilesInput, OneLineFormField
from partnerportal.lib.uploaded_files import ALL_ENDINGS
from support.actions.rows import REQUIRED
from support.kinds import RequestDetailsForm, get_request_kind
from support.models import Request, RequestFile, Severity
from support.models.request import PHONE_LENGTH, REASON_LENGTH, TEXT_LENGTH, TITLE_LENGTH
from support.queries import list_possible_assignees, list_request_files


class AttachmentsField(FilesFormField):
    """A form field for the files that are attached to a request. What is in them is checked by the actions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Attach files"),
            required=False,
            allow_empty_file=True,  # the check of the content says that it is empty
            widget=FilesInput({"accept": ALL_ENDINGS.replace(" ", "")}),
            help_text=_("PDFs, office documents or pictures, up to 20 MB in total per upload."),
            **options,
        )


class RequestFieldsForm(forms.Form):
    """The form for the fields that every request has. A draft may lack those that a submission needs."""

    title = OneLineFormField(label=pgettext_lazy("request", "Title"), max_length=TITLE_LENGTH)
    justification = forms.CharField(
        label=_("Justification"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("Tell the vendor’s staff why they should do this."),
    )
    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=Severity.choices,
        initial=Severity.MODERATE,
        help_text=_("How serious this is for your organisation."),
    )
    contact_email = forms.EmailField(label=_("Contact email"))
    contact_phone = OneLineFormField(label=_("Contact phone"), max_length=PHONE_LENGTH, required=False)
    version = forms.CharField(widget=forms.HiddenInput, max_length=12)

    def __init__(self, *args: Any, is_draft: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.relaxed = [self.fields[name] for name in REQUIRED] if is_draft else []
        for field in self.relaxed:
            field.required = False


class DraftFieldsForm(RequestFieldsForm):
    """The form for the fields of a draft, and for its files: to attach more, and to take some off."""

    removed = forms.MultipleChoiceField(
        label=_("Attached files: select any to remove"), widget=forms.CheckboxSelectMultiple, required=False
    )
    attachments = AttachmentsField()

    def __init__(self, *args: Any, attached: Iterable[RequestFile], **options: Any) -> None:
        super().__init__(*args, **options)
        self.removal: Any = self.fields.pop("removed")
        self.list_attached(attached)

    def list_attached(self, attached: Iterable[RequestFile]) -> None:
        """Offer to remove these files. Without any, the form has no field for it."""
        choices = [(str(file.public_id), f"{file.name} · {formats.format_file_size(file.size)}") for file in attached]
        self.removal.choices = choices
        if choices:
            self.fields["removed"] = self.removal
            self.order_fields([*self.base_fields])


class AnswerFieldsForm(RequestFieldsForm):
    """The form for an answer to the vendor's question: the fields anew, and a message."""

    message = forms.CharField(
        label=pgettext_lazy("request", "Message"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        required=False,
    )
    attachments = AttachmentsField()


class RequestForms:
    """The two forms of the page on which a request is filled in: of its kind, and of every request."""

    def __init__(self, actor: Actor, row: Request, data: Any = None, files: Any = None, *, is_draft: bool = False):
        of_kind = get_request_kind(row.kind).details
        self.details: RequestDetailsForm = of_kind(data, initial=row.payload, actor=actor, request=row)
        options: dict[str, Any] = {"initial": row.field_values | {"version": row.version}, "is_draft": is_draft}
        self.fields: RequestFieldsForm
        if row.is_draft:
            self.fields = DraftFieldsForm(data, files, attached=list_request_files(actor, row), **options)
        else:
            self.fields = AnswerFieldsForm(data, files, **options)
        self.relaxed = [field for field in self.details.fields.values() if field.required] if is_draft else []
        for field in self.relaxed:
            field.required = False

    def take_kept_files(self, actor: Actor, row: Request) -> None:
        """Offer to remove the files that the draft has now, and go on from its present version."""
        if isinstance(self.fields, DraftFieldsForm):
            posted: Any = self.fields.data
            self.fields.data = data = posted.copy()
            data["version"] = str(row.version)
            self.fields.list_attached(list_request_files(actor, row))

    def is_valid(self) -> bool:
        """Return whether both forms are. Both are asked, so that every error shows at once.

        From then on the forms say again which fields a submission needs.
        """
        is_valid = all([self.details.is_valid(), self.fields.is_valid()])
        for field in [*self.relaxed, *self.fields.relaxed]:
            field.required = True
        return is_valid

    @property
    def values(self) -> dict[str, Any]:
        """The values of both forms, as the actions take them."""
        return {**self.fields.cleaned_data, "payload": self.details.to_payload()}


class RequestMessageForm(forms.Form):
    """The form for a message about a request, with files."""

    message = forms.CharField(
        label=pgettext_lazy("request", "Message"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Enter a message.")},
    )
    attachments = AttachmentsField()


class DeclineRequestForm(forms.Form):
    """The form to decline a request, with the reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Enter a reason.")},
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)


class ApproveRequestForm(forms.Form):
    """The form to approve a request. It holds what the page showed: the revision, and the facts with their digest.

    The facts are values and words by name.
    """

    facts_digest = forms.CharField(max_length=64)
    revision = forms.IntegerField()
    facts_seen = forms.JSONField(required=False)
    facts_shown = forms.JSONField(required=False)

    def clean_facts_seen(self) -> dict[str, str]:
        """Return the values of the facts that the page showed, by name. Anything else counts as none."""
        return _take_texts(self.cleaned_data["facts_seen"])

    def clean_facts_shown(self) -> dict[str, str]:
        """Return the words of the facts that the page showed, by name. Anything else counts as none."""
        return _take_texts(self.cleaned_data["facts_shown"])


def _take_texts(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


class AssigneeField(forms.ModelChoiceField):
    """A form field to choose one of the vendor's operators. Each is shown by the person's name."""

    def label_from_instance(self, operator: Operator) -> str:
        """Return the label of an operator: the person's name."""
        return str(operator.person)


class AssignRequestForm(forms.Form):
    """The form to assign a request to one of the vendor's operators, or to nobody."""

    operator = AssigneeField(
        None,
        to_field_name="public_id",
        label=_("Assigned to"),
        required=False,
        empty_label=pgettext_lazy("assignee", "Nobody"),
    )

    def __init__(self, actor: Actor, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["operator"].queryset = list_possible_assignees(actor)  # type: ignore[attr-defined]

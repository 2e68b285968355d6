"""Forms for messages about an offer: to its publisher, and to a partner."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.queries import list_active_connections
from marketplace.actions.contact import MESSAGE_LENGTH
from partnerportal.lib.actors import Actor

NOT_CONNECTED = _("You are not connected to this partner any more, so your question was not sent.")


class ContactPublisherForm(forms.Form):
    """The message of a reseller to the publisher of an offer."""

    message = forms.CharField(label=_("Message"), max_length=MESSAGE_LENGTH, widget=forms.Textarea(attrs={"rows": 5}))
    reply_to = forms.EmailField(
        label=_("Email for the reply"),
        help_text=_("The publisher will reply to this address by email."),
        max_length=254,
    )


class AskPartnerForm(forms.Form):
    """A customer's question about an offer to one of its connected partners."""

    connection = forms.TypedChoiceField(label=_("Partner"), error_messages={"invalid_choice": NOT_CONNECTED})
    message = forms.CharField(
        label=_("Question"), max_length=MESSAGE_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, actor: Actor, data: Any = None) -> None:
        super().__init__(data)
        rows = sorted(list_active_connections(actor), key=lambda row: row.partner_name.casefold())
        self.connections = {str(row.public_id): row for row in rows}
        choice: Any = self.fields["connection"]
        choice.choices = [(key, row.partner_name) for key, row in self.connections.items()]

    def clean_connection(self) -> Any:
        """Return the chosen connection itself."""
        return self.connections[self.cleaned_data["connection"]]

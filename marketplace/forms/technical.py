"""The form of an offer's technical configuration."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TechnicalForm(forms.Form):
    """The form of where buyers of a SaaS offer land, and where its publisher is told of purchases."""

    landing_page_url = forms.URLField(
        label=_("Landing page"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("Customers are sent here to set up what they have bought."),
    )
    webhook_url = forms.URLField(
        label=_("Webhook"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("We notify your service of purchases, changes and cancellations at this address."),
    )

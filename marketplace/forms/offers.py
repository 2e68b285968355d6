"""The form with which an offer begins."""

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import OfferType, PricingModel
from partnerportal.lib.codes import LONGEST_CODE, validate_code


class CreateOfferForm(forms.Form):
    """The form to create an offer: what is fixed once it is published."""

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_CODE,
        validators=[validate_code],
        help_text=_(
            "Use lower-case letters, digits, hyphens and underscores. The code identifies the offer in the API and "
            "in files."
        ),
        widget=forms.TextInput({"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    type = forms.ChoiceField(label=_("Type"), choices=OfferType.choices, widget=forms.RadioSelect)
    pricing_model = forms.ChoiceField(
        label=_("Pricing model"),
        choices=PricingModel.choices,
        widget=forms.RadioSelect,
        help_text=_("Applies to all plans of the offer."),
    )


class ChangeOfferForm(CreateOfferForm):
    """The form to correct what an offer begins with, until it is published."""

    deletes_prices = forms.BooleanField(
        label=_("Delete the prices if the pricing model changes"),
        required=False,
        help_text=_("Saved amounts won’t fit a different pricing model."),
    )
    field_order = ("code", "type", "pricing_model", "deletes_prices")

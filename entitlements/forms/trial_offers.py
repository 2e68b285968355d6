"""The form in which vendor staff open a service for trial."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.actions.trials import MOST_SEATS
from entitlements.forms.activation import AddOnField
from entitlements.models import Sku, TrialOffer
from entitlements.models.trial_offer import OFFERING_KINDS
from entitlements.queries.trial_offers import list_add_ons, list_offering_organizations, list_unoffered_skus
from partnerportal.lib import formats
from partnerportal.lib.actors import Actor
from partnerportal.lib.revisions import read_posted_revision

MOST_NAMED = 500  # organisations that are chosen for one service
EVERYBODY, CHOSEN = "all", "chosen"


class TrialOfferForm(forms.Form):
    """The form of a trial offer: how many licences, which add-ons, and who may offer it. `offer` is None for a new one.

    The add-ons of a new one can be chosen once it is there, because they depend on the service.
    """

    sku = forms.ModelChoiceField(
        Sku.objects.none(), to_field_name="code", label=_("Service"), empty_label=_("Choose a service")
    )
    seat_limit = forms.IntegerField(
        label=_("Maximum licences per trial"), min_value=1, max_value=MOST_SEATS, initial=MOST_SEATS
    )
    add_ons = AddOnField(
        Sku.objects.none(),
        to_field_name="code",
        label=_("Add-ons that can be tried with the service"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    audience = forms.ChoiceField(
        label=_("Who may offer the service"),
        choices=[(EVERYBODY, _("All distributors and partners")), (CHOSEN, _("Only those listed below"))],
        widget=forms.RadioSelect,
        initial=EVERYBODY,
    )
    organizations = forms.CharField(
        label=_("ORGIDs"),
        required=False,
        help_text=_("One ORGID per line. If you enter a distributor, its partners can offer the service too."),
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, actor: Actor, data: Mapping[str, Any] | None = None, *, offer: TrialOffer | None = None) -> None:
        super().__init__(data, initial=_read_offer(actor, offer) if offer else None)
        self.actor, self.offer = actor, offer
        add_ons = list_add_ons(offer.sku.service) if offer else Sku.objects.none()
        self.fields["add_ons"].queryset = add_ons  # type: ignore[attr-defined]
        if offer:
            del self.fields["sku"]
        else:
            self.fields["sku"].queryset = list_unoffered_skus()  # type: ignore[attr-defined]
        if not add_ons.exists():
            del self.fields["add_ons"]

    def clean_organizations(self) -> list[Organization]:
        """Return the organisations whose ORGIDs were typed. Raises ValidationError for those that are none."""
        typed = list(dict.fromkeys(re.split(r"[\s,;]+", self.cleaned_data["organizations"].strip())))
        ids = [text for text in typed if text]
        if len(ids) > MOST_NAMED:
            most = formats.format_number(MOST_NAMED)
            raise forms.ValidationError(gettext("Enter at most %(most)s organisations.") % {"most": most})
        known = Organization.objects.visible_to(self.actor).filter(org_id__in=ids, kind__in=OFFERING_KINDS)
        rows = {row.org_id: row for row in known}
        if unknown := [text[:20] for text in ids if text not in rows]:
            text = ngettext(
                "No distributor or partner has this ORGID: %(names)s",
                "No distributor or partner has these ORGIDs: %(names)s",
                len(unknown),
            )
            raise forms.ValidationError(text % {"names": formats.join_first_names(unknown)})
        return [rows[text] for text in ids]

    def clean(self) -> dict[str, Any]:
        """Refuse a choice of nobody."""
        values = super().clean() or {}
        if values.get("audience") == CHOSEN and not values.get("organizations") and "organizations" not in self.errors:
            self.add_error("organizations", _("Enter at least one distributor or partner."))
        return values

    @property
    def values(self) -> dict[str, Any]:
        """The values of the form, as keyword arguments of `open_trial_offer`."""
        values = self.cleaned_data
        return {
            "sku": self.offer.sku if self.offer else values["sku"],
            "seat_limit": values["seat_limit"],
            "add_ons": list(values.get("add_ons", ())),
            "organizations": values["organizations"] if values["audience"] == CHOSEN else None,
            "revision": read_posted_revision(self.data) if self.offer else None,
        }


def _read_offer(actor: Actor, offer: TrialOffer) -> dict[str, Any]:
    chosen = list_offering_organizations(actor, offer).values_list("org_id", flat=True)
    add_ons = Sku.objects.filter(pk__in=offer.add_on_ids).values_list("code", flat=True)
    return {
        "seat_limit": offer.seat_limit,
        "add_ons": list(add_ons),
        "audience": EVERYBODY if offer.is_for_all else CHOSEN,
        "organizations": "\n".join(chosen),
    }

"""The form in which the vendor says whose product a SKU is."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from entitlements.models import Sku
from marketplace.queries.skus import get_publisher_of_sku


class SkuPublisherForm(forms.Form):
    """The form with the publisher of a SKU, chosen by ORGID; the empty choice is the vendor itself."""

    publisher = forms.ChoiceField(
        label=_("Publisher"),
        required=False,
        help_text=_(
            "The publisher will get a notification, and will be able to see usage totals for this SKU that don’t "
            "name any customers."
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, sku: Sku, publishers: Iterable[Organization]) -> None:
        stored = get_publisher_of_sku(sku)
        self.stored, self.stored_name = (stored.org_id, stored.name) if stored else ("", "")
        super().__init__(data, initial={"publisher": self.stored})
        self.by_org_id = {row.org_id: row for row in publishers}
        choices = [(org_id, f"{row.name} · {org_id}") for org_id, row in self.by_org_id.items()]
        self.fields["publisher"].choices = [("", _("The vendor’s own SKU")), *choices]  # type: ignore[attr-defined]

    @property
    def seen(self) -> str:
        """The ORGID of the publisher that the person has seen, "" for none."""
        return str(self.data.get("seen", ""))

    @property
    def is_overtaken(self) -> bool:
        """Whether a colleague has changed the publisher since this form was opened."""
        return self.is_bound and self.seen != self.stored

    @property
    def chosen(self) -> Organization | None:
        """The publisher that was chosen, or None for the vendor itself."""
        return self.by_org_id.get(self.cleaned_data["publisher"])

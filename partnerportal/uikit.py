"""The UI kit: every component in every state on one page, for whoever builds pages. Routed in development only."""

import datetime as dt
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.vary import vary_on_headers

from partnerportal.lib import formats
from partnerportal.uikit_charts import build_sample_charts, build_sample_renewal_calendar, build_sample_sparklines


class SampleForm(forms.Form):
    """A form for the UI kit with one field of each kind. Sent unchanged, it shows errors."""

    name = forms.CharField(label="Name", help_text="As it stands in your contracts.")
    email = forms.EmailField(label="E-mail", required=False)
    seats = forms.IntegerField(label="Licences", min_value=18)
    country = forms.ChoiceField(label="Country", choices=[("FR", "France"), ("JP", "Japan")])
    password = forms.CharField(label="Password", widget=forms.PasswordInput, required=False)
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    channel = forms.ChoiceField(
        label="Tell me by", choices=[("inbox", "Inbox"), ("email", "E-mail")], widget=forms.RadioSelect, required=False
    )
    terms = forms.BooleanField(label="I have read the terms")


_ROWS = [
    ("Umbra Insurance SAS", "ORG-4F7K-22QD", "France", "ok", "Active", 59, 100, 3),
    ("Halcyon Retail KK", "ORG-9TQ2-71MB", "Japan", "ok", "Active", 21, 25, 16),
    ("Delphi Logistics BV", "ORG-1C8W-60HJ", "Netherlands", "warn", "At risk", 18, 50, 24),
    ("株式会社青空システムズ", "ORG-5N3R-18VX", "Japan", "info", "Trial", 370, 400, 44),
    ("Brightwater Studios", "ORG-7Y6D-93LP", "Ireland", "ok", "Active", 250, 250, 120),
    ("Kestrel Labs", "ORG-2B9S-44KT", "Germany", "bad", "Suspended", 212, 200, -2),
]


_HEADS = [
    ("Customer", "", "?order=-name", "ascending"),
    ("Status", "", "", ""),
    ("Country", "wide-only", "?order=country", ""),
    ("Licences", "num", "", ""),
    ("Trend", "wide-only", "", ""),
    ("Expires", "", "", ""),
]


def _rows() -> list[dict[str, object]]:
    today = timezone.localdate()
    sparks = build_sample_sparklines()
    keys = ("name", "orgid", "country", "tone", "status", "used", "limit")
    return [
        dict(zip(keys, row, strict=False))
        | {
            "id": index,
            "expires": formats.format_relative_time(today + dt.timedelta(row[7])),
            "is_soon": 0 <= row[7] <= 30,
            "spark": sparks[index % 4],
        }
        for index, row in enumerate(_ROWS)
    ]


@vary_on_headers("HX-Request")
def ui_kit(request: HttpRequest) -> HttpResponse:
    """Show the UI kit, a page with every component.

    To htmx it answers with the table alone. `?q=` searches the table, and `?toast=1` adds two toasts.
    """
    now = timezone.now()
    if request.GET.get("toast"):
        messages.success(request, "Notice dismissed", extra_tags="undo=/ui-kit/")
        messages.error(request, "Usage could not be loaded")
    query = request.GET.get("q", "").lower()
    context = {
        "rows": [row for row in _rows() if query in str(row["name"]).lower()],
        "heads": [dict(zip(("label", "css", "url", "direction"), head, strict=True)) for head in _HEADS],
        "query": request.GET.get("q", ""),
        "country": request.GET.get("country", ""),
        "countries": [("FR", "France"), ("JP", "Japan")],
        "form": SampleForm({"name": "", "seats": 12, "country": "FR"}),
        "blank": SampleForm(auto_id="blank_%s"),
        "moments": [now - dt.timedelta(minutes=12), now - dt.timedelta(days=2), now - dt.timedelta(days=60)],
        "ends": timezone.localdate() + dt.timedelta(22),
        "amount": Decimal("10800.50"),
        "charts": build_sample_charts(),
        "list": build_sample_renewal_calendar(),
        "steps": [
            {"label": "Verify your e-mail", "is_done": True},
            {"label": "Invite your first customer", "icon": "link", "url": "#", "action": "Copy the link"},
        ],
    }
    return render(request, "uikit/table.html#list" if "HX-Request" in request.headers else "uikit/page.html", context)


@vary_on_headers("HX-Request")
def ui_kit_dialog(request: HttpRequest) -> HttpResponse:
    """Show the UI kit's sample dialog: as a fragment for dialog.js, and as a whole page without JavaScript."""
    return render(request, "uikit/dialog.html", {"link": "https://portal.example.com/i/9fK2-xQ7v-Tn41-Zp8R-4mLc"})

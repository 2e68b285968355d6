"""The columns that the customer list can show: for its head, its sorting and its chooser."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from partnerportal.lib.errors import Message


@dataclass(frozen=True, kw_only=True)
class Column:
    """`name` is its word in the address, in ListSettings, and its branch in parts/customer_rows.jinja; `sort` a column
    of the listing that is never null, or nothing. `is_usual`: shown unless somebody chooses."""

    name: str
    label: Message
    sort: str = ""
    css: str = ""
    is_usual: bool = True


NAME = Column(name="name", label=_("Customer"), sort="name_folded")
COLUMNS = (
    NAME,
    Column(name="org_id", label=_("ORGID"), sort="org_id", css="wide-only"),
    Column(name="country", label=_("Country"), sort="country"),
    Column(name="services", label=_("Services"), sort="services", css="wide-only"),
    Column(name="trials", label=_("Trials"), css="num wide-only", is_usual=False),
    Column(name="assigned", label=_("Seats assigned"), sort="assigned", css="num"),
    Column(name="trend", label=_("16 weeks"), css="wide-only"),
    Column(name="expires_on", label=_("Next expiry"), sort="next_expiry_on"),
    Column(name="connected_at", label=_("Connected"), sort="connected_at", css="wide-only"),
)
BY_NAME = {column.name: column for column in COLUMNS}
# Seats purchased stand beside those assigned: sorted by, without a head of their own.
SORTS = {column.name: column.sort for column in COLUMNS if column.sort} | {"seats": "seats"}


def columns_of(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of those names in that order, the customer's name first; without names, the usual ones."""
    wanted = [BY_NAME[name] for name in dict.fromkeys(names) if name in BY_NAME and name != NAME.name]
    if not names:
        return tuple(column for column in COLUMNS if column.is_usual)
    return (NAME, *wanted)

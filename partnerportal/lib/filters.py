"""The base of the filter sets that narrow a list, by django-filter."""

from collections.abc import Mapping
from typing import Any

import django_filters as df

from partnerportal.lib.actors import ANONYMOUS, Actor


class FilterSet(df.FilterSet):
    """A django-filter FilterSet that builds only the filters whose parameters are in the URL.

    Building all of them took 2 ms a page. `acting` is who asks, for filters that depend on it.
    """

    base_filters: dict[str, df.Filter]

    def __init__(
        self, data: Mapping[str, Any] | None = None, *args: Any, acting: Actor = ANONYMOUS, **options: Any
    ) -> None:
        self.acting = acting
        used = {name for name, value in (data or {}).items() if value not in (None, "")}
        self.base_filters = {name: one for name, one in self.base_filters.items() if name in used}
        super().__init__(data, *args, **options)

    @property
    def cleaned_values(self) -> dict[str, Any]:
        """The valid values of the filters, as a dict by filter name. Empty and invalid values are left out."""
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value not in ("", None)}

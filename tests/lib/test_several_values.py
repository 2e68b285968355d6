"""A filter by several values: what it keeps of them, and what many of them cost."""

from django.contrib.contenttypes.models import ContentType
from django.http import QueryDict

from partnerportal.lib.filters import FilterSet, SeveralFilter


def test_a_value_that_is_repeated_is_checked_and_kept_once():
    asked = 0

    def list_choices():
        nonlocal asked
        asked += 1
        return [("DE", "Germany"), ("FR", "France")]

    class Countries(FilterSet):
        country = SeveralFilter(choices=list_choices)

    def clean(text):
        nonlocal asked
        asked = 0
        return Countries(QueryDict(f"country={text}"), queryset=ContentType.objects.none()).cleaned_values, asked

    few = clean("FR,DE")
    assert few[0] == {"country": "FR,DE"}
    assert clean(",".join(["FR", "DE"] * 400)) == few

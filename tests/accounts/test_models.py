"""Facts about one organisation."""

import pytest

from accounts.models import Organization


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (
            {"country": "FR", "street": "12 quai Saint-Vincent", "postal_code": "69001", "city": "Lyon"},
            ["12 quai Saint-Vincent", "69001 Lyon"],
        ),
        (
            {"country": "JP", "street": "神南1-12-10", "postal_code": "150-0041", "city": "東京都渋谷区"},
            ["〒150-0041", "東京都渋谷区神南1-12-10"],
        ),
        ({"country": "JP", "city": "大阪市"}, ["大阪市"]),
        ({"country": "GB", "city": "Manchester"}, ["Manchester"]),
        ({"country": "GB"}, []),
    ],
)
def test_an_address_is_written_as_its_country_writes_it(fields, lines):
    assert Organization(**fields).address_lines == lines

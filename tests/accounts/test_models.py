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
        (
            {"country": "JP", "street": "1-12-10 Jinnan", "postal_code": "150-0041", "city": "Shibuya-ku, Tōkyō"},
            ["1-12-10 Jinnan", "Shibuya-ku, Tōkyō 150-0041"],
        ),
        (
            {"country": "KR", "street": "세종대로 110", "postal_code": "04524", "city": "서울특별시"},
            ["서울특별시 세종대로 110", "04524"],
        ),
        (
            {"country": "GB", "street": "27 Redcliffe Quay", "postal_code": "BS1 6HU", "city": "Bristol"},
            ["27 Redcliffe Quay", "Bristol", "BS1 6HU"],
        ),
        (
            {"country": "US", "street": "815 NW Marshall Street", "postal_code": "97209", "city": "Portland, OR"},
            ["815 NW Marshall Street", "Portland, OR 97209"],
        ),
        (
            {"country": "HU", "street": "Váci utca 1", "postal_code": "1052", "city": "Budapest"},
            ["Budapest", "Váci utca 1", "1052"],
        ),
        ({"country": "US", "postal_code": "97209"}, ["97209"]),
        ({"country": "GB", "city": "Manchester"}, ["Manchester"]),
        ({"country": "GB"}, []),
    ],
)
def test_an_address_is_written_as_its_country_writes_it(fields, lines):
    assert Organization(**fields).address_lines == lines

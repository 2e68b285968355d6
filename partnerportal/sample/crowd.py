"""Any number of further customers of the main partner, to see and measure pages at full size."""

# ruff: noqa: SIM905 - lists of words read better as text

from collections.abc import Callable, Iterator
from random import Random
from tempfile import TemporaryFile

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from connections.models import Connection
from partnerportal.sample import cast, facts
from partnerportal.sample.facts import SampleCustomer
from partnerportal.sample.usage import write_sample_usage
from partnerportal.sample.writing import import_sample_feed, make_sample_connection, make_sample_customer

CHUNK = 1000  # customers in a transaction: each takes a lock until its end

_PLACES = {
    "GB": ("London", "Glasgow", "Birmingham", "Leeds", "Belfast"),
    "FR": ("Paris", "Lille", "Toulouse", "Rennes", "Nice"),
    "DE": ("Berlin", "Köln", "Stuttgart", "Nürnberg", "Bremen"),
    "JP": ("東京都", "大阪市", "名古屋市", "福岡市", "札幌市"),
}
_EN = (
    "Amber Ash Beacon Birch Bramble Cedar Clover Crescent Drift Ember Falcon Fern Flint Garnet Granite Harrow Hazel"
    " Heron Ivory Jasper Kelp Linden Maple Marlow Moss Nettle Oakham Orchard Pebble Pine Quarry Raven Rowan Sable Slate"
    " Sorrel Tern Thorn Willow Yarrow"
).split()
_EN_TRADES = (
    "Bank Brewery Care Dental Design Energy Estates Foods Freight Homes Labs Law Media Motors School Trust".split()
)
_FR = (
    "Ajonc Alouette Bruyère Cèdre Châtaigne Clémentine Écluse Étoile Falaise Fougère Genêt Grève Hêtre Jonquille Lavande"
    " Marée Mélèze Noisette Olivier Pâquerette Rosée Sève Tilleul Vallée"
).split()
_FR_TRADES = "Ateliers Boulangerie Cabinet Clinique Éditions Garage Groupe Laboratoires Librairie Transports".split()
_DE = (
    "Ahorn Amsel Buchen Eichen Föhren Grün Heide Jäger Königs Linden Mühlen Möwen Quell Rüster Söller Weißdorn".split()
)
_DE_TRADES = "bau druck glas hof holz kontor markt metall technik werk".split()
_DE_FORMS = ("GmbH", "AG", "KG", "e. V.")
_JA = "青空 朝日 泉 梅田 大森 霧島 桜井 白川 高峰 月島 富士見 松原 緑丘 宮前 若葉 ひかり みどり やまと ミナト アオイ".split()
_JA_TRADES = "印刷 運輸 化学 観光 建設 工業 食品 商事 電機 病院".split()


def add_sample_customers(total: int, print_progress: Callable[[str], None]) -> int:
    """Add invented customers until the main sample partner is connected to `total` customers.

    Returns how many were added. What an interrupted call has added is kept. `print_progress` is called with a text that
    tells the progress.
    """
    organization = Organization.objects.get(org_id=next(c.org_id for c in cast.COMPANIES if c.key == cast.MAIN))
    missing = total - Connection.objects.active().filter(partner=organization).count()
    added = 0
    for numbers in _free_numbers(max(0, missing)):
        _add(organization, numbers)
        added += len(numbers)
        print_progress(f"{added:,} of {missing:,} customers")
    return added


def _free_numbers(wanted: int) -> Iterator[list[int]]:
    """Yield the numbers of `wanted` customers that do not exist yet, in chunks."""
    start = 1
    while wanted > 0:
        numbers = range(start, start + CHUNK)
        start += CHUNK
        taken = set(Organization.objects.filter(org_id__in=map(_org_id, numbers)).values_list("org_id", flat=True))
        free = [number for number in numbers if _org_id(number) not in taken][:wanted]
        wanted -= len(free)
        if free:
            yield free


@transaction.atomic
def _add(partner: Organization, numbers: list[int]) -> None:
    now = timezone.now()
    rows = []
    for number in numbers:
        name, country, city = invent_customer(number)
        rows.append(make_sample_customer(f"customer-{number}", name, country, city, _org_id(number), now))
    Organization.objects.bulk_create(rows)
    Connection.objects.bulk_create(make_sample_connection(partner, row, now) for row in rows)
    with TemporaryFile() as file:
        for row in rows:
            file.writelines(
                facts.encode_feed_lines(
                    facts.make_past_service_feed_rows(
                        SampleCustomer(row.org_id, row.country), now.date(), most_services=2
                    )
                )
            )
        file.seek(0)
        import_sample_feed(file)
    write_sample_usage(rows, now.date())


def _org_id(number: int) -> str:
    return str(20_000_000 + number * 7_654_321 % 30_000_000)  # no two numbers have one id: the factors are coprime


def invent_customer(number: int) -> tuple[str, str, str]:
    """Return the name, country code and city of the invented customer with this number."""
    random = Random(number)
    country = random.choice(("GB", "GB", "GB", "FR", "DE", "JP"))
    if country == "GB":
        name = f"{random.choice(_EN)} {random.choice(_EN)} {random.choice(_EN_TRADES)}"
    elif country == "FR":
        name = f"{random.choice(_FR_TRADES)} {random.choice(_FR)}-{random.choice(_FR)}"
    elif country == "DE":
        name = f"{random.choice(_DE)}{random.choice(_DE_TRADES)} {random.choice(_DE_FORMS)}"
    else:
        name = f"{random.choice(_JA)}{random.choice(_JA)}{random.choice(_JA_TRADES)}株式会社"
    return name, country, random.choice(_PLACES[country])

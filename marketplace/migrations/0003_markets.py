"""The markets of resellers with their countries and currencies (E-10), and the vendor's first categories of offers."""

import csv
from pathlib import Path

from django.db import migrations
from django.utils.text import slugify

MARKETS = Path(__file__).resolve().parents[1] / "data" / "markets.csv"  # market, country, currency
NAMES = {  # of markets: the French and the Japanese one by the English one
    "Africa": ("Afrique", "アフリカ"),
    "Asia and Pacific": ("Asie-Pacifique", "アジア太平洋"),
    "Australia": ("Australie", "オーストラリア"),
    "Brazil": ("Brésil", "ブラジル"),
    "Canada": ("Canada", "カナダ"),
    "Europe": ("Europe", "ヨーロッパ"),
    "India": ("Inde", "インド"),
    "Japan": ("Japon", "日本"),
    "Korea": ("Corée", "韓国"),
    "Latin America and the Caribbean": ("Amérique latine et Caraïbes", "中南米・カリブ海地域"),
    "Middle East, Central and Eastern Europe": ("Moyen-Orient, Europe centrale et orientale", "中東・中東欧"),
    "New Zealand": ("Nouvelle-Zélande", "ニュージーランド"),
    "Russia": ("Russie", "ロシア"),
    "Taiwan": ("Taïwan", "台湾"),
    "United States": ("États-Unis", "米国"),
}
CATEGORIES = [  # code, parent, and the names in English, French and Japanese
    ("analytics", None, "Analytics", "Analytique", "分析"),
    ("collaboration", None, "Collaboration", "Collaboration", "コラボレーション"),
    ("compute", None, "Compute", "Calcul", "コンピューティング"),
    ("databases", None, "Databases", "Bases de données", "データベース"),
    ("developer-tools", None, "Developer tools", "Outils de développement", "開発者ツール"),
    ("finance", None, "Finance", "Finance", "財務"),
    ("it-management", None, "IT management", "Gestion informatique", "IT管理"),
    ("backup", "it-management", "Backup", "Sauvegarde", "バックアップ"),
    ("monitoring", "it-management", "Monitoring", "Supervision", "監視"),
    ("networking", None, "Networking", "Réseau", "ネットワーク"),
    ("security", None, "Security", "Sécurité", "セキュリティ"),
    ("identity", "security", "Identity", "Identité", "ID管理"),
    ("threat-protection", "security", "Threat protection", "Protection contre les menaces", "脅威対策"),
]


def add(apps, schema_editor):
    """Store the markets that the file lists, and the categories."""
    market_model, currency_model, country_model = (
        apps.get_model("marketplace", name) for name in ("Market", "MarketCurrency", "MarketCountry")
    )
    with MARKETS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    markets = {}
    for name in dict.fromkeys(row["market"] for row in rows):
        names = dict(zip(("en", "fr", "ja"), (name, *NAMES[name]), strict=True))
        markets[name] = market_model.objects.create(code=slugify(name), names=names)
    currency_model.objects.bulk_create(
        currency_model(market=markets[name], currency=currency)
        for name, currency in sorted({(row["market"], row["currency"]) for row in rows})
    )
    country_model.objects.bulk_create(
        country_model(country=row["country"], market=markets[row["market"]], currency=row["currency"]) for row in rows
    )
    category, made = apps.get_model("marketplace", "Category"), {}
    for position, (code, parent, *names) in enumerate(CATEGORIES):
        names = dict(zip(("en", "fr", "ja"), names, strict=True))
        made[code] = category.objects.create(code=code, parent=made.get(parent), names=names, position=position)


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_policies")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

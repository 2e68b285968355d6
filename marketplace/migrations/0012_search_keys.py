"""The texts of offers and products are folded further for searches, as names are (accounts 0018)."""

from django.db import migrations

from partnerportal.lib.text import make_search_key

BATCH = 500
FOLDED = {"Offer": ("search", "sort_en", "sort_fr", "sort_ja"), "Product": ("name_folded",)}


def fold_again(apps, schema_editor):
    """Fold what is searched and sorted of all offers and products."""
    for model, names in FOLDED.items():
        rows = apps.get_model("marketplace", model).objects
        changed = []
        for row in rows.only(*names).iterator(BATCH):
            before = [getattr(row, name) for name in names]
            for name in names:
                setattr(row, name, make_search_key(getattr(row, name)))
            if [getattr(row, name) for name in names] != before:
                changed.append(row)
        rows.bulk_update(changed, names, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0011_told_by_admins")]

    operations = [migrations.RunPython(fold_again, migrations.RunPython.noop)]

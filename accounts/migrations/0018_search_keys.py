"""Names are folded further for searches: hyphens, apostrophes and the like are spaces, and ł is an l.

What was folded before is folded again, which comes to the same. Triggers carry it to the listings.
"""

from django.db import migrations

from partnerportal.lib.text import make_search_key

BATCH = 1000


def fold_again(apps, schema_editor):
    """Fold the names of all organisations, and put their web domains into small letters."""
    organizations = apps.get_model("accounts", "Organization").objects
    changed = []
    for row in organizations.only("name_folded", "website").iterator(BATCH):
        before = (row.name_folded, row.website)
        row.name_folded, row.website = make_search_key(row.name_folded), row.website.lower()
        if (row.name_folded, row.website) != before:
            changed.append(row)
    organizations.bulk_update(changed, ["name_folded", "website"], batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0017_first_steps")]

    operations = [migrations.RunPython(fold_again, migrations.RunPython.noop)]

"""Lists of activation links can be sorted: by a folded name, and for the vendor, who sees all, by indexes."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_operator_invitations"),
        ("entitlements", "0012_links_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="activationlink",
            name="name_folded",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Left(
                    django.db.models.functions.text.Lower(
                        models.Func(
                            models.Func("name", function="normalize", template="%(function)s(%(expressions)s, NFKD)"),
                            models.Value("[\\u0300-\\u036f]"),
                            models.Value(""),
                            models.Value("g"),
                            function="regexp_replace",
                        )
                    ),
                    200,
                ),
                output_field=models.CharField(max_length=200),
            ),
        ),
        migrations.AddIndex(
            model_name="activationlink",
            index=models.Index(fields=["kind", "created_at", "id"], name="activation_by_sending"),
        ),
        migrations.AddIndex(
            model_name="activationlink",
            index=models.Index(fields=["kind", "expires_at", "id"], name="activation_by_end"),
        ),
        migrations.AddIndex(
            model_name="activationlink",
            index=models.Index(fields=["kind", "name_folded", "id"], name="activation_by_name"),
        ),
        migrations.AddIndex(
            model_name="activationlink",
            index=models.Index(fields=["kind", "email", "id"], name="activation_by_email"),
        ),
    ]

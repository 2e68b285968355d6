"""Products of publishers and the sums over their customers, and who reads them."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

from partnerportal.lib.tenancy import enable_row_security

SEEN = "publisher_id = portal_org() OR (SELECT portal_is_vendor())"
# A SKU that goes to another publisher, or back to the vendor, is no product of this one from the same moment on. The row
# is locked before its figures go, so that a count that is still writing some is waited for.
GOES = """
CREATE FUNCTION product_goes_with_its_publisher() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM marketplace_product WHERE sku_id = OLD.sku_id FOR UPDATE;
    DELETE FROM marketplace_productfigure f USING marketplace_product p
    WHERE p.id = f.product_id AND p.sku_id = OLD.sku_id;
    DELETE FROM marketplace_product WHERE sku_id = OLD.sku_id;
    RETURN NULL;
END $$;
CREATE TRIGGER product_goes_when_it_moves AFTER UPDATE OF publisher_id ON entitlements_skupublisher FOR EACH ROW
    WHEN (OLD.publisher_id <> NEW.publisher_id) EXECUTE FUNCTION product_goes_with_its_publisher();
CREATE TRIGGER product_goes_when_it_is_the_vendors AFTER DELETE ON entitlements_skupublisher FOR EACH ROW
    EXECUTE FUNCTION product_goes_with_its_publisher();
"""
STAYS = """
DROP TRIGGER product_goes_when_it_is_the_vendors ON entitlements_skupublisher;
DROP TRIGGER product_goes_when_it_moves ON entitlements_skupublisher; DROP FUNCTION product_goes_with_its_publisher();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_requests'),
        ('entitlements', '0009_sku_publishers'),
        ('marketplace', '0009_private'),
    ]

    operations = [
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('code', models.CharField(max_length=60)),
                ('name', models.CharField(max_length=200)),
                ('names', models.JSONField(default=dict)),
                ('name_folded', models.CharField(max_length=400)),
                ('counted_at', models.DateTimeField(null=True)),
                ('reported_on', models.DateField(null=True)),
                ('offer', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='marketplace.offer')),
                ('publisher', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('sku', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='entitlements.sku')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('offer__isnull', False), ('sku', None)), models.Q(('offer', None), ('sku__isnull', False)), _connector='OR'), name='product_is_a_sku_or_an_offer')],
            },
        ),
        migrations.CreateModel(
            name='ProductFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('measure', models.CharField(choices=[('seats', 'Licences'), ('active_users', 'Active users'), ('trials', 'Trials'), ('renewals', 'Renewals')], max_length=12)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('amount', models.PositiveBigIntegerField()),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='marketplace.product')),
                ('publisher', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['publisher', 'month'], name='product_figure_by_publisher')],
                'constraints': [models.UniqueConstraint(fields=('product', 'month', 'measure', 'country'), name='product_figure_once')],
            },
        ),
        enable_row_security("marketplace_product", using=SEEN, check="false"),
        enable_row_security("marketplace_productfigure", using=SEEN, check="false"),
        migrations.RunSQL(GOES, STAYS),
    ]

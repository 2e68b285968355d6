"""The tables of requests to the vendor, their revisions and their messages."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0007_requests'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='title')),
                ('justification', models.CharField(blank=True, max_length=4000, verbose_name='justification')),
                ('severity', models.CharField(choices=[('critical', 'Critical'), ('moderate', 'Moderate'), ('minimal', 'Minimal')], default='moderate', max_length=10, verbose_name='severity')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name='contact email')),
                ('contact_phone', models.CharField(blank=True, max_length=40, verbose_name='contact phone')),
                ('payload', models.JSONField(default=dict)),
                ('number', models.CharField(db_default='', max_length=20, unique=True)),
                ('kind', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('subject_label', models.CharField(max_length=200)),
                ('prefilled', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Submitted'), ('needs_information', 'Needs information'), ('approved', 'Approved'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn'), ('overtaken', 'Overtaken')], default='draft', max_length=20)),
                ('open_key', models.CharField(blank=True, max_length=120)),
                ('reason', models.CharField(blank=True, max_length=400)),
                ('overtaken_by', models.JSONField(default=dict)),
                ('results', models.JSONField(default=list)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('assignee', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.operator')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requests', to='accounts.organization')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RequestMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('body', models.CharField(max_length=4000)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='support.request')),
            ],
        ),
        migrations.CreateModel(
            name='RequestRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='title')),
                ('justification', models.CharField(blank=True, max_length=4000, verbose_name='justification')),
                ('severity', models.CharField(choices=[('critical', 'Critical'), ('moderate', 'Moderate'), ('minimal', 'Minimal')], default='moderate', max_length=10, verbose_name='severity')),
                ('contact_email', models.EmailField(blank=True, max_length=254, verbose_name='contact email')),
                ('contact_phone', models.CharField(blank=True, max_length=40, verbose_name='contact phone')),
                ('payload', models.JSONField(default=dict)),
                ('number', models.PositiveIntegerField()),
                ('submitted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='support.request')),
            ],
        ),
        migrations.AddIndex(
            model_name='request',
            index=models.Index(fields=['organization', '-id'], name='request_by_organization'),
        ),
        migrations.AddIndex(
            model_name='request',
            index=models.Index(condition=models.Q(('state', 'draft'), _negated=True), fields=['state', 'id'], name='request_by_state'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['submitted', 'needs_information'])), fields=('open_key',), name='request_one_open'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('person', 'organization', 'kind', 'subject_id'), name='request_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'draft'), models.Q(('open_key', ''), _negated=True), _connector='OR'), name='request_submitted_with_key'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'draft'), ('submitted_at', None)), models.Q(models.Q(('state', 'draft'), _negated=True), ('submitted_at__isnull', False)), _connector='OR'), name='request_submitted_once'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'declined'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='request_declined_with_reason'),
        ),
        migrations.AddIndex(
            model_name='requestmessage',
            index=models.Index(fields=['request', 'id'], name='request_message_order'),
        ),
        migrations.AddConstraint(
            model_name='requestmessage',
            constraint=models.CheckConstraint(condition=models.Q(('body', ''), _negated=True), name='request_message_says_something'),
        ),
        migrations.AddConstraint(
            model_name='requestrevision',
            constraint=models.UniqueConstraint(fields=('request', 'number'), name='request_revision_once'),
        ),
    ]

"""What staff open for trial, and activation links: their tables, who sees and writes them, and what their holders do.

Whoever holds a link enters with the digest of its token as the secret, and acts by the functions below alone: each
looks for the link of that secret, and for no other. So a bare statement founds, tries and connects no more than the
link says.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import partnerportal.lib.countries
from partnerportal.lib.mailed_invitations import protect_mailed_invitations
from partnerportal.lib.tenancy import NOW, allow_tenant_events, enable_row_security, fill_columns_by_trigger

LINKS, TOKENS = "entitlements_activationlink", "entitlements_activationtoken"
VENDOR = "(SELECT portal_is_vendor())"
STAFF = "(SELECT portal_is_vendor() AND portal_is_admin())"
OFFER_SEEN = f"""{VENDOR} OR withdrawn_at IS NULL AND (SELECT true FROM accounts_organization o
    WHERE o.id = portal_org() AND o.kind IN ('distributor', 'partner')
      AND (is_for_all OR organization_ids && ARRAY[o.id, o.parent_id]))"""
LINK_SEEN = f"{VENDOR} OR organization_id = portal_org() OR partner_id = portal_org() OR account_id = portal_org()"
SENT = "organization_id = portal_org() AND (SELECT sends_activation_links())"
TODAY = f"({NOW} AT TIME ZONE 'UTC')::date"
TRIAL_DAYS = 14  # as PORTAL_TRIAL_TIME; a test compares them

SENDERS = """
CREATE FUNCTION sends_activation_links() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_operator
                   WHERE person_id = portal_person() AND organization_id = portal_org()
                     AND roles && '{admin,admin_agent,sales_agent}') $$;
GRANT EXECUTE ON FUNCTION sends_activation_links() TO portal_app;
"""
# A partner invites customers of its own; a distributor partners of its own, and customers of one of its partners; the
# vendor's staff whom they like.
PARTIES = f"""
CREATE FUNCTION may_be_activated(invited text, partner bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_organization s WHERE s.id = portal_org() AND CASE s.kind
        WHEN 'partner' THEN invited = 'customer' AND partner = s.id
        WHEN 'distributor' THEN invited = 'partner' OR EXISTS (
            SELECT FROM accounts_organization p WHERE p.id = partner AND p.parent_id = s.id)
        WHEN 'vendor' THEN partner IS NULL OR EXISTS (
            SELECT FROM accounts_organization p WHERE p.id = partner AND p.kind = 'partner')
        ELSE false END) $$;
GRANT EXECUTE ON FUNCTION may_be_activated(text, bigint) TO portal_app;
CREATE POLICY names_its_own ON {LINKS} AS RESTRICTIVE FOR INSERT WITH CHECK (may_be_activated(kind, partner_id));
"""
CHANGED = "email, language, name, country, sku_id, add_on_ids, seats, partner_id, program_id, problem, reason"
KEPT = f"{CHANGED}, expires_at"
# Whoever holds a token may write the row too, to open and accept it: what it offers, to whom and until when stays. Its
# sender may name another partner, but none that a new link could not name.
KEPT_BY_SENDER = f"""
CREATE FUNCTION activation_link_is_kept_by_sender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active('{LINKS}') AND NOT (OLD.organization_id = portal_org() AND sends_activation_links()) THEN
        RAISE EXCEPTION 'only its sender changes an activation link: this violates activation_link_kept_by_sender'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'activation_link_kept_by_sender', TABLE = '{LINKS}';
    END IF;
    IF NEW.partner_id IS DISTINCT FROM OLD.partner_id THEN
        IF row_security_active('{LINKS}') AND NOT may_be_activated(NEW.kind, NEW.partner_id) THEN
            RAISE EXCEPTION 'a link names a partner of its sender: this violates activation_link_names_its_own'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'activation_link_names_its_own', TABLE = '{LINKS}';
        END IF;
        NEW.partner_name := coalesce((SELECT name FROM accounts_organization WHERE id = NEW.partner_id), '');
    END IF;
    IF row_security_active('{LINKS}') AND NEW.problem IS DISTINCT FROM OLD.problem THEN
        NEW.problem_at := CASE WHEN NEW.problem <> '' THEN {NOW} END;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER activation_link_is_kept_by_sender BEFORE UPDATE OF {KEPT} ON {LINKS} FOR EACH ROW
    WHEN ((OLD.{KEPT.replace(", ", ", OLD.")}) IS DISTINCT FROM (NEW.{KEPT.replace(", ", ", NEW.")}))
    EXECUTE FUNCTION activation_link_is_kept_by_sender();
"""
HELD = f"""
-- The link whose token is the secret, while it can be accepted, nobody of those who invite is suspended, and the
-- partner that it names still belongs to the distributor that has sent it.
CREATE FUNCTION held_activation_link() RETURNS SETOF {LINKS}
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.* FROM {TOKENS} t JOIN {LINKS} a ON a.id = t.invitation_id
        JOIN accounts_organization s ON s.id = a.organization_id AND s.state = 'active'
        LEFT JOIN accounts_organization p ON p.id = a.partner_id
    WHERE t.digest = portal_secret() AND a.state = 'open' AND a.expires_at > {NOW}
      AND (p.id IS NULL OR p.state = 'active' AND (s.kind = 'vendor' OR s.id IN (p.id, p.parent_id))) $$;

-- Who invites the holder of a link, and the invitation of the partner that it names, with which they connect.
CREATE FUNCTION introduce_activation_link()
    RETURNS TABLE (sender_kind text, sender_country text, sender_org_id text, invitation text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.kind, s.country, s.org_id, coalesce(l.token, '')
    FROM held_activation_link() a JOIN accounts_organization s ON s.id = a.organization_id
        LEFT JOIN connections_invitationlink l ON l.organization_id = a.partner_id $$;

CREATE FUNCTION note_activation_sign_in() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE {LINKS} SET signed_in_at = coalesce(signed_in_at, {NOW}), opened_at = coalesce(opened_at, {NOW})
    WHERE id = (SELECT a.id FROM held_activation_link() a JOIN account_emailaddress e
                    ON lower(e.email) = a.email AND e.verified AND e.user_id = portal_person()) $$;

CREATE FUNCTION note_activation_problem(code text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE {LINKS} SET problem = code, problem_at = {NOW}
    WHERE id = (SELECT id FROM held_activation_link())
      AND code IN ('sku_withdrawn', 'trial_taken', 'partner_not_active', 'name_taken') $$;

-- Whether a partner or distributor of this country has this name already. Asked by those who found partners.
CREATE FUNCTION partner_name_is_taken(folded text, wanted_country text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_organization WHERE name_folded = folded AND country = wanted_country
                   AND kind IN ('partner', 'distributor'))
       AND (EXISTS (SELECT FROM held_activation_link()) OR sends_activation_links() AND EXISTS (
            SELECT FROM accounts_organization WHERE id = portal_org() AND kind IN ('distributor', 'vendor'))) $$;
GRANT EXECUTE ON FUNCTION introduce_activation_link(), note_activation_sign_in(), note_activation_problem(text),
    partner_name_is_taken(text, text) TO portal_app;
"""
HELD_UNDO = """
DROP FUNCTION partner_name_is_taken(text, text); DROP FUNCTION note_activation_problem(text);
DROP FUNCTION note_activation_sign_in(); DROP FUNCTION introduce_activation_link(); DROP FUNCTION held_activation_link();
"""
# People found customers as they like, and a partner only as a link says: by its name, in its country, below its sender.
FOUNDED = """
CREATE FUNCTION founds_invited_partner(parent bigint, wanted_name text, wanted_country text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM held_activation_link() a JOIN accounts_organization s ON s.id = a.organization_id
        WHERE a.kind = 'partner' AND a.name = wanted_name AND a.country = wanted_country
          AND (s.kind = 'vendor' AND parent IS NULL OR s.kind = 'distributor' AND parent = s.id)) $$;
GRANT EXECUTE ON FUNCTION founds_invited_partner(bigint, text, text) TO portal_app;
DROP POLICY founded_by_people ON accounts_organization;
CREATE POLICY founded_by_people ON accounts_organization AS RESTRICTIVE FOR INSERT
    WITH CHECK (kind = 'customer' AND parent_id IS NULL
                OR kind = 'partner' AND founds_invited_partner(parent_id, name, country));
"""
FOUNDED_UNDO = """
DROP POLICY founded_by_people ON accounts_organization;
CREATE POLICY founded_by_people ON accounts_organization AS RESTRICTIVE FOR INSERT
    WITH CHECK (kind = 'customer' AND parent_id IS NULL);
DROP FUNCTION founds_invited_partner(bigint, text, text);
"""
TAKEN = f"""EXISTS (SELECT FROM entitlements_entitlement e WHERE e.customer_id = portal_org() AND e.sku_id = s.id
    AND (e.external_id LIKE 'trial-link-%'
         OR e.kind = 'trial' AND (e.state = 'requested' OR e.starts_on IS NOT NULL)
         OR e.state = 'active' AND (e.ends_on IS NULL OR e.ends_on >= {TODAY})))"""
# What follows when the link is accepted, in the transaction that founds or chooses the organisation, whose Admin calls
# this as its tenant: the trial, or the membership that needs no confirmation, and the end of other links of the address
# to the same organisation. Of two links accepted at the same moment neither ends the other: each is locked by its own.
# It says '', or the code of what stands in the way, and then has done nothing.
ACTIVATED = f"""
CREATE FUNCTION activate_organization() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    link {LINKS};
    invited accounts_organization;
    offer entitlements_trialoffer;
BEGIN
    SELECT * INTO link FROM {LINKS} WHERE id = (SELECT id FROM held_activation_link()) AND state = 'open' FOR UPDATE;
    IF NOT FOUND THEN RETURN 'unknown_invitation'; END IF;
    SELECT * INTO invited FROM accounts_organization WHERE id = portal_org();
    IF invited.kind IS DISTINCT FROM link.kind OR NOT portal_is_admin() OR NOT EXISTS (
        SELECT FROM account_emailaddress
        WHERE user_id = portal_person() AND verified AND lower(email) = link.email) THEN
        RETURN 'refused';
    END IF;
    IF link.kind = 'customer' THEN
        PERFORM pg_advisory_xact_lock(portal_lock('trial requests', invited.id));
        SELECT o.* INTO offer FROM entitlements_trialoffer o JOIN accounts_organization sender
            ON sender.id = link.organization_id WHERE o.sku_id = link.sku_id AND o.withdrawn_at IS NULL
            AND o.seat_limit >= link.seats AND o.add_on_ids @> link.add_on_ids
            AND (sender.kind = 'vendor' OR o.is_for_all OR o.organization_ids && ARRAY[sender.id, sender.parent_id]);
        IF NOT FOUND THEN RETURN 'sku_withdrawn'; END IF;
        IF (SELECT {TAKEN} FROM entitlements_sku s WHERE s.id = link.sku_id) THEN RETURN 'trial_taken'; END IF;
        INSERT INTO entitlements_entitlement (public_id, customer_id, sku_id, external_id, kind, state, source,
                quantity, assigned, starts_on, ends_on, updated_at, reason)
            SELECT gen_random_uuid(), invited.id, s.id, 'trial-link-' || gen_random_uuid(), 'trial', 'active', 'granted',
                link.seats, 0, {TODAY}, {TODAY} + {TRIAL_DAYS}, {NOW}, ''
            FROM entitlements_sku s
            WHERE s.id = link.sku_id OR s.id = ANY (link.add_on_ids) AND NOT {TAKEN};
    ELSIF invited.created_at < now() THEN
        RETURN 'refused';  -- a partner is founded in this transaction: the link gives no membership to another
    ELSIF (SELECT onboards_partners_at_once FROM accounts_organization WHERE id = link.organization_id) THEN
        INSERT INTO accounts_programmembership (organization_id, program_id, starts_on)
            VALUES (invited.id, link.program_id, {TODAY});
    END IF;
    UPDATE {LINKS} SET account_id = invited.id, problem = '', problem_at = NULL,
        signed_in_at = coalesce(signed_in_at, {NOW}), opened_at = coalesce(opened_at, {NOW}) WHERE id = link.id;
    UPDATE {LINKS} SET state = 'revoked', closed_at = {NOW}, problem = 'superseded', problem_at = {NOW}
        WHERE id IN (SELECT other.id FROM {LINKS} other
            WHERE other.id <> link.id AND other.state = 'open' AND other.email = link.email AND other.kind = link.kind
              AND lower(other.name) = lower(link.name) AND other.country = link.country
              AND other.partner_id IS NOT DISTINCT FROM link.partner_id
            ORDER BY other.id FOR UPDATE SKIP LOCKED);
    RETURN '';
END $$;
GRANT EXECUTE ON FUNCTION activate_organization() TO portal_app;
"""
DECLINED = f"""
CREATE FUNCTION decline_activated_partner(link bigint, why text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE {LINKS} SET declined_at = {NOW}, decline_reason = why
    WHERE id = link AND kind = 'partner' AND state = 'accepted' AND declined_at IS NULL
      AND portal_is_vendor() AND portal_is_admin() $$;
GRANT EXECUTE ON FUNCTION decline_activated_partner(bigint, text) TO portal_app;
"""
NAME = "coalesce((SELECT name FROM accounts_organization WHERE id = NEW.{column}), '')"
FILLED = {
    "sender_name": NAME.format(column="organization_id"),
    "partner_name": NAME.format(column="partner_id"),
    "problem": "''",
    "reason": "''",
    "decline_reason": "''",
} | dict.fromkeys(("account_id", "signed_in_at", "problem_at", "declined_at", "end_told_at"), "NULL")
OF_SENDER = f"""(SELECT true FROM {LINKS} a WHERE a.public_id = subject_id AND a.organization_id = portal_org())"""
OF_ACCOUNT = f"""(SELECT true FROM {LINKS} a WHERE a.public_id = subject_id AND a.account_id = portal_org())"""


class Migration(migrations.Migration):
    dependencies = [
        ("entitlements", "0003_policies"),
        ("connections", "0003_policies"),
        ("accounts", "0010_partner_onboarding"),
    ]

    operations = [
        migrations.CreateModel(
            name="TrialOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("seat_limit", models.PositiveSmallIntegerField()),
                (
                    "add_on_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("is_for_all", models.BooleanField(default=True)),
                (
                    "organization_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("revision", models.PositiveIntegerField(db_default=1, default=1)),
                (
                    "sku",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trial_offer",
                        to="entitlements.sku",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(seat_limit__range=(1, 100)), name="trial_offer_seat_limit"),
                    models.CheckConstraint(
                        condition=Q(is_for_all=False) | Q(organization_ids=[]), name="trial_offer_for_all_or_some"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ActivationLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("email", models.EmailField(max_length=254, verbose_name="email address")),
                ("language", models.CharField(choices=settings.LANGUAGES, max_length=8)),
                ("person_id", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("accepted", "Accepted"), ("revoked", "Revoked")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("bounced_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("sender_name", models.CharField(max_length=200)),
                ("kind", models.CharField(choices=[("customer", "Customer"), ("partner", "Partner")], max_length=8)),
                ("name", models.CharField(max_length=200, verbose_name="organisation name")),
                (
                    "country",
                    models.CharField(
                        choices=partnerportal.lib.countries.list_country_choices,
                        max_length=2,
                        verbose_name="country",
                    ),
                ),
                ("partner_name", models.CharField(blank=True, max_length=200)),
                (
                    "add_on_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("seats", models.PositiveSmallIntegerField(default=0)),
                ("signed_in_at", models.DateTimeField(null=True)),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("sku_withdrawn", "The service can no longer be tried."),
                            ("trial_taken", "The organisation has or had this service already."),
                            ("partner_not_active", "The partner’s programme membership is not active."),
                            ("partner_moved", "The partner no longer belongs to this distributor."),
                            ("name_taken", "Another partner in this country has this name."),
                            ("superseded", "Another activation link was used."),
                        ],
                        max_length=20,
                    ),
                ),
                ("problem_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("declined_at", models.DateTimeField(null=True)),
                ("decline_reason", models.CharField(blank=True, max_length=200)),
                ("end_told_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.organization"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.program",
                    ),
                ),
                (
                    "sku",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="entitlements.sku",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization", "kind", "-id"], name="activation_by_sender"),
                    models.Index(
                        condition=Q(partner__isnull=False), fields=["partner", "-id"], name="activation_by_partner"
                    ),
                    models.Index(
                        condition=Q(account__isnull=False), fields=["account"], name="activation_by_account"
                    ),
                    models.Index(condition=Q(state="open"), fields=["email"], name="activation_by_address"),
                    models.Index(fields=["kind", "-id"], name="activation_by_kind"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(kind="customer", sku__isnull=False, program=None, seats__range=(1, 100))
                        | Q(kind="partner", sku=None, program__isnull=False, partner=None, seats=0, add_on_ids=[]),
                        name="activation_link_kind",
                    ),
                    models.CheckConstraint(condition=~Q(name=""), name="activation_link_named"),
                    models.CheckConstraint(
                        condition=~Q(state="accepted") | Q(account__isnull=False), name="activation_link_has_account"
                    ),
                    models.CheckConstraint(
                        condition=Q(declined_at=None) | Q(kind="partner", state="accepted"),
                        name="activation_link_declined",
                    ),
                    models.CheckConstraint(
                        condition=Q(country__regex=r"^[A-Z]{2}$"), name="activation_link_country_shape"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ActivationToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "invitation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="entitlements.activationlink",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.AddConstraint(
            "entitlement",
            models.UniqueConstraint(
                condition=Q(external_id__startswith="trial-link-"),
                fields=("customer", "sku"),
                name="entitlement_one_activated_trial",
            ),
        ),
        enable_row_security(
            "entitlements_trialoffer",
            using=OFFER_SEEN,
            check=STAFF,
            grant="SELECT, INSERT, UPDATE (seat_limit, add_on_ids, is_for_all, organization_ids, withdrawn_at, changed_at,"
            " revision)",
        ),
        fill_columns_by_trigger(
            "entitlements_trialoffer",
            on_insert={"changed_at": NOW, "withdrawn_at": "NULL"},
            on_change={
                "changed_at": NOW,
                "withdrawn_at": f"CASE WHEN NEW.withdrawn_at IS NOT NULL THEN {NOW} END",
            },
        ),
        migrations.RunSQL(SENDERS, "DROP FUNCTION sends_activation_links()"),
        *protect_mailed_invitations(LINKS, TOKENS, seen=LINK_SEEN, sent=SENT, update=f", {CHANGED}", filled=FILLED, withdraws_others=False),
        migrations.RunSQL(
            PARTIES, f"DROP POLICY names_its_own ON {LINKS}; DROP FUNCTION may_be_activated(text, bigint)"
        ),
        migrations.RunSQL(
            KEPT_BY_SENDER,
            f"DROP TRIGGER activation_link_is_kept_by_sender ON {LINKS};"
            " DROP FUNCTION activation_link_is_kept_by_sender()",
        ),
        migrations.RunSQL(HELD, HELD_UNDO),
        migrations.RunSQL(FOUNDED, FOUNDED_UNDO),
        migrations.RunSQL(ACTIVATED, "DROP FUNCTION activate_organization()"),
        migrations.RunSQL(DECLINED, "DROP FUNCTION decline_activated_partner(bigint, text)"),
        allow_tenant_events(
            "activations",
            "activation.sent activation.resent activation.copied activation.changed activation.revoked",
            condition=OF_SENDER,
        ),
        allow_tenant_events("activated", "activation.accepted", condition=OF_ACCOUNT),
        allow_tenant_events(
            "activations_vendor",
            "trial_offer.opened trial_offer.changed trial_offer.withdrawn activation.partner_confirmed"
            " activation.partner_declined",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
    ]

"""Row-level security of offers: a publisher sees its own, staff all, everybody the listing of what is published.

What is for resellers is seen by members of a programme that lets them buy; prices, in their own market and currency.
"""

from django.db import migrations

from partnerportal.lib.states import enforce_state_transitions
from partnerportal.lib.tenancy import (
    NOW,
    allow_tenant_events,
    enable_row_security,
    fill_columns_by_trigger,
    inline_policy_functions,
)

# They have their definer's rights, because they read tables of others, and policies ask them for each statement.
FUNCTIONS = """
CREATE FUNCTION portal_is_reseller() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_organization o
        JOIN accounts_programmembership m ON m.organization_id = o.id JOIN accounts_program p ON p.id = m.program_id
        WHERE o.id = portal_org() AND o.kind IN ('partner', 'distributor') AND 'marketplace_purchase' = ANY (p.grants)
          AND m.starts_on <= (now() AT TIME ZONE 'UTC')::date
          AND coalesce(m.ends_on, 'infinity') >= (now() AT TIME ZONE 'UTC')::date) $$;
CREATE FUNCTION portal_is_publisher() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM accounts_organization WHERE id = portal_org() AND kind = 'publisher') $$;
-- Where the tenant, or a partner under it, sees prices: its markets, each with the currency of its country.
CREATE FUNCTION portal_price_places() RETURNS TABLE (market_id bigint, currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT c.market_id, c.currency::text FROM accounts_organization o
        JOIN marketplace_marketcountry c ON c.country = o.country WHERE portal_org() IN (o.id, o.parent_id) $$;
-- The customers of a partner, for itself, the distributor above it and the vendor: whether they are connected decides
-- what the partner may sell to them, and staff and distributors see no connections.
CREATE FUNCTION portal_customers_of(partner bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.customer_id FROM connections_connection c JOIN accounts_organization o ON o.id = c.partner_id
    WHERE c.partner_id = $1 AND c.state = 'active' AND (portal_org() IN (o.id, o.parent_id) OR portal_is_vendor()) $$;
-- The plans with a price of some amount on a day, in a market and currency whose prices the tenant sees; among those given,
-- or among all (null). Through row-level security the rules of the catalogue would look up each price's plan and offer.
CREATE FUNCTION portal_priced_plans(market bigint, currency text, day date, among bigint[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT newest.plan_id FROM (
        SELECT DISTINCT ON (r.plan_id, r.term, r.billing) r.plan_id, r.amount FROM marketplace_price r
        WHERE r.market_id = $1 AND r.currency = $2 AND r.valid_from <= $3 AND r.withdrawn_at IS NULL
          AND ($4 IS NULL OR r.plan_id = ANY ($4))
        ORDER BY r.plan_id, r.term, r.billing, r.valid_from DESC) newest
    WHERE newest.amount IS NOT NULL
      AND ((SELECT portal_is_vendor()) OR (SELECT portal_is_reseller() AND EXISTS (
               SELECT FROM portal_price_places() place WHERE place.market_id = $1 AND place.currency = $2))
           OR EXISTS (SELECT FROM marketplace_plan p JOIN marketplace_offer o ON o.id = p.offer_id
                      WHERE p.id = newest.plan_id AND o.publisher_id = portal_org())) $$;
-- The plans whose sale is stopped, in a market, for each term for which they could be bought there: each with such a price
-- or, where customers bring a licence of their own, each of the live version.
CREATE FUNCTION portal_plans_with_stopped_terms(market bigint, currency text, day date) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH stopped AS (SELECT p.id, p.code, p.is_byol, p.offer_id, array_agg(s.term::text) AS terms
                     FROM marketplace_salestop s JOIN marketplace_plan p ON p.id = s.plan_id
                     WHERE s.term <> '' AND s.lifted_at IS NULL AND (s.market_id IS NULL OR s.market_id = $1)
                     GROUP BY p.id),
         newest AS (SELECT DISTINCT ON (r.plan_id, r.term, r.billing) r.plan_id, r.term, r.amount
                    FROM marketplace_price r
                    WHERE r.plan_id IN (SELECT id FROM stopped WHERE NOT is_byol) AND r.market_id = $1
                      AND r.currency = $2 AND r.valid_from <= $3 AND r.withdrawn_at IS NULL
                    ORDER BY r.plan_id, r.term, r.billing, r.valid_from DESC)
    SELECT s.id FROM stopped s JOIN newest n ON n.plan_id = s.id AND n.amount IS NOT NULL
    WHERE s.id IN (SELECT portal_priced_plans($1, $2, $3, ARRAY(SELECT id FROM stopped)))
    GROUP BY s.id, s.terms HAVING bool_and(n.term = ANY (s.terms))
    UNION ALL
    SELECT s.id FROM stopped s JOIN marketplace_offer o ON o.id = s.offer_id
        JOIN marketplace_offerversion v ON v.id = o.live_version_id,
        jsonb_array_elements(v.content -> 'plans') plan, jsonb_array_elements_text(plan -> 'terms') term
    WHERE s.is_byol AND plan ->> 'code' = s.code GROUP BY s.id, s.terms HAVING bool_and(term = ANY (s.terms)) $$;
GRANT EXECUTE ON FUNCTION portal_is_reseller(), portal_is_publisher(), portal_price_places(),
    portal_customers_of(bigint), portal_priced_plans(bigint, text, date, bigint[]),
    portal_plans_with_stopped_terms(bigint, text, date) TO portal_app;
-- A published version is what buyers were shown, so nobody changes it. It goes with its offer alone.
CREATE FUNCTION offer_version_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates that a published version of an offer never changes' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER offer_version_is_fixed BEFORE UPDATE ON marketplace_offerversion
    FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION offer_version_is_fixed();
-- What resellers alone were shown is a part of its version.
CREATE FUNCTION channel_info_is_fixed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM marketplace_offerversion WHERE id = OLD.version_id AND number IS NOT NULL) THEN
        RAISE EXCEPTION 'this violates that a published version of an offer never changes'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER channel_info_is_fixed BEFORE UPDATE ON marketplace_channelinfo FOR EACH ROW
    EXECUTE FUNCTION channel_info_is_fixed();
-- Code, type and pricing model are fixed with the first version; the publisher never changes.
CREATE FUNCTION offer_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates what is fixed of a published offer' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER offer_is_fixed BEFORE UPDATE ON marketplace_offer FOR EACH ROW
    WHEN (OLD.live_version_id IS NOT NULL AND (OLD.publisher_id, OLD.code, OLD.type, OLD.pricing_model, true)
          IS DISTINCT FROM (NEW.publisher_id, NEW.code, NEW.type, NEW.pricing_model, NEW.live_version_id IS NOT NULL))
    EXECUTE FUNCTION offer_is_fixed();
-- What is live is a published version of the offer itself: no draft, and no version of another offer.
CREATE FUNCTION live_version_is_published() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM marketplace_offerversion v
                   WHERE v.id = NEW.live_version_id AND v.offer_id = NEW.id AND v.number IS NOT NULL) THEN
        RAISE EXCEPTION 'this violates that an offer shows a published version of its own'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_version_is_published BEFORE INSERT OR UPDATE OF live_version_id ON marketplace_offer
    FOR EACH ROW WHEN (NEW.live_version_id IS NOT NULL) EXECUTE FUNCTION live_version_is_published();
CREATE FUNCTION plan_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'this violates that a published plan is never deleted' USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'this violates that a published plan keeps its code' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER plan_is_fixed BEFORE UPDATE ON marketplace_plan FOR EACH ROW
    WHEN (OLD.published_in IS NOT NULL AND (OLD.offer_id, OLD.code, OLD.published_in)
          IS DISTINCT FROM (NEW.offer_id, NEW.code, NEW.published_in)) EXECUTE FUNCTION plan_is_fixed();
CREATE TRIGGER plan_is_kept BEFORE DELETE ON marketplace_plan FOR EACH ROW
    WHEN (OLD.published_in IS NOT NULL) EXECUTE FUNCTION plan_is_fixed();
-- Buyers were shown the prices of a published plan: none is deleted, and none that has begun is withdrawn.
CREATE FUNCTION published_price_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM marketplace_plan p WHERE p.published_in IS NOT NULL AND p.id = OLD.plan_id) THEN
        RAISE EXCEPTION 'this violates that a price of a published plan stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER published_price_is_kept BEFORE DELETE ON marketplace_price
    FOR EACH ROW EXECUTE FUNCTION published_price_is_kept();
CREATE TRIGGER begun_price_is_not_withdrawn BEFORE UPDATE OF withdrawn_at ON marketplace_price FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NULL AND OLD.valid_from <= (now() AT TIME ZONE 'UTC')::date)
    EXECUTE FUNCTION published_price_is_kept();
CREATE FUNCTION price_is_not_backdated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) THEN
        RAISE EXCEPTION 'this violates that a price does not begin in the past' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
-- A day is granted to a price that is stored just after midnight.
CREATE TRIGGER price_is_not_backdated BEFORE INSERT ON marketplace_price FOR EACH ROW
    WHEN (NEW.valid_from < (now() AT TIME ZONE 'UTC')::date - 1) EXECUTE FUNCTION price_is_not_backdated();
"""
UNDO = """
DROP TRIGGER price_is_not_backdated ON marketplace_price; DROP FUNCTION price_is_not_backdated();
DROP TRIGGER begun_price_is_not_withdrawn ON marketplace_price; DROP TRIGGER published_price_is_kept ON marketplace_price;
DROP FUNCTION published_price_is_kept();
DROP TRIGGER plan_is_kept ON marketplace_plan; DROP TRIGGER plan_is_fixed ON marketplace_plan;
DROP FUNCTION plan_is_fixed();
DROP TRIGGER live_version_is_published ON marketplace_offer; DROP FUNCTION live_version_is_published();
DROP TRIGGER offer_is_fixed ON marketplace_offer; DROP FUNCTION offer_is_fixed();
DROP TRIGGER channel_info_is_fixed ON marketplace_channelinfo; DROP FUNCTION channel_info_is_fixed();
DROP TRIGGER offer_version_is_fixed ON marketplace_offerversion; DROP FUNCTION offer_version_is_fixed();
DROP FUNCTION portal_plans_with_stopped_terms(bigint, text, date);
DROP FUNCTION portal_priced_plans(bigint, text, date, bigint[]); DROP FUNCTION portal_customers_of(bigint);
DROP FUNCTION portal_price_places(); DROP FUNCTION portal_is_publisher(); DROP FUNCTION portal_is_reseller();
"""
# What was resold decides about audiences (CA-20, CA-28, E-8). The functions have their definer's rights, because they ask
# for sales and partners that a publisher may not see.
SALES = """
CREATE FUNCTION resold_subscriptions(offer bigint) RETURNS SETOF marketplace_subscription
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s FROM marketplace_subscription s
    WHERE s.offer_id = $1 AND (s.activated_at IS NOT NULL OR s.state = 'pending') $$;
CREATE FUNCTION has_resold_by(offer bigint, seller bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM resold_subscriptions($1) s WHERE $2 IN (s.buyer_id, s.reseller_id))
        OR EXISTS (SELECT FROM resold_subscriptions($1) s
                   JOIN accounts_organization o ON o.parent_id = $2 AND o.id IN (s.buyer_id, s.reseller_id)
                   WHERE NOT EXISTS (SELECT FROM marketplace_authorization a
                                     WHERE a.offer_id = $1 AND a.organization_id = o.id AND a.ended_at IS NULL)) $$;
REVOKE EXECUTE ON FUNCTION resold_subscriptions(bigint), has_resold_by(bigint, bigint) FROM PUBLIC;
-- Other states need a moment of activation, or are never come back to.
CREATE FUNCTION activation_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates that a subscription that was activated stays so' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER activation_is_kept BEFORE UPDATE OF activated_at ON marketplace_subscription FOR EACH ROW
    WHEN (OLD.activated_at IS NOT NULL AND NEW.activated_at IS NULL AND NEW.state = 'unsubscribed')
    EXECUTE FUNCTION activation_is_kept();
CREATE FUNCTION reseller_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this violates that a partner on record has sold what was activated'
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER reseller_is_kept BEFORE UPDATE OF reseller_id ON marketplace_subscription FOR EACH ROW
    WHEN (OLD.activated_at IS NOT NULL AND OLD.reseller_id IS DISTINCT FROM NEW.reseller_id
        AND OLD.reseller_id IS NOT NULL)
    EXECUTE FUNCTION reseller_is_kept();
CREATE FUNCTION audience_with_sales_is_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.audience = 'specific' AND NEW.audience = 'none' AND EXISTS (SELECT FROM resold_subscriptions(OLD.id)) THEN
        RAISE EXCEPTION 'this violates that an offer that was resold stays with its partners'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audience_with_sales_is_kept BEFORE UPDATE OF audience ON marketplace_offer
    FOR EACH ROW WHEN (OLD.audience <> NEW.audience) EXECUTE FUNCTION audience_with_sales_is_kept();
-- An offer that opens to selected partners, from any or from none, has those that have resold it among them.
CREATE FUNCTION sellers_are_selected() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM resold_subscriptions(NEW.id) s
               CROSS JOIN LATERAL (VALUES (s.buyer_id), (s.reseller_id)) AS seller (id)
               WHERE seller.id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM marketplace_authorization a
                   WHERE a.offer_id = NEW.id AND a.organization_id = seller.id AND a.ended_at IS NULL)) THEN
        RAISE EXCEPTION 'this violates that whoever has resold an offer is among its selected partners'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sellers_are_selected BEFORE UPDATE OF audience ON marketplace_offer
    FOR EACH ROW WHEN (OLD.audience <> NEW.audience AND NEW.audience = 'specific')
    EXECUTE FUNCTION sellers_are_selected();
CREATE FUNCTION live_audience_needs_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID) AND NOT portal_is_vendor() THEN
        RAISE EXCEPTION 'this violates that the audience of a live offer changes by a request'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_audience_needs_staff BEFORE UPDATE OF audience ON marketplace_offer FOR EACH ROW
    WHEN (OLD.audience <> NEW.audience AND OLD.live_version_id IS NOT NULL AND OLD.audience <> 'none')
    EXECUTE FUNCTION live_audience_needs_staff();
CREATE FUNCTION authorization_with_sales_is_kept() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- A sale locks its offer as well: one that is being stored is waited for, and then seen.
    PERFORM FROM marketplace_offer WHERE id = OLD.offer_id FOR NO KEY UPDATE;
    IF (SELECT audience = 'specific' FROM marketplace_offer WHERE id = OLD.offer_id)
       AND has_resold_by(OLD.offer_id, OLD.organization_id) THEN
        RAISE EXCEPTION 'this violates that a partner that has resold an offer keeps its authorization'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER authorization_with_sales_is_kept BEFORE UPDATE OF ended_at ON marketplace_authorization FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION authorization_with_sales_is_kept();
-- A partner that leaves a distributor keeps what it has resold through it, as an authorization of its own.
CREATE FUNCTION moved_partner_keeps_what_it_resold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO marketplace_authorization (public_id, offer_id, organization_id, source, since)
    SELECT gen_random_uuid(), a.offer_id, NEW.id, 'resold', statement_timestamp()
    FROM marketplace_authorization a JOIN marketplace_offer f ON f.id = a.offer_id AND f.audience = 'specific'
    WHERE a.organization_id = OLD.parent_id AND a.ended_at IS NULL
      AND EXISTS (SELECT FROM resold_subscriptions(a.offer_id) s WHERE NEW.id IN (s.buyer_id, s.reseller_id))
    ON CONFLICT (offer_id, organization_id) WHERE ended_at IS NULL DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER moved_partner_keeps_what_it_resold AFTER UPDATE OF parent_id ON accounts_organization FOR EACH ROW
    WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id AND OLD.parent_id IS NOT NULL)
    EXECUTE FUNCTION moved_partner_keeps_what_it_resold();
"""
SALES_UNDO = """
DROP TRIGGER moved_partner_keeps_what_it_resold ON accounts_organization;
DROP FUNCTION moved_partner_keeps_what_it_resold();
DROP TRIGGER authorization_with_sales_is_kept ON marketplace_authorization;
DROP FUNCTION authorization_with_sales_is_kept();
DROP TRIGGER sellers_are_selected ON marketplace_offer; DROP FUNCTION sellers_are_selected();
DROP TRIGGER live_audience_needs_staff ON marketplace_offer; DROP FUNCTION live_audience_needs_staff();
DROP TRIGGER audience_with_sales_is_kept ON marketplace_offer; DROP FUNCTION audience_with_sales_is_kept();
DROP TRIGGER activation_is_kept ON marketplace_subscription; DROP FUNCTION activation_is_kept();
DROP TRIGGER reseller_is_kept ON marketplace_subscription; DROP FUNCTION reseller_is_kept();
DROP FUNCTION has_resold_by(bigint, bigint); DROP FUNCTION resold_subscriptions(bigint);
"""
# The publisher of an offer stands in the rows of its audience too, so that their policies look nothing up: an audience
# may have 100,000 of them. The database fills it in.
PUBLISHER = """
CREATE FUNCTION publisher_is_copied() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SELECT publisher_id INTO NEW.publisher_id FROM marketplace_offer WHERE id = NEW.offer_id;
    RETURN NEW;
END $$;
CREATE TRIGGER publisher_is_copied BEFORE INSERT ON marketplace_authorization
    FOR EACH ROW EXECUTE FUNCTION publisher_is_copied();
CREATE TRIGGER publisher_is_copied BEFORE INSERT ON marketplace_audiencechange
    FOR EACH ROW EXECUTE FUNCTION publisher_is_copied();
"""
PUBLISHER_UNDO = """
DROP TRIGGER publisher_is_copied ON marketplace_audiencechange;
DROP TRIGGER publisher_is_copied ON marketplace_authorization; DROP FUNCTION publisher_is_copied();
"""
MOVES = {
    "pending": ["subscribed", "unsubscribed"],
    "subscribed": ["suspended", "unsubscribed"],
    "suspended": ["subscribed", "unsubscribed"],
    "unsubscribed": [],
}
WRITES = "portal_is_admin()"
STAFF = "(SELECT portal_is_vendor())"
# The catalogues are the same for everyone, and the vendor's Admins keep them.
KEEPS = "(SELECT portal_is_vendor() AND portal_is_admin())"
CATALOGUES = """
ALTER TABLE marketplace_marketcountry ADD CONSTRAINT country_has_currency_of_market
    FOREIGN KEY (market_id, currency) REFERENCES marketplace_marketcurrency (market_id, currency);
ALTER TABLE marketplace_price ADD CONSTRAINT price_has_currency_of_market
    FOREIGN KEY (market_id, currency) REFERENCES marketplace_marketcurrency (market_id, currency);
CREATE FUNCTION categories_are_a_tree() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (WITH RECURSIVE above(id) AS (SELECT NEW.parent_id UNION
                   SELECT c.parent_id FROM marketplace_category c JOIN above ON above.id = c.id)
               SELECT FROM above WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'this violates that categories are a tree' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER categories_are_a_tree BEFORE INSERT OR UPDATE OF parent_id ON marketplace_category
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION categories_are_a_tree();
CREATE FUNCTION used_category_is_kept() RETURNS trigger -- also by the drafts of publishers, which the vendor does not see
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM marketplace_offerversion WHERE content -> 'categories' ? OLD.code) THEN
        RAISE EXCEPTION 'this violates that a category in use is kept' USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER used_category_is_kept BEFORE DELETE ON marketplace_category
    FOR EACH ROW EXECUTE FUNCTION used_category_is_kept();
"""
CATALOGUES_UNDO = """
DROP TRIGGER used_category_is_kept ON marketplace_category; DROP FUNCTION used_category_is_kept();
DROP TRIGGER categories_are_a_tree ON marketplace_category; DROP FUNCTION categories_are_a_tree();
ALTER TABLE marketplace_price DROP CONSTRAINT price_has_currency_of_market;
ALTER TABLE marketplace_marketcountry DROP CONSTRAINT country_has_currency_of_market;
"""


def of_offer(condition: str) -> str:
    """Return SQL that is true if the row's offer, as `o`, meets a condition."""
    return f"EXISTS (SELECT FROM marketplace_offer o WHERE o.id = offer_id AND {condition})"


def of_plan(condition: str) -> str:
    """Return SQL that is true if the row's plan and its offer, as `p` and `o`, meet a condition."""
    return f"""EXISTS (SELECT FROM marketplace_plan p JOIN marketplace_offer o ON o.id = p.offer_id
               WHERE p.id = plan_id AND {condition})"""


OWN = "o.publisher_id = portal_org()"
BELOW = "SELECT id FROM accounts_organization WHERE parent_id = portal_org()"
PARTY = f"""portal_org() IN (publisher_id, buyer_id, reseller_id, customer_id)
    OR buyer_id IN ({BELOW}) OR reseller_id IN ({BELOW})"""
PAYS = f"s.buyer_id = portal_org() OR s.buyer_id IN ({BELOW})"
OF_STOPPED = """(plan_id IS NULL OR EXISTS (SELECT FROM marketplace_plan p
    WHERE p.id = plan_id AND p.offer_id = o.id AND p.published_in IS NOT NULL))"""
CHANNEL = """EXISTS (SELECT FROM marketplace_offerversion v JOIN marketplace_offer o ON o.id = v.offer_id
             WHERE v.id = version_id AND {condition})"""


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial"), ("connections", "0003_policies"), ("entitlements", "0003_policies")]

    operations = [
        migrations.RunSQL(inline_policy_functions(FUNCTIONS), UNDO),
        migrations.RunSQL(CATALOGUES, CATALOGUES_UNDO),
        *(
            enable_row_security(f"marketplace_{table}", using="true", check=KEEPS, grant=f"SELECT, INSERT, {more}")
            for table, more in (
                ("market", "UPDATE (names, revision), DELETE"),
                ("marketcurrency", "DELETE"),
                ("marketcountry", "UPDATE (market_id, currency)"),
                ("category", "UPDATE (names, parent_id, position, is_retired, revision), DELETE"),
            )
        ),
        *(
            migrations.RunSQL(
                f"""CREATE POLICY deleted_by_staff ON marketplace_{table} AS RESTRICTIVE FOR DELETE USING ({KEEPS})""",
                f"DROP POLICY deleted_by_staff ON marketplace_{table}",
            )
            for table in ("market", "marketcurrency", "category")
        ),
        enable_row_security(
            "marketplace_offer",
            using=f"publisher_id = portal_org() OR live_version_id IS NOT NULL AND portal_org() IS NOT NULL OR {STAFF}",
            check=f"(publisher_id = portal_org() OR {STAFF}) AND (SELECT {WRITES})",
            grant="SELECT, INSERT, UPDATE (audience, audience_revision, "
            "live_version_id, changed_at, published_at, listing, search, sort_en, sort_fr, "
            "sort_ja, categories)",
        ),
        enable_row_security(
            "marketplace_offerversion",
            using=of_offer(f"({OWN} OR o.live_version_id = marketplace_offerversion.id OR {STAFF})"),
            check=of_offer(f"{OWN} AND (SELECT {WRITES})"),
            grant="SELECT, INSERT, UPDATE (content, revision, number, changed_at)",
        ),
        enable_row_security(
            "marketplace_channelinfo",
            using=CHANNEL.format(
                condition=f"({OWN} OR o.live_version_id = v.id AND (SELECT portal_is_reseller()) OR {STAFF})"
            ),
            check=CHANNEL.format(condition=f"{OWN} AND v.number IS NULL AND (SELECT {WRITES})"),
            grant="SELECT, INSERT, UPDATE (content)",
        ),
        enable_row_security(
            "marketplace_plan",
            using=f"portal_org() IS NOT NULL AND published_in IS NOT NULL OR {STAFF} OR {of_offer(OWN)}",
            check=of_offer(f"{OWN} AND (SELECT {WRITES})"),
            grant="SELECT, INSERT, UPDATE (published_in, is_live, is_byol, is_open, is_one_per_customer, names, position), DELETE",
        ),
        enable_row_security(
            "marketplace_price",
            using=f"""(SELECT portal_is_reseller()) AND (market_id, currency) IN (SELECT * FROM portal_price_places())
                AND {of_plan("p.published_in IS NOT NULL")} OR {STAFF} OR {of_plan(OWN)}""",
            check=of_plan(f"{OWN} AND (SELECT {WRITES})"),
            grant="SELECT, INSERT, UPDATE (withdrawn_at), DELETE",
        ),
        enable_row_security(
            "marketplace_salestop",
            using=of_offer("true"),
            check=of_offer(f"({OWN} OR {STAFF}) AND by_vendor = {STAFF} AND {OF_STOPPED} AND (SELECT {WRITES})"),
            grant="SELECT, INSERT, UPDATE (lifted_at)",
        ),
        migrations.RunSQL(SALES, SALES_UNDO),
        enable_row_security(
            "marketplace_authorization",
            using=f"""publisher_id = portal_org() OR {STAFF} OR organization_id = portal_org()
                OR organization_id = (SELECT parent_id FROM accounts_organization WHERE id = portal_org())
                OR organization_id IN ({BELOW})""",
            check=f"(publisher_id = portal_org() OR {STAFF}) AND (SELECT {WRITES})",
            grant="SELECT, INSERT, UPDATE (ended_at)",
        ),
        migrations.RunSQL(
            """CREATE POLICY ended_by_staff ON marketplace_authorization AS RESTRICTIVE FOR UPDATE
               USING ((SELECT portal_is_vendor()))""",
            "DROP POLICY ended_by_staff ON marketplace_authorization",
        ),
        enable_row_security(
            "marketplace_audiencechange",
            using=f"publisher_id = portal_org() OR {STAFF}",
            check=f"(publisher_id = portal_org() OR {STAFF}) AND (SELECT {WRITES})",
            grant="SELECT, INSERT, UPDATE (is_removal, source), DELETE",
        ),
        migrations.RunSQL(PUBLISHER, PUBLISHER_UNDO),
        enable_row_security("marketplace_subscription", using=f"{PARTY} OR {STAFF}", check="false"),
        enable_row_security(
            "marketplace_subscriptionterm",
            using=f"""EXISTS (SELECT FROM marketplace_subscription s WHERE s.id = subscription_id
                AND (s.publisher_id = portal_org() OR {STAFF} OR (SELECT portal_sees_finance()) AND ({PAYS})))""",
            check="false",
        ),
        enforce_state_transitions("marketplace_subscription", MOVES, initial_state="pending", enforced_for="everybody"),
        fill_columns_by_trigger(
            "marketplace_authorization",
            on_insert={"since": NOW, "ended_at": "NULL"},
            on_change={"ended_at": NOW},
        ),
        fill_columns_by_trigger(
            "marketplace_offer",
            on_insert={"created_at": NOW, "changed_at": NOW, "published_at": "NULL"},
            on_change={"changed_at": NOW, "published_at": NOW},
        ),
        *(
            migrations.RunSQL(
                f"""CREATE POLICY deleted_by_its_publisher ON marketplace_{table} AS RESTRICTIVE FOR DELETE
                    USING ({condition} AND (SELECT {WRITES}))""",
                f"DROP POLICY deleted_by_its_publisher ON marketplace_{table}",
            )
            for table, condition in (
                ("plan", of_offer(OWN)),
                ("price", of_plan(OWN)),
                ("audiencechange", f"(publisher_id = portal_org() OR {STAFF})"),
            )
        ),
        fill_columns_by_trigger("marketplace_offerversion", on_insert={"changed_at": NOW}, on_change={"changed_at": NOW}),
        fill_columns_by_trigger(
            "marketplace_price", on_insert={"created_at": NOW, "withdrawn_at": "NULL"}, on_change={"withdrawn_at": NOW}
        ),
        fill_columns_by_trigger(
            "marketplace_salestop", on_insert={"began_at": NOW, "lifted_at": "NULL"}, on_change={"lifted_at": NOW}
        ),
        allow_tenant_events(
            "marketplace",
            "offer.audience_changed offer.audience_saved offer.configured offer.created offer.price_withdrawn offer.priced "
            "offer.partner_asked offer.published offer.resumed offer.stopped",
        ),
        allow_tenant_events(
            "catalogue_keepers",
            "category.added category.changed category.removed market.added market.changed market.country_placed market.removed",
            condition="portal_is_vendor() AND portal_is_admin()",
        ),
        allow_tenant_events(
            "resellers", "offer.publisher_contacted", condition="(portal_is_reseller() OR portal_is_vendor())"
        ),
    ]

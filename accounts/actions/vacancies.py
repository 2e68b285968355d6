"""The hourly look for organisations without an Admin, whom nobody inside can help."""

from django.db import connection, transaction

# The vendor itself is looked after at the command line. Who is locked out is no Admin here. A trigger takes a mark away
# with the first Admin.
FIND = """
WITH without AS (
    SELECT o.id FROM accounts_organization o
    WHERE o.kind <> 'vendor' AND NOT EXISTS (
        SELECT FROM accounts_operator a JOIN accounts_person p ON p.id = a.person_id AND p.is_active
        WHERE a.organization_id = o.id AND 'admin' = ANY (a.roles))
), gone AS (
    DELETE FROM accounts_adminvacancy v WHERE NOT EXISTS (SELECT FROM without w WHERE w.id = v.organization_id)
)
INSERT INTO accounts_adminvacancy (organization_id, found_at) SELECT id, now() FROM without
ON CONFLICT (organization_id) DO NOTHING
"""


@transaction.atomic
def mark_admin_vacancies() -> int:
    """Mark each organisation that has no Admin, and take away the marks of those that have one.

    Return how many were marked that were not before.
    """
    with connection.cursor() as cursor:
        cursor.execute(FIND)
        found: int = cursor.rowcount
    return found

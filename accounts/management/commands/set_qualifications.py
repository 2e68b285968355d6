from django.core.management.base import CommandParser

from accounts.actions.standing import set_qualifications
from accounts.management.arguments import find_organization, find_qualification
from accounts.models import Competency, Skill
from partnerportal.lib.commands import StaffCommand


class Command(StaffCommand):
    help = "Set the competencies and skills of an organisation. Those that are not named are taken away."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", metavar="ORGID")
        parser.add_argument("--competency", action="append", default=[], metavar="CODE", help="may be repeated")
        parser.add_argument("--skill", action="append", default=[], metavar="CODE", help="may be repeated")

    def handle(
        self, *args: object, organization: str, competency: list[str], skill: list[str], **options: object
    ) -> None:
        row = find_organization(organization)
        competencies = [find_qualification(Competency, code) for code in sorted(set(competency))]
        skills = [find_qualification(Skill, code) for code in sorted(set(skill))]
        set_qualifications(actor=self.actor, organization=row, competencies=competencies, skills=skills)
        self.stdout.write(f"{row}: {', '.join(map(str, [*competencies, *skills])) or 'no qualifications'}.")

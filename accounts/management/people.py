"""What commands that register a person have in common."""

from accounts.actions import Registration
from partnerportal.lib.commands import StaffCommand


class PersonCommand(StaffCommand):
    def say_reset(self, registration: Registration) -> None:
        """Warn, beside the command's own output, that an account was there whose address nobody had proved."""
        if registration.was_reset:
            person = registration.person
            self.stderr.write(
                f"{person.email} signed up on {person.date_joined:%d %B %Y} and had not verified the address: somebody"
                " else may have done so. The password, devices and sessions of that account were removed; a new"
                " password is set with “Forgot your password?”."
            )

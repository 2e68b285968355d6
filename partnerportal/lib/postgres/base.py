"""The connection of the database engine. Django looks for `DatabaseWrapper` in a module of this name."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A PostgreSQL connection that remembers which statements it has prepared on the server.

    `lib/prepared.py` uses it. The connection also saves a query: it asks whether the server is alive only when in
    doubt.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.kept: dict[str, str] = {}  # statements, by name
        self._is_direct: bool | None = None
        return super().get_new_connection(conn_params)

    def prepare_statement_once(self, name: str, statement: str) -> bool:
        """Prepare the statement on the server under this name, unless that was done before.

        Returns whether the statement can be executed by its name. Behind a transaction pooler it cannot, because the
        next transaction may run on another server connection.
        """
        with self.cursor() as cursor:  # which connects anew when the server has gone
            if self._is_direct is None:
                cursor.cursor.execute("SELECT pg_backend_pid()")  # a pooler answers for the server: another number
                self._is_direct = cursor.cursor.fetchone()[0] == self.connection.info.backend_pid
            if self._is_direct and name not in self.kept:
                with self.wrap_database_errors:
                    cursor.cursor.execute(f"PREPARE {name} AS {statement}")
                self.kept[name] = statement
        return self._is_direct

    def is_usable(self) -> bool:
        """Return whether the connection to the server still works.

        It sends a SELECT only when the socket has something to read: a server that has gone closes its end, and one
        that lives says nothing unasked.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0) or super().is_usable()

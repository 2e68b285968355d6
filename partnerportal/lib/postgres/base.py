"""See the package. Django looks for the engine's `DatabaseWrapper` in a module of this name."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Knows which statements its server keeps (`lib/prepared.py`), and asks it only when in doubt whether it lives."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.kept: dict[str, str] = {}  # statements, by name
        self._is_direct: bool | None = None
        return super().get_new_connection(conn_params)

    def keep(self, name: str, statement: str) -> bool:
        """PREPARE it, unless done. False behind a transaction pooler: the next transaction may meet another server."""
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
        """A server that has gone closes its end, and one that lives says nothing unasked: only else a SELECT tells."""
        if self.connection is None or self.connection.closed:
            return False
        told = select.poll()
        told.register(self.connection.fileno(), select.POLLIN)
        return not told.poll(0) or super().is_usable()

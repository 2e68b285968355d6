"""Stands in for Mailpit: takes mails by SMTP on port 1025 and lists them on port 8025, as much as the tests ask."""

import asyncio
import json
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP

MESSAGES: list[dict[str, Any]] = []


class Keep:
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        to = [{"Address": address} for address in envelope.rcpt_tos]
        MESSAGES.insert(0, {"ID": str(len(MESSAGES)), "To": to, "Subject": mail["subject"], "Text": text})
        return "250 kept"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        number = self.path.removeprefix("/api/v1/message/")
        found = next((message for message in MESSAGES if message["ID"] == number), None)
        content = json.dumps(found or {"messages": MESSAGES}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)


async def main() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: SMTP(Keep(), loop=loop), "0.0.0.0", 1025)
    Thread(target=ThreadingHTTPServer(("0.0.0.0", 8025), Answer).serve_forever, daemon=True).start()
    await asyncio.Event().wait()


asyncio.run(main())

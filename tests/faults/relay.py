"""A link to a server that a test may cut, without rights over the network."""

import socket
import threading
from contextlib import suppress

CHUNK = 1 << 16


class Relay:
    """Passes on what comes to `port`. While it is stalled, connections are taken and stay open, and nothing passes: as
    with a server that is stopped, or behind a network that loses everything."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target  # an address, or the path of a Unix socket
        self._passing = threading.Event()
        self._passing.set()
        self._links: list[socket.socket] = []
        self._closing = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._take, daemon=True)]
        self._threads[0].start()

    def stall(self) -> None:
        self._passing.clear()

    def resume(self) -> None:
        self._passing.set()

    def _take(self) -> None:
        while True:
            near, _address = self._listening.accept()
            if self._closing:
                near.close()
                return
            far = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
            far.connect(self.target)
            self._links += [near, far]
            for source, sink in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._pump, args=(source, sink), daemon=True))
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._passing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closing = True
        self.resume()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for link in (*self._links, self._listening):
            link.close()

"""What the tests' own servers have in common: each runs in a thread, from the begin of a with block to its end."""

import threading


class Serving:
    """Whoever is one sets self.server, which is of socketserver's kind."""

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

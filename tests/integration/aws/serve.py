"""moto's server, which plays AWS, until standard input ends. It says where it listens."""

import sys

from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)  # noqa: T201 (the answer to whoever started this)
    sys.stdin.read()
    server.stop()

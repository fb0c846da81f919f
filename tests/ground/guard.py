"""Stands between functions and the emulators: refuses what their policies do not grant, and notes what they use."""

import http.client
import re
import threading
import urllib.parse
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import iam

#: How AWS refuses; functions take it as they would take AWS's word.
DENIED = {
    "s3": b"<Error><Code>AccessDenied</Code><Message>no statement grants it</Message></Error>",
    "other": b'{"__type": "AccessDeniedException", "message": "no statement grants it"}',
}

#: The client of S3 puts no slash behind an endpoint that has a path, and some write the colon of the port in their own way.
ROUTE = re.compile(r"/(\w+)/(\w+)/([0-9.]+(?::|%3[Aa])[0-9]+)/?(.*)", re.DOTALL)

#: Headers that concern one connection only.
HOP = {"connection", "transfer-encoding", "content-length", "host", "expect"}


class Guard:
    """Takes requests to `/<function>/<service>/<host:port of the emulator>/...`."""

    def __init__(self, functions, arns):
        self.policies = {key: function["policy"] for key, function in functions.items()}
        self.reader = iam.Reader(arns)
        self.used = defaultdict(set)
        self.denied = []
        self.faults = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def admits(self, function, service, asks):
        """Notes the statements that grant all of it; says whether they do."""
        granted = [(ask, iam.granted_by(self.policies[function], ask)) for ask in asks]
        self.used[function] |= {sid for _, sid in granted if sid}
        refused = [f"{function}: {ask}" for ask, sid in granted if sid is None]
        self.denied += refused
        return not refused

    def unused(self):
        """Statements that nothing needed, by function."""
        said = {key: {statement["Sid"] for statement in policy} for key, policy in self.policies.items()}
        return {key: sids - self.used[key] for key, sids in said.items()}


def _handler(guard):
    class Handler(BaseHTTPRequestHandler):
        """One request of a function."""

        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802, the name that the library wants
            body = self._body()
            function, service, place, rest = ROUTE.fullmatch(self.path).groups()
            path, _, query = rest.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                asks = guard.reader.asks(service, self.command, f"/{path}", query, headers, body)
            except Exception as fault:  # noqa: BLE001, a request that is not understood fails the test
                guard.faults.append(f"{function} {self.command} {self.path}: {fault!r}")
                return self._send(500, {}, b"")
            if not guard.admits(function, service, asks):
                return self._send(403 if service == "s3" else 400, {}, DENIED.get(service, DENIED["other"]))
            return self._pass_on(urllib.parse.unquote(place), rest, headers, body)

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815

        def _pass_on(self, place, rest, headers, body):
            connection = http.client.HTTPConnection(place)
            try:
                kept = {name: value for name, value in headers.items() if name not in HOP}
                connection.request(self.command, f"/{rest}", body=body or None, headers=kept)
                answer = connection.getresponse()
                self._send(answer.status, dict(answer.getheaders()), answer.read())
            finally:
                connection.close()

        def _body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)

        def _send(self, status, headers, body):
            self.send_response_only(status)
            known = {name.lower(): value for name, value in headers.items()}
            for name, value in known.items():
                if name not in HOP:
                    self.send_header(name, value)
            # The length of what HEAD would have had is part of its answer.
            length = known.get("content-length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format, *arguments):  # noqa: A002
            """Says nothing."""

    return Handler

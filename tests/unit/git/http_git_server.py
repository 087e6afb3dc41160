"""Serves git repositories by HTTP on a port of its own, through git http-backend, for tests.

    http_git_server.py ROOT        prints its port, and ends with its standard input

  /open/NAME      the repository NAME below ROOT
  /private/NAME   the same for those who show the user "ci" and the password "secret"; 401 to others
  /page/...       a page of text: 200, and no git server
  /moved/...      a redirection to /open/... by another name of this machine
  anything else   404
"""
import base64
import http.server
import os
import subprocess
import sys
import threading

ROOT = os.path.abspath(sys.argv[1])
ALLOWED = "Basic " + base64.b64encode(b"ci:secret").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        area, _, rest = path.lstrip("/").partition("/")
        body = self.body()
        if area == "page":
            self.answer(200, [("Content-Type", "text/plain")], b"hello\n")
        elif area == "private" and self.headers.get("Authorization") != ALLOWED:
            self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')], b"who are you?\n")
        elif area == "moved":
            self.answer(302, [("Location", f"http://localhost:{self.server.server_port}/open/{rest}?{query}")], b"")
        elif area in ("open", "private"):
            self.backend("/" + rest, query, body)
        else:
            self.answer(404, [], b"nothing here\n")

    do_POST = do_GET

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass  # a client that has heard enough

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def backend(self, path, query, body):
        """One request by git's own CGI program."""
        environment = dict(os.environ, GIT_PROJECT_ROOT=ROOT, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
                           QUERY_STRING=query, REQUEST_METHOD=self.command, CONTENT_LENGTH=str(len(body)),
                           CONTENT_TYPE=self.headers.get("Content-Type", ""), REMOTE_ADDR="127.0.0.1",
                           HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.answer(status, [h for h in headers if h[0] != "Status"], content)

    def answer(self, status, headers, content):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Says nothing: tests print what matters."""


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()

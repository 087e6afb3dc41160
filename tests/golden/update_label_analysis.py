#!/usr/bin/env python3
"""Writes what Codecov's own program prints for given answers of its service.

    update_label_analysis.py CODECOVCLI

CODECOVCLI is one of a version that still asks its service (10.2.0 is; 10.3.0 is not). Each folder of
label_analysis/ has a case.json: "labels" are collected, "response" is what the service says (or
"post_status" to its first question), "options" are the runner's. want.json and want.list get what
the program prints. Its service is played on the loopback interface.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

RUNNER = """
class Runner:
    params = None
    dry_run_runner_options = {options!r}

    def __init__(self, labels):
        self.labels = labels

    def collect_tests(self):
        return self.labels
"""


def serve(case):
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self, status, body):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self):
            self.answer(case.get("post_status", 201), {"external_id": "x"})

        def do_PATCH(self):
            self.answer(201, {"external_id": "x"})

        def do_GET(self):
            self.answer(200, case["response"])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(codecovcli, case, form, folder):
    runner = {"module": "runner", "class": "Runner", "params": {"labels": case["labels"]}}
    config = pathlib.Path(folder, "codecov.yml")
    config.write_text(json.dumps({"cli": {"runners": {"mine": runner}}}))
    pathlib.Path(folder, "runner.py").write_text(RUNNER.format(options=case["options"]))
    server = serve(case)
    try:
        return subprocess.run(
            [codecovcli, "--codecov-yml-path", str(config), "--disable-telem",
             "-u", f"http://127.0.0.1:{server.server_port}", "label-analysis", "--token=t",
             "--base-sha", "1" * 40, "--head-sha", "2" * 40, "--runner", "mine",
             "--dry-run", "--dry-run-format", form],
            cwd=folder, stdout=subprocess.PIPE, text=True, check=True,
            env=dict(os.environ, PYTHONPATH=str(folder))).stdout
    finally:
        server.shutdown()


def main(codecovcli):
    for path in sorted(pathlib.Path(__file__).with_name("label_analysis").glob("*/case.json")):
        case = json.loads(path.read_text())
        for form, name in (("json", "want.json"), ("space-separated-list", "want.list")):
            with tempfile.TemporaryDirectory() as folder:
                path.with_name(name).write_text(run(codecovcli, case, form, folder))


if __name__ == "__main__":
    main(*sys.argv[1:])

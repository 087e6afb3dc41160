#!/usr/bin/env python3
"""The lint's own test: a tree that breaks one rule has that finding, a tree that breaks none has none."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LINT = Path(__file__).with_name("lint.py")
UNFINISHED = "TO" + "DO"  # in pieces, or the lint would find it here

# name: (path, content, the finding's rule and a part of its message)
BAD = {
    "model includes storage": ("storage/model/a.h", '#pragma once\n#include "storage/b.h"\n',
                               "direction: storage/model may include nothing of ours"),
    "storage includes server": ("storage/a.cc", '#include "server/git/repository.h"\n',
                                "direction: storage may include storage/model"),
    "git includes storage": ("server/git/a.cc", '#include "storage/index_store.h"\n', "direction"),
    "ingest includes selection": ("server/ingest/a.cc", '#include "server/selection/b.h"\n',
                                  "direction"),
    "selection includes ops": ("server/selection/a.cc", '#include "server/ops/metrics.h"\n',
                               "direction"),
    "rpc includes client": ("server/rpc/a.cc", '#include "client/b.h"\n', "direction"),
    "product includes tests": ("server/rpc/a.cc", '#include "tests/support/b.h"\n', "direction"),
    "git2 outside git": ("server/rpc/a.cc", "#include <git2.h>\n", "home: libgit2"),
    "git2 below outside git": ("storage/a.cc", "#include <git2/sys/odb.h>\n", "home: libgit2"),
    "rocksdb in another file": ("storage/codec.cc", "#include <rocksdb/db.h>\n", "home: RocksDB"),
    "rocksdb in quotes": ("storage/codec.cc", '#include "rocksdb/db.h"\n', "home: RocksDB"),
    "curl outside S3": ("storage/object_store.cc", "#include <curl/curl.h>\n", "home: libcurl"),
    "prometheus outside ops": ("server/rpc/a.cc", "#include <prometheus/counter.h>\n",
                               "home: prometheus-cpp"),
    "protos in selection": ("server/selection/a.cc",
                            '#include "testselect/v1/selection.pb.h"\n', "home: generated protos"),
    "grpc stubs in ops": ("server/ops/a.cc", '#include "testselect/v1/index.grpc.pb.h"\n',
                          "home: generated protos"),
    "an engine in selection": ("server/selection/a.cc",
                               '#include "storage/memory_index_store.h"\n',
                               "home: a concrete index store"),
    "no pragma once": ("client/a.h", "// A header.\n#include <vector>\n", "pragma-once"),
    "too long": ("client/a.cc", "int x;\n" * 601, "length: 601 lines, more than 600"),
    "unfinished": ("docs/a.md", f"{UNFINISHED}: write\n", "words"),
    "path of a machine": ("deploy/a.yml", "dir: /ro" + "ot/data\n", "words"),
    "broken shell": ("deploy/a.sh", "if true; then\n", "shell"),
    "broken shell without suffix": (".ci/run", "#!/usr/bin/env bash\nfor x in; do\n", "shell"),
}

GOOD = {
    "storage/model/id.h": '// An id.\n#pragma once\n#include "storage/model/other.h"\n',
    "storage/rocksdb_store.cc": '#include <rocksdb/db.h>\n#include "storage/model/id.h"\n',
    "storage/s3_http.cc": '#include <curl/curl.h>\n#include "storage/model/id.h"\n',
    "server/git/a.cc": '#include <git2.h>\n#include "storage/model/id.h"\n',
    "server/ops/metrics.cc": '#include <prometheus/counter.h>\n#include "storage/index_store.h"\n',
    "server/rpc/a.cc": '#include "testselect/v1/index.pb.h"\n#include "server/ops/metrics.h"\n',
    "server/main.cc": '#include "storage/rocksdb_index_store.h"\n#include "server/rpc/a.h"\n',
    "client/a.cc": '#include "server/rpc/a.h"\n#include "testselect/v1/index.grpc.pb.h"\n',
    "tests/unit/a.cc": "#include <git2.h>\n#include <rocksdb/db.h>\n",
    "deploy/a.sh": '#!/usr/bin/env bash\nfor x in a b; do echo "$x"; done\n',
    "docs/a.md": "See `network/` and $HOME/work/app, or ./work/app.\n",
}


def lint(files):
    """Exit status and output of the lint over a tree of `files`."""
    with tempfile.TemporaryDirectory() as root:
        for path, content in files.items():
            file = Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        done = subprocess.run([sys.executable, str(LINT), root], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr


class LintTest(unittest.TestCase):
    def test_a_good_tree_passes(self):
        status, out = lint(GOOD)
        self.assertEqual(status, 0, out)
        self.assertIn("0 errors, 0 warnings", out)

    def test_each_bad_file_is_found(self):
        for name, (path, content, want) in BAD.items():
            with self.subTest(name):
                status, out = lint({**GOOD, path: content})
                self.assertEqual(status, 1, out)
                self.assertIn("1 errors", out)
                self.assertRegex(out, rf"(?m)^{path}:\d+: {want}")

    def test_a_long_file_is_warned_about(self):
        status, out = lint({"client/a.cc": "int x;\n" * 401})
        self.assertEqual(status, 0, out)
        self.assertIn("client/a.cc:401: warning: length: 401 lines, more than 400", out)


if __name__ == "__main__":
    unittest.main()

"""Thousands of questions made from the OpenAPI document, right ones and wrong ones: none is a fault of the service, each answer is as described.

    python tests/benchmarks/service_fuzz.py --cases 5000

The service is a real one on the loopback with the tiny world of the tests, which it may change; schemathesis makes the questions and checks every answer for a
server error, a status or a content type that the document does not name, and a body that does not fit its schema.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

from generel.service.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.service.live import live
from tests.worlds import WordEmbedder, write_world

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"

LONGEST_LINE = 400


def main() -> None:
    """Ask, and show what schemathesis says; the exit code is its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000, help="about how many, over all pages")
    parser.add_argument("--pages", type=int, default=25, help="that the cases are shared by")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, live(Settings(space=write_world(Path(folder) / "world"), writable=True), embedder=WordEmbedder()) as (host, port):
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"http://{host}:{port}/openapi.json", "--phases", "coverage,fuzzing", "--mode", "all",
            "--max-examples", str(-(-options.cases // options.pages)), "--checks", CHECKS, "--seed", str(options.seed), "--no-color",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
    print("\n".join(line[:LONGEST_LINE] for line in done.stdout.splitlines()))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()

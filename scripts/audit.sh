#!/usr/bin/env bash
# Known weaknesses of all that is installed in .venv, the program's dependencies and the tools, by pip-audit. It asks PyPI
# over the network; where that cannot be had nothing was audited, and that is said, but is no failure.
set -uo pipefail
cd "$(dirname "$0")/.."
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

"${PIP_AUDIT:-.venv/bin/pip-audit}" --skip-editable --progress-spinner off --format json --output "$found/report.json" \
    2> "$found/errors"
status=$?
if [[ ! -s $found/report.json ]]; then
    echo "NOT AUDITED: pip-audit ended with status $status and no report: $(tail -n 1 "$found/errors")" >&2
    exit 0
fi

"${PYTHON:-.venv/bin/python}" - "$found/report.json" << 'PROGRAM'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    audited = json.load(file)["dependencies"]
known = [each for each in audited if "vulns" in each]
weak = [each for each in known if each["vulns"]]
for each in weak:
    for found in each["vulns"]:
        fixed = ", ".join(found["fix_versions"]) or "none yet"
        print(f"{each['name']} {each['version']}: {found['id']}, fixed in {fixed}")
if len(known) < len(audited):
    print(f"NOT AUDITED: PyPI told nothing of {len(audited) - len(known)} of {len(audited)} packages", file=sys.stderr)
print(f"{len(known)} packages audited, {len(weak)} with known weaknesses")
sys.exit(1 if weak else 0)
PROGRAM

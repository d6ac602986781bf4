#!/usr/bin/env bash
# Runs all tests: most of those that need a real server beside all others, which halves the time on two cores; the
# largest, of the Chromebook job, is with the others, so that both take equally long. The first ones write into a log,
# which is shown at the end. Arguments go to both; a PATH of a test runs that alone.
set -uo pipefail
cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest
real=(tests/contract tests/services tests/system/units)
for test in tests/system/test_*_rt5.py; do
    [[ $test == */test_chromebooks_rt5.py ]] || real+=("$test")
done

for argument in "$@"; do
    if [[ -e ${argument%%::*} ]]; then
        exec "$pytest" "$@"
    fi
done

log=$(mktemp)
"$pytest" "${real[@]}" "$@" > "$log" 2>&1 &
beside=$!
trap 'kill "$beside" 2> /dev/null; wait "$beside"; rm -f "$log"' EXIT

"$pytest" "${real[@]/#/--ignore=}" "$@"
status=$?
echo "The tests against real servers run beside, since these began; their results:"
wait "$beside" || status=$?
cat "$log"
exit "$status"

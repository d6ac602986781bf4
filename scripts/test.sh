#!/usr/bin/env bash
# Runs all tests in three lanes side by side, since those that need a real server wait for it half of the time: real
# servers; whole commands; all others. The first two write into logs, which are shown at the end. Arguments go to each; a
# PATH of a test runs that alone. The slowest tests are told, since CI has half an hour.
set -uo pipefail
cd "$(dirname "$0")/.."
pytest=.venv/bin/pytest
slowest=(--durations=12 --durations-min=10)
# What installs a server is in the first lane, and no other needs one for the first minutes.
real=(tests/contract tests/services tests/system/units)

for argument in "$@"; do
    if [[ -e ${argument%%::*} ]]; then
        exec "$pytest" "$@"
    fi
done

logs=$(mktemp -d)
"$pytest" "${slowest[@]}" "${real[@]}" "$@" > "$logs/real" 2>&1 &
lanes=($!)
"$pytest" "${slowest[@]}" tests/system "${real[@]/#/--ignore=}" "$@" > "$logs/system" 2>&1 &
lanes+=($!)
trap 'kill "${lanes[@]}" 2> /dev/null; wait "${lanes[@]}"; rm -rf "$logs"' EXIT

"$pytest" "${slowest[@]}" --ignore=tests/system "${real[@]/#/--ignore=}" "$@"
status=$?
echo "The other tests run beside, since these began; their results:"
for lane in "${lanes[@]}"; do
    wait "$lane" || status=$?
done
cat "$logs/system" "$logs/real"
exit "$status"

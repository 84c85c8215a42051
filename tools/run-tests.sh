#!/usr/bin/env bash
# Run all tests on two cores: those of the window, which draw in software, and of studies beside all others.
# usage: run-tests.sh PYTHON [ARGUMENT OF PYTEST…]; with arguments one pytest runs what they choose.
set -um
python=$1
shift
if [ $# -gt 0 ]; then
    exec "$python" -m pytest -q "$@"
fi

WINDOW=tests/gui
STUDIES=(tests/workflows/study)
# Runs one after the other; told to stop, it stops the one that runs.
beside() {
    set -m
    local failed=0 running
    trap 'kill "$running" 2>/dev/null; exit 1' TERM
    "$python" -m pytest -q -p no:cacheprovider "$WINDOW" &
    running=$!
    wait "$running" || failed=1
    "$python" -m pytest -q -p no:cacheprovider "${STUDIES[@]}" &
    running=$!
    wait "$running" || failed=1
    return "$failed"
}

said=$(mktemp)
trap 'rm -f "$said"' EXIT
beside >"$said" 2>&1 &
beside=$!
"$python" -m pytest -q --ignore="$WINDOW" "${STUDIES[@]/#/--ignore=}" &
others=$!
trap 'kill "$beside" "$others" 2>/dev/null; exit 1' INT TERM
failed=0
wait "$others" || failed=1
wait "$beside" || failed=1
echo "The tests of the window and of studies:"
cat "$said"
exit "$failed"

#!/usr/bin/env bash
# Run all tests on two cores: those of the window draw in software, and take as long as all others together.
# The window's tests of a study come after the others, so that both halves end at about the same time.
# usage: run-tests.sh PYTHON [ARGUMENT OF PYTEST…]; with arguments one pytest runs what they choose.
set -u
python=$1
shift
if [ $# -gt 0 ]; then
    exec "$python" -m pytest -q "$@"
fi

STUDY="test_study_"
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$python" -m pytest -q -p no:cacheprovider -m gui -k "not $STUDY" >"$said" 2>&1 &
window=$!
trap 'kill "$window" 2>/dev/null' INT TERM
"$python" -m pytest -q -m "not gui"
rest=$?
"$python" -m pytest -q -p no:cacheprovider -m gui -k "$STUDY"
study=$?
wait "$window"
window=$?
echo "The tests of the window:"
cat "$said"
exit $((rest != 0 || study != 0 || window != 0))

#!/usr/bin/env bash
# Run the tests of the window beside all others: they wait for drawing most of the time, and two cores are there.
# usage: run-tests.sh PYTHON [ARGUMENT OF PYTEST…]
set -u
python=$1
shift
NOTHING_CHOSEN=5 # pytest's exit code

said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$python" -m pytest -q -m gui -p no:cacheprovider "$@" >"$said" 2>&1 &
window=$!
trap 'kill "$window" 2>/dev/null' INT TERM
"$python" -m pytest -q -m "not gui" "$@"
rest=$?
wait "$window"
window=$?
echo "The tests of the window:"
cat "$said"

[ "$window" = "$NOTHING_CHOSEN" ] && [ "$rest" = 0 ] && window=0
[ "$rest" = "$NOTHING_CHOSEN" ] && [ "$window" = 0 ] && rest=0
exit $((rest != 0 || window != 0))

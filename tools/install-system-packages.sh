#!/bin/sh
# Install Debian or Ubuntu packages if they are missing; without the right to, say exactly what to do.
# Usage: install-system-packages.sh PACKAGE…
set -eu

missing=
for package in "$@"; do
    # Ubuntu 24.04 renamed some libraries for 64-bit time: libglib2.0-0 is libglib2.0-0t64 there.
    for name in "$package" "${package}t64"; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ]; then
            continue 2
        fi
    done
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "These packages (by their Debian names) are needed and could not be looked up:$missing" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "System packages are missing. Install them, then run make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing system packages:$missing"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of packages
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
rm -f "$log"

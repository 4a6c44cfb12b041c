#!/bin/sh
# Makes .venv. Debian splits the module venv off into a package of its own; it is installed here where that is allowed.
set -eu
python=${PYTHON:-python3}

fail() {
    echo "make: $1" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "there is no $python. Install it (apt-get install python3), or name one: make PYTHON=/path/to/python3."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is $("$python" -V 2>&1); evsed needs 3.11 or newer. Name another one: make PYTHON=/path/to/python3."

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ]; then root=""; else root="sudo -n"; fi
    echo "make: $python cannot make virtual environments yet; installing python3-venv"
    { $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null 2>&1 ||
        { $root apt-get update -qq >/dev/null &&
            $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; }; } ||
        fail "python3-venv could not be installed. Do it as root (apt-get install python3-venv), then call make again."
fi

[ -x .venv/bin/pip ] || "$python" -m venv --clear .venv

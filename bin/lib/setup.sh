# shellcheck shell=bash
# What every command in bin/ does before its own work: Python, the virtual environment, packages.
# Decides: what is missing and how it is had. Not: what the commands do. Sourced, never run.

ROOT=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$ROOT" || exit
VENV_PYTHON=.venv/bin/python

# Tests, demo and benchmarks start dozens of processes: where bytecode may not be kept, each compiles all that it imports.
unset PYTHONDONTWRITEBYTECODE

# All that any command needs from the system, so that one line serves for all of them.
declare -A PACKAGE_OF=([chromium]=chromium [curl]=curl [shellcheck]=shellcheck)

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

refuse_argument() {
    complain "$(basename "$0"): unknown argument '$1'. See: bin/$(basename "$0") --help"
    exit 2
}

# setup [command...]: all set-up; the commands named (chromium, curl ...) are needed besides Python.
setup() {
    find_python
    require_system "$@"
    if [[ ! -e .venv/installed || $(<.venv/installed) != "$(wanted_packages)" ]]; then
        make_private_folder
        (
            flock 9
            install_packages
        ) 9>.data/setup.lock
    fi
}

# Sets python, empty when there is none of 3.11 or newer.
find_python() {
    local candidate
    python=
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            return
        fi
    done
    if [[ -n ${PYTHON:-} ]]; then
        complain "PYTHON=$PYTHON is not a Python of version 3.11 or newer. Set PYTHON to one, or unset it."
        exit 3
    fi
}

# Prints the Debian packages that are missing, of Python's and of the commands given.
missing_packages() {
    local command
    if [[ -z $python ]]; then
        say python3 python3-venv
    elif [[ ! -x $VENV_PYTHON ]] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        case $(basename "$python") in
            python3.*) say "$(basename "$python")-venv" ;;
            *) say python3-venv ;;
        esac
    fi
    for command in "$@"; do
        command -v "$command" >/dev/null || say "${PACKAGE_OF[$command]}"
    done
}

require_system() {
    local missing
    missing=$(missing_packages "$@")
    if [[ -z $missing ]]; then
        return
    fi
    if [[ $(id -u) != 0 ]]; then
        # The line names what the other commands need too: one line, then all of them work.
        missing=$(missing_packages "${!PACKAGE_OF[@]}" | sort)
        complain "Packages of the system are missing. Install them (on a new machine after sudo apt-get update), then"
        complain "run this command again:"
        complain ""
        complain "sudo apt-get install -y" "${missing//$'\n'/ }"
        complain ""
        exit 3
    fi
    say "Installing with apt-get: ${missing//$'\n'/ }"
    make_private_folder
    (
        flock 9
        install_system "${missing//$'\n'/ }"
    ) 9>.data/setup.lock
    find_python
    if [[ -z $python ]]; then
        complain "This system's python3 is older than 3.11. Install Python 3.11 or newer and set PYTHON to it."
        exit 3
    fi
}

install_system() {
    local packages log=.data/apt-get.log
    read -ra packages <<<"$1"
    export DEBIAN_FRONTEND=noninteractive
    if ! {
        apt-get -q -o DPkg::Lock::Timeout=300 update &&
            apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"
    } </dev/null >"$log" 2>&1 9>&-; then
        tail -n 20 "$log" >&2
        complain "apt-get failed; all it said is in $ROOT/$log."
        exit 3
    fi
}

# Debian's package prometheus would start a server when it is installed: only its promtool is taken out of it.
require_promtool() {
    local tools=$ROOT/.data/tools log=$ROOT/.data/apt-get.log
    if command -v promtool >/dev/null; then
        return
    fi
    export PATH="$tools/usr/bin:$PATH"
    if [[ -x $tools/usr/bin/promtool ]]; then
        return
    fi
    say "Fetching Debian's package prometheus, for its promtool"
    make_private_folder
    (
        flock 9
        mkdir -p "$tools"
        cd "$tools" || exit 3
        if ! fetch_package prometheus >"$log" 2>&1 9>&-; then
            tail -n 5 "$log" >&2
            complain "Debian's package prometheus could not be fetched; the tests need its promtool. Try, then run this"
            complain "command again: sudo apt-get update"
            exit 3
        fi
        dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
        rm -f prometheus_*.deb
    ) 9>.data/setup.lock
}

# Into the present folder. Root may bring the lists up to date for that.
fetch_package() {
    apt-get -q download "$1" || {
        [[ $(id -u) == 0 ]] && apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q download "$1"
    }
}

wanted_packages() {
    sha256sum requirements.txt requirements-dev.txt constraints.txt | sha256sum | cut -d' ' -f1
}

# Runs under the lock: whoever waited for it may find the work done.
install_packages() {
    local wanted
    wanted=$(wanted_packages)
    if [[ -e .venv/installed && $(<.venv/installed) == "$wanted" ]]; then
        return
    fi
    if ! $VENV_PYTHON -m pip --version >/dev/null 2>&1; then
        say "Making the virtual environment .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "Installing the Python packages of requirements-dev.txt (a minute or two, this once)"
    $VENV_PYTHON -m pip install --quiet --disable-pip-version-check --no-input \
        -r requirements-dev.txt -c constraints.txt
    say "$wanted" >.venv/installed
}

make_private_folder() {
    mkdir -p -m 700 .data
}

# Settings for the demo and the tests, where the caller or a .env has none: random keys, loopback, plain HTTP.
use_dev_settings() {
    local file=.data/dev.env fresh
    if [[ -z ${SECRET_KEY:-} ]] && ! grep -qs '^SECRET_KEY=' .env; then
        if [[ ! -e $file ]]; then
            make_private_folder
            fresh=$(mktemp .data/dev.env.XXXXXX)
            {
                say "SECRET_KEY=$(random_bytes 48)"
                say "SECRETS_KEYS=$(random_bytes 32)"
            } >"$fresh"
            # Not over what another command has made meanwhile.
            ln "$fresh" "$file" 2>/dev/null || [[ -e $file ]]
            rm -f "$fresh"
        fi
        set -a
        # shellcheck source=/dev/null
        source "$file"
        set +a
    fi
    export ALLOWED_HOSTS=127.0.0.1,localhost INSECURE_HTTP=true
}

# The given number of random bytes as URL-safe base64; 32 of them make a Fernet key.
random_bytes() {
    head -c "$1" /dev/urandom | base64 -w 0 | tr '+/' '-_'
}

#!/bin/bash
# deps.sh - installs the Debian packages that are missing.
#
# usage: common/deps.sh [--list] GROUP...     groups: build run test lint
#
# An entry is PACKAGE or PACKAGE:COMMAND; one whose command is there already (from elsewhere)
# needs no package. Installs by apt-get, with sudo where not root. Where that cannot be done it
# prints the list and exits 2. Prints nothing when nothing is missing.
set -u

declare -A PACKAGES=(
    [build]='gcc:gcc g++:g++ make:make pkg-config:pkg-config libzmq3-dev libcurl4-openssl-dev
        MSGPACK libpq-dev libsimdjson-dev nettle-dev libmicrohttpd-dev libjansson-dev zlib1g-dev'
    [run]='postgresql ca-certificates'
    [test]='libcmocka-dev perl:prove procps:pgrep nodejs:node npm:npm jq:jq curl:curl openssl:openssl'
    [lint]='clang:clang clang-tidy:clang-tidy cppcheck:cppcheck shellcheck:shellcheck'
)

say() {
    echo "deps: $*" >&2
}

msgpack_package() { # its name changed after Debian 12
    if apt-cache show libmsgpack-c-dev >/dev/null 2>&1; then
        echo libmsgpack-c-dev
    else
        echo libmsgpack-dev
    fi
}

installed() { # installed PACKAGE
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing() { # missing ENTRY...: prints the packages to install
    local entry package
    for entry; do
        package=${entry%%:*}
        case $entry in
        MSGPACK) installed libmsgpack-dev || installed libmsgpack-c-dev || echo MSGPACK ;;
        *:*) command -v "${entry#*:}" >/dev/null || echo "$package" ;;
        *) installed "$package" || echo "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

cannot() { # cannot WHY PACKAGE...
    local why=$1
    shift
    say "$why; needed are these packages (Debian's names): ${*/MSGPACK/libmsgpack-dev or libmsgpack-c-dev}"
    exit 2
}

# Debian's postgresql starts a cluster of its own when it is installed; nobody asked for one.
no_main_cluster() { # no_main_cluster on|off
    local file=/etc/postgresql-common/createcluster.d/sluice.conf
    if [ "$1" = off ]; then
        as_root rm -f "$file"
    else
        as_root mkdir -p "${file%/*}" && echo 'create_main_cluster = false' | as_root tee "$file" >/dev/null
    fi
}

install() { # install PACKAGE...
    as_root apt-get -qq update || say 'apt-get update failed, trying with the lists that are there'
    set -- "${@/#MSGPACK/$(msgpack_package)}"
    say "installing $*"
    no_main_cluster on
    trap 'no_main_cluster off' EXIT # also after Ctrl-C
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

main() {
    local group entries=() packages list=
    [ "${1:-}" = --list ] && { list=1; shift; }
    for group; do
        # shellcheck disable=SC2206
        entries+=(${PACKAGES[$group]:?no such group of packages})
    done
    if ! command -v apt-get >/dev/null; then
        # shellcheck disable=SC2046
        cannot 'there is no apt-get here' $(printf '%s\n' "${entries[@]%%:*}")
    fi
    mapfile -t packages < <(missing "${entries[@]}")
    [ ${#packages[@]} -gt 0 ] || exit 0
    [ -z "$list" ] || { printf '%s\n' "${packages[@]}"; exit 0; }
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        cannot 'not root, and there is no sudo' "${packages[@]}"
    fi
    install "${packages[@]}" || cannot 'apt-get failed' "${packages[@]}"
}

main "$@"

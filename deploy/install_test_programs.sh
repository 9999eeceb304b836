#!/bin/sh
# Install the programs some test suites need, where this user may. Never fails: the test command
# names each suite it could not run.
set -u
missing=""
command -v wsclean >/dev/null 2>&1 || missing="$missing wsclean"
command -v aoflagger >/dev/null 2>&1 || missing="$missing aoflagger"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "not installed (needs apt-get as root):$missing"
    exit 0
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
# shellcheck disable=SC2086
timeout 600 apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
    echo "apt-get could not install:$missing"
exit 0

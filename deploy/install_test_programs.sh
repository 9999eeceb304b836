#!/bin/sh
# Install the programs some test suites need, where this user may. Never fails: the test command
# names each suite it could not run. Of the databases only packages without a system service are
# taken, so that nothing is started, now or at the next boot: tests start private servers.
set -u
PATH="$PATH:/usr/sbin"
missing=""
command -v wsclean >/dev/null 2>&1 || missing="$missing wsclean"
command -v aoflagger >/dev/null 2>&1 || missing="$missing aoflagger"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v mariadbd >/dev/null 2>&1 || missing="$missing mariadb-server-core"
# Debian's redis-server is a service and a second name for this program
command -v redis-server >/dev/null 2>&1 || command -v redis-check-rdb >/dev/null 2>&1 ||
    missing="$missing redis-tools"
command -v isql >/dev/null 2>&1 || missing="$missing unixodbc"
ls /usr/lib/*/odbc/psqlodbcw.so >/dev/null 2>&1 || missing="$missing odbc-postgresql"
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

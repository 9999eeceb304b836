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
# Debian's prometheus is a service: only its two programs are taken out of the package
prometheus=""
command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1 || prometheus=" prometheus"
[ -z "$missing$prometheus" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "not installed (needs apt-get as root):$missing$prometheus"
    exit 0
fi
echo "installing$missing$prometheus"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    timeout 600 apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
        echo "apt-get could not install:$missing"
fi
if [ -n "$prometheus" ]; then
    place=$(mktemp -d)
    # a world-writable place: apt-get fetches as a user of its own
    chmod 1777 "$place"
    (cd "$place" && timeout 300 apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb unpacked &&
        install -m 0755 unpacked/usr/bin/prometheus unpacked/usr/bin/promtool /usr/local/bin/) >/dev/null 2>&1 ||
        echo "could not be fetched:$prometheus"
    rm -rf "$place"
fi
exit 0

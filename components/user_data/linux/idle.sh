#!/bin/bash
# Stops the machine when nobody is connected and nothing has run for a while.
set -euo pipefail
# shellcheck source=/dev/null
source /usr/local/lib/labsight/settings
((IDLE_MINUTES > 0)) || exit 0

last=/run/labsight-last-use # gone after each boot
[[ -e $last ]] || touch "$last"

# DCV itself closes connections without input after VIEWER_MINUTES.
connections=0
if command -v dcv > /dev/null; then
  connections=$(dcv list-connections main --json 2> /dev/null | grep -c '"id"' || true)
fi
# Work that goes on without anybody there, or the first installation.
busy=$(awk -v cores="$(nproc)" '{ print ($2 * 100 / cores >= @@BUSY_PERCENT@@) }' /proc/loadavg)
if ((connections > 0 || busy)) || systemctl is-active --quiet labsight-setup.service; then
  touch "$last"
fi

idle=$((($(date +%s) - $(stat -c %Y "$last")) / 60))
if ((idle >= IDLE_MINUTES - VIEWER_MINUTES)); then
  logger -t labsight "idle for $idle minutes: stopping"
  systemctl poweroff
fi

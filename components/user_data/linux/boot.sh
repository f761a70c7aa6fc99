#!/bin/bash
# Viewer workstation: lays down its scripts at every boot; each may run any number of times.
set -euo pipefail
install -d -m 755 /usr/local/lib/labsight

put() { # name: the text comes from standard input
  cat > "$1.new"
  chmod "${2:-644}" "$1.new"
  mv -f "$1.new" "$1"
}

put /usr/local/lib/labsight/settings <<'LABSIGHT_END'
@@SETTINGS@@
LABSIGHT_END
put /usr/local/lib/labsight/setup 755 <<'LABSIGHT_END'
@@SETUP@@
LABSIGHT_END
put /usr/local/lib/labsight/idle 755 <<'LABSIGHT_END'
@@IDLE@@
LABSIGHT_END

put /etc/systemd/system/labsight-setup.service <<'LABSIGHT_END'
[Unit]
Description=Install what is staged for the viewer workstation
After=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
ExecStart=/usr/local/lib/labsight/setup
LABSIGHT_END
put /etc/systemd/system/labsight-idle.service <<'LABSIGHT_END'
[Unit]
Description=Stop the machine when nobody uses it
[Service]
Type=oneshot
ExecStart=/usr/local/lib/labsight/idle
LABSIGHT_END

timer() { # name, minutes
  put "/etc/systemd/system/labsight-$1.timer" <<LABSIGHT_END
[Unit]
Description=Run labsight-$1 again and again
[Timer]
OnActiveSec=1
OnUnitInactiveSec=${2}min
[Install]
WantedBy=timers.target
LABSIGHT_END
}
# What was not staged yet at the first boot is fetched by one of the later runs.
timer setup 15
timer idle 5
systemctl daemon-reload
systemctl enable --now --no-block labsight-setup.timer labsight-idle.timer

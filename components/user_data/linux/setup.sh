#!/bin/bash
# Installs the desktop and what is staged under tools/, mounts the slides, opens a session.
set -euo pipefail
# shellcheck source=/dev/null
source /usr/local/lib/labsight/settings
state=/var/lib/labsight
cache=$state/cache
user=ec2-user
install -d -m 700 "$state" "$cache"
trap 'rm -f "$cache"/tmp.*' EXIT # a request with a password, should it fail

aws() { command aws --region "$REGION" "$@"; }

# Amazon Linux keeps its packages in S3, so no way to the internet is needed.
install_desktop() {
  [[ -e $state/desktop ]] && return
  dnf -y groupinstall Desktop
  dnf -y install mount-s3 python3 tar xz
  systemctl set-default multi-user.target # no display of its own: sessions are virtual
  touch "$state/desktop"
}

# tool NAME: fetch it if it is new, check it, and say where it lies; fails when it is not staged
tool() {
  local name=$1 key file sha256
  IFS=$'\t' read -r key file sha256 < <(python3 - "$cache/manifest.json" "$name" <<'PY'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as manifest:
    tools = json.load(manifest)["tools"]
for one in tools:
    if (one["kind"], one["name"]) == ("linux-dcv", sys.argv[2]):
        print(one["key"], one["file"], one["sha256"], sep="\t")
PY
  ) || true
  if [[ -z ${key:-} ]]; then
    echo "$name is not staged; run: labsight desktop stage-tools" >&2
    return 1
  fi
  [[ -e $state/$name && $(< "$state/$name") == "$sha256" ]] && return 0
  aws s3 cp "s3://$BUCKET/$key" "$cache/$file" --only-show-errors
  if ! echo "$sha256  $cache/$file" | sha256sum --check --quiet; then
    rm -f "$cache/$file"
    return 1
  fi
  "install_${name//-/_}" "$cache/$file"
  echo "$sha256" > "$state/$name"
  rm -f "$cache/$file"
}

install_dcv() {
  rm -rf "$cache/dcv"
  install -d "$cache/dcv"
  tar -xzf "$1" -C "$cache/dcv" --strip-components=1
  dnf -y install "$cache"/dcv/nice-dcv-server-*.rpm "$cache"/dcv/nice-dcv-web-viewer-*.rpm \
    "$cache"/dcv/nice-xdcv-*.rpm
  rm -rf "$cache/dcv"
}

install_qupath() {
  rm -rf /usr/local/QuPath
  install -d /usr/local/QuPath
  tar -xf "$1" -C /usr/local/QuPath --strip-components=1
  cat > /usr/share/applications/qupath.desktop <<'DESKTOP'
[Desktop Entry]
Type=Application
Name=QuPath
Exec=/usr/local/QuPath/bin/QuPath %f
Categories=Science;
DESKTOP
}

# Heard on this machine alone: the way in is an SSH tunnel.
configure_dcv() {
  cat > /etc/dcv/dcv.conf.new <<CONF
[connectivity]
web-listen-endpoints=['127.0.0.1:8443']
enable-quic-frontend=false
idle-timeout=$VIEWER_MINUTES
[security]
authentication='system'
CONF
  if ! cmp -s /etc/dcv/dcv.conf.new /etc/dcv/dcv.conf; then
    mv -f /etc/dcv/dcv.conf.new /etc/dcv/dcv.conf
    systemctl restart dcvserver
  fi
  systemctl enable --now dcvserver
}

# Stored first and set second: should this stop in between, the next run makes another one.
set_password() {
  [[ -e $state/password && $(< "$state/password") == "$PASSWORD_SECRET" ]] && return
  local password request
  password=$(openssl rand -hex 16)
  request=$(mktemp -p "$cache")
  printf '{"SecretId": "%s", "SecretString": "%s"}' "$PASSWORD_SECRET" "$password" > "$request"
  aws secretsmanager put-secret-value --cli-input-json "file://$request" > /dev/null
  rm -f "$request"
  printf '%s:%s\n' "$user" "$password" | chpasswd
  echo "$PASSWORD_SECRET" > "$state/password"
}

mount_slides() {
  local place=/mnt/slides
  install -d "$place"
  mountpoint -q "$place" && return
  mount-s3 "$BUCKET" "$place" --prefix "$SLIDES" --read-only --allow-other --region "$REGION"
}

open_session() {
  dcv describe-session main > /dev/null 2>&1 ||
    dcv create-session --type virtual --owner "$user" --user "$user" main
}

install_desktop
aws s3 cp "s3://$BUCKET/${TOOLS}manifest.json" "$cache/manifest.json" --only-show-errors
mount_slides
tool dcv
configure_dcv
set_password
tool qupath
open_session

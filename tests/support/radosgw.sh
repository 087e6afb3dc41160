#!/bin/bash
# A Ceph cluster on loopback with an S3 gateway, for the tests of the object store: a monitor, one OSD that keeps
# everything in memory, and a radosgw that speaks HTTP and TLS. 200 MB of memory, 13 seconds to start.
#   tests/support/radosgw.sh start FOLDER    what the folder held before is stopped and removed
#   tests/support/radosgw.sh stop FOLDER
# FOLDER/ready then holds what a test needs, as shell assignments: CONF (for another gateway of the same cluster), HTTP,
# HTTPS, CA, ACCESS_KEY, SECRET_KEY. Where Ceph is not installed, `start` says so and succeeds without that file.
# deploy/install-packages.sh radosgw installs it.
set -euo pipefail

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
folder=$(realpath -m "$2")

is_ours() { grep -qF "$folder/ceph.conf" "/proc/$1/cmdline" 2>/dev/null; }

# Ends the daemons whose process ids lie in the folder: those that still are what they were.
stop() {
  local file pid
  [ -d "$folder" ] || return 0
  # The gateway first: it would wait for the others.
  for file in "$folder"/client.rgw.pid "$folder"/osd.*.pid "$folder"/mon.*.pid; do
    [ -f "$file" ] && pid=$(cat "$file") && [ -n "$pid" ] || continue
    is_ours "$pid" || continue
    kill -KILL "$pid" 2>/dev/null || true
    # Nothing may write into the folder any more.
    while is_ours "$pid"; do sleep 0.05; done
  done
  rm -rf "$folder"
}

# The condition, tried for a minute.
await() {
  local what=$1 i
  shift
  for ((i = 0; i < 600; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "$what did not come up"
  return 1
}

answers() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1"; }
osd_is_up() { ceph osd stat | grep -q '1 up'; }

make_certificates() {
  cd "$folder/tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=radosgw test authority' -keyout ca.key -out ca.pem
  openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout server.key -out server.csr
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >extensions
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.crt
  cat server.key server.crt >server.pem
}

# Without its cache a gateway tells the others of no change: it would wait half a minute for one that a test has killed.
write_configuration() {
  cat >"$folder/ceph.conf" <<CONF
[global]
fsid = $1
mon host = [v2:127.0.0.1:$2,v1:127.0.0.1:$3]
public network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $folder/keyring
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon max pg per osd = 1000
run dir = $folder
crash dir = $folder/log
admin socket =
pid file = $folder/\$name.pid
log file = $folder/log/\$name.log
mon cluster log file = $folder/log/cluster.log
[mon]
mon data = $folder/mon
mon data avail crit = 1
mon data avail warn = 2
mon min mgr clients = 0
mon warn on insecure global id reclaim allowed = false
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd op num shards = 1
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$4 ssl_endpoint=127.0.0.1:$5 ssl_certificate=$folder/tls/server.pem tcp_nodelay=1
rgw dns name = localhost
rgw cache enabled = false
rgw thread pool size = 32
rgw rados pool pg num min = 4
rgw enable usage log = false
rgw enable quota threads = false
rgw enable lc threads = false
CONF
}

start_daemons() {
  local fsid=$1 mon_v2=$2 mon_v1=$3 osd_uuid
  ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon_v2,v1:127.0.0.1:$mon_v1]" "$folder/monmap"
  ceph-mon -c "$CEPH_CONF" --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
  ceph-mon -c "$CEPH_CONF" -i a
  osd_uuid=$(cat /proc/sys/kernel/random/uuid)
  await monitor ceph osd new "$osd_uuid"
  ceph auth get-or-create osd.0 mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' -o "$folder/osd.key"
  ceph auth get-or-create client.rgw mon 'allow rw' osd 'allow rwx' -o "$folder/rgw.key"
  ceph-authtool "$folder/keyring" --import-keyring "$folder/osd.key"
  ceph-authtool "$folder/keyring" --import-keyring "$folder/rgw.key"
  ceph-osd -c "$CEPH_CONF" -i 0 --mkfs --osd-uuid "$osd_uuid"
  ceph-osd -c "$CEPH_CONF" -i 0
  await OSD osd_is_up
  radosgw -c "$CEPH_CONF" -n client.rgw
}

# In a process of its own, for the sake of `set -e`; all it says, and its daemons, goes to the log.
start_once() {
  local ports fsid
  exec >>"$folder/log/start.log" 2>&1 </dev/null
  # All at once, so that they differ. Nothing holds them until the daemons do.
  read -r -a ports < <(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(s.getsockname()[1] for s in held))')
  export CEPH_CONF=$folder/ceph.conf
  fsid=$(cat /proc/sys/kernel/random/uuid)
  write_configuration "$fsid" "${ports[@]}"
  (make_certificates)
  start_daemons "$fsid" "${ports[@]:0:2}"
  await radosgw answers "${ports[2]}"
  radosgw-admin -c "$CEPH_CONF" user create --uid=test --display-name=test --access-key=AKTEST --secret-key=SKTEST
  cat >"$folder/ready.new" <<READY
CONF=$CEPH_CONF
HTTP=http://127.0.0.1:${ports[2]}
HTTPS=https://127.0.0.1:${ports[3]}
CA=$folder/tls/ca.pem
ACCESS_KEY=AKTEST
SECRET_KEY=SKTEST
READY
  mv "$folder/ready.new" "$folder/ready"
}

start() {
  local tool attempt
  stop
  for tool in radosgw radosgw-admin ceph-mon ceph-osd ceph ceph-authtool openssl; do
    command -v "$tool" >/dev/null && continue
    echo "radosgw.sh: $tool is not installed: the object store is not tried on S3 (deploy/install-packages.sh radosgw)"
    return 0
  done
  # Twice: another program may have taken a port meanwhile.
  for attempt in 1 2; do
    umask 077
    mkdir -p "$folder"/{mon,osd,rgw,log,tls}
    if "$0" start_once "$folder"; then return 0; fi
    echo "radosgw.sh: it did not start, attempt $attempt; the end of its log:" >&2
    tail -n 20 "$folder/log/start.log" >&2
    stop
  done
  return 1
}

case $1 in
  start | stop | start_once) "$1" ;;
  *) usage ;;
esac

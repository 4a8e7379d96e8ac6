#!/bin/bash
# ceph.sh start DIR PORT | stop DIR: an S3 service for tests, a real Ceph of one monitor, one store in memory and one gateway.
#
# Runs as whoever calls it, everything below DIR, nothing outside this machine. Answers http on PORT and https on PORT + 1 with a
# certificate of DIR/ca.pem; takes the ports from PORT to PORT + 40. `start` returns when it answers, after about 15 s, and says in
# DIR/env, as shell variables, where it is and with which keys: those of the owner of buckets, and of somebody who may do only
# what a bucket's policy lets him. Wants the packages ceph-mon, ceph-osd and radosgw.
set -euo pipefail

owner_key=LIFEBOATOWNER owner_secret=owner-secret-0123456789abcdefghijklmnopqr
guest_key=LIFEBOATGUEST guest_secret=guest-secret-0123456789abcdefghijklmnopqr

die() { echo "ceph.sh: $*" >&2; exit 1; }

write_certificates() {
    local subject='subjectAltName=DNS:localhost,IP:127.0.0.1'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj '/CN=test authority' \
        -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=localhost -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
        -extfile <(printf '%s\nbasicConstraints=CA:FALSE\n' "$subject") -out server.pem
    cat server.key server.pem ca.pem >frontend.pem
}

write_configuration() {
    cat >ceph.conf <<END
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = v2:127.0.0.1:$((port + 2))
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = $((port + 3))
ms_bind_port_max = $((port + 40))

# Nobody but this machine's tests comes here.
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# The gateway wants an encrypted monitor, which there is not without keys: it would wait for ever.
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc

# One copy of everything, in memory.
osd_objectstore = memstore
# Debian's Ceph 20 has a path that is not absolute.
osd_class_dir = $(dirname "$(find /usr/lib -name libcls_version.so -print -quit)")
memstore_device_bytes = 6442450944
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000

mon_data = $dir/mon
osd_data = $dir/osd
rgw_data = $dir/rgw
run_dir = $dir/run
crash_dir = $dir/run
log_file = $dir/log/\$name.log
admin_socket = $dir/run/\$name.asok

rgw_frontends = beast endpoint=127.0.0.1:$port ssl_endpoint=127.0.0.1:$((port + 1)) ssl_certificate=$dir/frontend.pem
# Makes BUCKET.localhost another name of localhost/BUCKET.
rgw_dns_name = localhost
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 5
END
}

# patiently SECONDS COMMAND: until the command succeeds.
patiently() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.2
    done
}

# daemon NAME COMMAND: leaves it running, its process id in run/NAME.pid.
daemon() {
    local name=$1
    shift
    setsid "$@" -c "$dir/ceph.conf" -f </dev/null >"log/$name.out" 2>&1 &
    echo $! >"run/$name.pid"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

ceph_says() { timeout 10 ceph -c ceph.conf "$@"; }
osd_is_up() { ceph_says osd stat | grep -q ' 1 up'; }

add_user() { # NAME KEY SECRET MORE
    radosgw-admin -c ceph.conf user create --uid="$1" --display-name="$1" --access-key="$2" --secret="$3" "${@:4}" \
        >>log/users.out 2>&1
}

start() {
    local uuid
    umask 077
    mkdir -p "$dir"
    cd "$dir"
    dir=$PWD
    rm -rf mon osd rgw run log env
    mkdir mon osd rgw run log
    echo $$ >run/start.pid
    write_certificates >log/certificates.out 2>&1 || die 'could not make certificates'
    write_configuration

    monmaptool --create --fsid "$(sed -n 's/^fsid = //p' ceph.conf)" --addv a "[v2:127.0.0.1:$((port + 2))]" --clobber monmap >log/monmap.out
    ceph-mon -c ceph.conf --mkfs -i a --monmap monmap >log/mon-make.out 2>&1
    daemon mon ceph-mon -i a
    patiently 60 ceph_says -s || die 'the monitor does not answer'

    uuid=$(cat /proc/sys/kernel/random/uuid)
    ceph_says osd new "$uuid" >/dev/null
    ceph-osd -c ceph.conf -i 0 --mkfs --osd-uuid "$uuid" >log/osd-make.out 2>&1
    ceph_says osd crush add osd.0 1 root=default host=here >log/crush.out 2>&1
    daemon osd ceph-osd -i 0
    patiently 60 osd_is_up || die 'the store does not come up'

    add_user owner "$owner_key" "$owner_secret"
    add_user guest "$guest_key" "$guest_secret" --max-buckets=-1
    daemon rgw radosgw -n client.rgw.test
    patiently 60 answers "$port" || die "nobody answers on port $port"
    answers $((port + 1)) || die "nobody answers on port $((port + 1))"
    kill -0 "$(cat run/rgw.pid)" 2>/dev/null || die "somebody else has port $port"
    cat >env.new <<END
LIFEBOAT_S3=http://127.0.0.1:$port
LIFEBOAT_S3_TLS=https://localhost:$((port + 1))
LIFEBOAT_S3_CA=$dir/ca.pem
LIFEBOAT_S3_GUEST_KEY=$guest_key
LIFEBOAT_S3_GUEST_SECRET=$guest_secret
AWS_ACCESS_KEY_ID=$owner_key
AWS_SECRET_ACCESS_KEY=$owner_secret
END
    mv env.new env
    rm run/start.pid
}

# What a pid file names may long be somebody else's.
is_ours() { grep -qaF "$dir" "/proc/$1/cmdline" 2>/dev/null && [ "$1" != $$ ]; }

stop() {
    local file pid signal tries left
    [ -d "$dir/run" ] || return 0
    dir=$(cd "$dir" && pwd)
    for signal in TERM KILL; do
        for tries in $(seq 50); do
            left=0
            for file in "$dir"/run/{start,rgw,osd,mon}.pid; do
                pid=$(cat "$file" 2>/dev/null) || continue
                is_ours "$pid" || { rm -f "$file"; continue; }
                left=1
                [ "$tries" -gt 1 ] || kill -"$signal" "$pid" 2>/dev/null || true
            done
            [ $left -ne 0 ] || return 0
            sleep 0.1
        done
    done
    die "processes of $dir are left"
}

case ${1:-} in
    start)
        [ $# -eq 3 ] || die 'usage: ceph.sh start DIR PORT'
        dir=$2 port=$3
        PATH=$PATH:/usr/sbin:/sbin
        trap 'code=$?; [ $code -eq 0 ] || stop; exit $code' EXIT
        trap 'exit 130' INT TERM HUP
        start
        ;;
    stop)
        [ $# -eq 2 ] || die 'usage: ceph.sh stop DIR'
        dir=$2
        stop
        ;;
    *) die 'usage: ceph.sh start DIR PORT | stop DIR' ;;
esac

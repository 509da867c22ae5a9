#!/bin/sh
# machine.sh FOLDER PROGRAMS CONFIGURATION ADDRESS: furnishes the namespaces that it was started in, and stays as their
# first process. What Kubernetes keeps in /run and /var lies in FOLDER from here on; the host's own are out of sight.
set -eu
folder=$1 programs=$2 configuration=$3 address=$4

# In this order: the three folders may themselves lie below /var.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/cluster /run/programs /run/configuration /run/lock /run/sysctl
mount --bind "$folder" /run/cluster
mount --bind "$programs" /run/programs
mount --bind "$configuration" /run/configuration
mount --bind /run/cluster/var /var

# The kubelet wants these values and would set them for the whole host: it finds them set.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    name=${setting%=*}
    file=/run/sysctl/$(echo "$name" | tr / -)
    echo "${setting#*=}" >"$file"
    mount --bind "$file" "/proc/sys/$name"
done

# The node's address must not be a loopback one; a bridge without ports stands in for a network card. The default route
# leads nowhere: the kubelet wants one, and nothing here has a way out.
ip link set lo up
ip link add node0 type bridge
ip address add "$address/24" dev node0
ip link set node0 up
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

echo furnished
exec /run/programs/pause

#!/bin/sh
# cgroup2.sh [PYTEST ARGUMENT…]: runs tests of the keeper under Debian's own kernel, where cgroups have version 2 alone, in a
# machine that QEMU emulates. The file system is this one, read-only, with what is written kept in memory. Slow: minutes.
set -eu
cd "$(dirname "$0")/.."
. scripts/apt.sh

PACKAGES="qemu-system-x86 busybox-static cpio kmod"
MODULES="virtio_pci 9pnet_virtio 9p overlay"

# shellcheck disable=SC2086
dpkg-query -s $PACKAGES >/dev/null 2>&1 || {
    apt_may || { echo "Missing. To install it: $(apt_line $PACKAGES)" >&2; exit 1; }
    apt_update
    apt_install $PACKAGES
}

root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- tests/keeper/containment/test_containers.py tests/keeper/cgroups/test_cgroups.py tests/keeper/launch/test_spawn.py

# The kernel is only unpacked: nothing of this machine's boot changes.
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
(cd "$work" && apt-get download "$package" >/dev/null 2>&1)
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
release=$(basename "$work"/kernel/lib/modules/*)
depmod -b "$work/kernel" "$release"

mkdir -p "$work/init/bin" "$work/init/modules" "$work/init/proc" "$work/init/sys" "$work/init/dev" \
    "$work/init/lower" "$work/init/upper" "$work/init/root"
cp /bin/busybox "$work/init/bin/"
for module in $MODULES; do
    modprobe -d "$work/kernel" -S "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
    cp "$file" "$work/init/modules/"
    basename "$file"
done >"$work/init/order"

cat >"$work/init/init" <<END
#!/bin/busybox sh
set -e
mount() { /bin/busybox mount "\$@"; }
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
while read -r module; do /bin/busybox insmod /modules/\$module; done </order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro host /lower
mount -t tmpfs tmpfs /upper
/bin/busybox mkdir /upper/upper /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work overlay /root
for folder in proc sys dev; do mount --move /\$folder /root/\$folder; done
mount -t tmpfs tmpfs /root/tmp; mount -t tmpfs tmpfs /root/run
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
/bin/busybox cp /tests /root/tmp/tests
exec /bin/busybox switch_root /root /bin/sh /tmp/tests
END
cat >"$work/init/tests" <<END
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm
ip link set lo up 2>/dev/null
cd '$root' && .venv/bin/python -m pytest -p no:cacheprovider $*
echo "tests ended with \$?"
echo o >/proc/sysrq-trigger
read -r _
END
chmod +x "$work/init/init"
(cd "$work/init" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"

qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -nographic -no-reboot \
    -kernel "$work/kernel/boot/vmlinuz-$release" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1" \
    -fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap" \
    -device virtio-9p-pci,fsdev=host,mount_tag=host </dev/null | tee "$work/output"
grep -q "^tests ended with 0" "$work/output"

#!/bin/sh
# Boots a virtual machine with the kernel's simulated GPIO, I2C and PWM and a uinput, and runs the tests of this folder
# in it: the drivers then speak to a real kernel. Takes a Debian 12 machine on amd64, root for apt-get, some 40 s (and
# 210 MB of downloads, once). The machine's own root is shared read-only; all that the guest writes is gone after it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/build/vm"
mkdir -p "$build/modules"
cd "$build"

if [ ! -e installed ]; then
    echo "vm: installing QEMU and the kernel's headers, once" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends qemu-system-x86 busybox-static cpio kmod xz-utils gcc make dpkg-dev >&2
    version=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: linux-image-//p')
    apt-get install -y -qq --no-install-recommends "linux-headers-$version" >&2
    apt-get download -qq "linux-image-$version" linux-source-6.1 2>/dev/null
    dpkg -x linux-image-"$version"*.deb kernel
    # Debian builds no gpio-sim: it is made here out of the same kernel's source, with the simulated interrupts it needs.
    dpkg --fsys-tarfile linux-source-6.1*.deb | tar -xO ./usr/src/linux-source-6.1.tar.xz | xz -d |
        tar -x --strip-components=3 -C modules linux-source-6.1/drivers/gpio/gpio-sim.c \
            linux-source-6.1/drivers/gpio/gpiolib.h linux-source-6.1/kernel/irq/irq_sim.c
    rm -f ./*.deb
    sed -i -e 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' \
        -e '0,/#include/s//#include <linux\/module.h>\n#include/' -e '$aMODULE_LICENSE("GPL");' modules/irq_sim.c
    cp "$here"/modules/*.c modules/
    echo 'obj-m := gpio-sim.o irq_sim.o pwm_stub.o i2c_plain_stub.o' > modules/Makefile
    make -s -C "/lib/modules/$version/build" M="$build/modules" modules >&2
    mkdir -p "kernel/lib/modules/$version/extra"
    cp modules/*.ko "kernel/lib/modules/$version/extra/"
    depmod -b kernel "$version"
    echo "$version" > installed
fi
if [ ! -e venv/bin/pytest ]; then
    # rpi-lgpio is the RPi.GPIO of a Pi 5; RPi.GPIO itself reads a Pi's memory and cannot run here.
    python3 -m venv venv
    for lock in requirements requirements-pi5; do
        venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$root/$lock.lock"
    done
fi
version=$(cat installed)

rm -rf initrd && mkdir -p initrd/bin initrd/proc initrd/sys initrd/dev initrd/host initrd/rw initrd/new "initrd/lib/modules/$version"
cp /bin/busybox initrd/bin/
(cd "kernel/lib/modules/$version" && cp modules.dep "$build/initrd/lib/modules/$version/" &&
    for name in virtio_pci 9pnet_virtio 9p overlay i2c-dev i2c-stub uinput evdev gpio-sim pwm_stub i2c_plain_stub; do
        file=$(find . -name "$name.ko" | head -1)
        sed -n "s|^${file#./}:||p" modules.dep | tr ' ' '\n' | sed '/^$/d' | { cat; echo "${file#./}"; }
    done | sort -u | cpio -pdm --quiet "$build/initrd/lib/modules/$version")
cp "$here/init" initrd/init
chmod +x initrd/init
(cd initrd && find . | cpio -o -H newc --quiet | gzip -1) > initrd.gz

rm -f result
timeout 600 qemu-system-x86_64 -cpu max -m 1024 -smp 1 -nographic -no-reboot -monitor none \
    -kernel "kernel/boot/vmlinuz-$version" -initrd initrd.gz \
    -append "console=ttyS0 quiet panic=-1 evsed.root=$root evsed.args=$(printf %s "$*" | tr ' ' '~')" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host | tee console.log | sed -n '/^vm: begin/,/^vm: end/p'
grep -q '^vm: end 0' console.log

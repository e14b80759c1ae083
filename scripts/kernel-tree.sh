#!/usr/bin/env bash
# The make fragment for kernel trees (packages/cli/hooks/bzelf.mk) in a real one: Debian's kernel source, tinyconfig with a
# serial console and KASLR, wrapped by "make -f bzelf.mk", started by QEMU, and executed up to the kernel's own first
# instruction, where memory has to be what the build's vmlinux says.
#
#   scripts/kernel-tree.sh [--arch x86_64|i386] [--jobs N] [--source TREE]
#
# Run by hand, because a kernel takes minutes; what it said is recorded in docs/kernel-build.md. It wants gcc make flex
# bison bc libelf-dev cpio xz-utils qemu-system-x86, and an apt-get that can download linux-source-6.1 unless TREE, an
# unpacked kernel source, is named. Everything is under .cache/kernel-tree; a second run builds what is new.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/.cache/kernel-tree
arch=x86_64 jobs=$(nproc) tree=$cache/linux-source-6.1
while [ $# -gt 0 ]; do
  case $1 in
    --arch) arch=$2 ;;
    --jobs) jobs=$2 ;;
    --source) tree=$(cd "$2" && pwd) ;;
    *) sed -n '2,10s/^# \?//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

case $arch in
  x86_64) qemu=qemu-system-x86_64 on='64BIT' off='' flags='' ;;
  i386) qemu=qemu-system-i386 on='' off='64BIT' flags='--class 32' ;;
  *) echo "kernel-tree.sh: --arch is x86_64 or i386, not $arch" >&2; exit 2 ;;
esac
objects=$cache/$arch
image=$objects/arch/x86/boot/bzImage
mkdir -p "$objects"

if [ ! -d "$tree" ]; then
  (cd "$cache" && apt-get -qq -o APT::Sandbox::User=root download linux-source-6.1 && dpkg-deb -x linux-source-6.1_*.deb package)
  tar -xJf "$cache/package/usr/src/linux-source-6.1.tar.xz" -C "$cache"
fi

# A fixed stamp: then another build of the same tree is the same bzImage, and so the same ELF file.
export KBUILD_BUILD_USER=bzelf KBUILD_BUILD_HOST=bzelf KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
bzelf=$root/packages/cli/bin/bzelf.cjs

fragment() {
  make -f "$root/packages/cli/hooks/bzelf.mk" KERNEL="$tree" O="$objects" ARCH="$arch" BZELF="node $bzelf" BZELF_FLAGS="$flags" "$@"
}
fail() {
  echo "kernel-tree.sh: $*" >&2
  exit 1
}
stamp() { stat -c %y "$image.elf"; }
kernel_config() { "$tree/scripts/config" --file "$objects/.config" "$@"; }

make -C "$tree" O="$objects" ARCH="$arch" tinyconfig >/dev/null
for name in $on TTY PRINTK EARLY_PRINTK SERIAL_8250 SERIAL_8250_CONSOLE RELOCATABLE RANDOMIZE_BASE; do kernel_config --enable "$name"; done
for name in $off; do kernel_config --disable "$name"; done
kernel_config --set-str LOCALVERSION ''
make -C "$tree" O="$objects" ARCH="$arch" olddefconfig >/dev/null

rm -f "$image.elf"
SECONDS=0
fragment -j"$jobs" >"$objects/build.log" 2>&1 || fail "the build failed: $objects/build.log"
echo "built and wrapped in $SECONDS s: $(stat -c %s "$image") bytes of bzImage, $(stat -c %s "$image.elf") of ELF"

node "$bzelf" unwrap "$image.elf" -o - | cmp - "$image" || fail 'unwrap does not give the bzImage'
echo 'unwrap gives the bzImage, bit for bit'

before=$(stamp)
fragment -j"$jobs" >>"$objects/build.log" 2>&1
[ "$(stamp)" = "$before" ] || fail 'wrapped again, though nothing is new'
echo 'nothing new: the file is left alone'

cp "$image.elf" "$objects/first.elf"
fragment bzelf-clean >/dev/null
[ ! -e "$image.elf" ] || fail 'bzelf-clean leaves the ELF file'
[ -e "$image" ] || fail 'bzelf-clean takes the bzImage'
fragment -j"$jobs" >>"$objects/build.log" 2>&1
cmp "$objects/first.elf" "$image.elf" || fail 'another file from the same bzImage'
echo 'bzelf-clean, and again: the same bytes'

kernel_config --set-str LOCALVERSION -other
fragment -j"$jobs" >>"$objects/build.log" 2>&1
cmp -s "$objects/first.elf" "$image.elf" && fail 'a new bzImage was not wrapped'
echo 'another LOCALVERSION: built and wrapped again'

kernel_config --set-str LOCALVERSION ''
fragment -j"$jobs" >>"$objects/build.log" 2>&1
cmp "$objects/first.elf" "$image.elf" || fail 'the first configuration again gives another file'
echo 'the first configuration again: the first bytes again'

# The kernel stops without a root file system, which is as far as tinyconfig goes.
timeout 120 "$qemu" -kernel "$image.elf" -append 'console=ttyS0 earlyprintk=ttyS0 panic=-1' -no-reboot -nographic \
  -net none -m 128 </dev/null >"$objects/boot.log" 2>&1 || true
grep -o -m1 'Linux version [^ ]*' "$objects/boot.log" || fail "no banner: $objects/boot.log"

(cd "$root" && npx jest --selectProjects kernels --testPathPatterns built-tree --testNamePattern "the tree of $arch" \
  >"$objects/verify.log" 2>&1) || fail "memory is not as the vmlinux says: $objects/verify.log"
echo "memory at the kernel's first instruction is the unstripped vmlinux, also where KASLR has moved it"

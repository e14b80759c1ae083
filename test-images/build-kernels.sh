#!/usr/bin/env bash
# Builds the small kernels of this folder again, from Debian's kernel source and the .config beside each image.
#
#   test-images/build-kernels.sh [-o OUT] [IMAGE…]        e.g. build-kernels.sh 61-64-gzip
#
# Run by hand on Debian 12 with: gcc make flex bison bc libelf-dev bzip2 lzma lzop cpio xz-utils, and either the
# package linux-source-6.1 (6.1.192-2) installed or apt-get able to download it. About 80 s for the first kernel of an
# architecture and 10 s for each further compressor. The build stamp is fixed; the images in this folder carry the
# stamp of the day they were made, so a rebuilt one has the same sizes, payload length apart, and not the same bytes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/../.cache/build-kernels
[ "${1-}" = -o ] && { out=$2; shift 2; }
images=("$@")
[ ${#images[@]} -gt 0 ] || images=(61-64-gzip 61-64-bzip2 61-64-lzma 61-64-lzo 61-32-gzip)

for image in "${images[@]}"; do
  [ -f "$here/$image.config" ] || { echo "build-kernels.sh: no image named $image" >&2; exit 2; }
done
mkdir -p "$out"
out=$(cd "$out" && pwd)
tarball=/usr/src/linux-source-6.1.tar.xz
if [ ! -d "$out/linux-source-6.1" ]; then
  if [ ! -f "$tarball" ]; then
    (cd "$out" && apt-get download linux-source-6.1=6.1.192-2 && dpkg-deb -x linux-source-6.1_*.deb package)
    tarball=$out/package/usr/src/linux-source-6.1.tar.xz
  fi
  tar -xJf "$tarball" -C "$out"
fi

export KBUILD_BUILD_USER=bzelf KBUILD_BUILD_HOST=bzelf KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026'
for image in "${images[@]}"; do
  case $image in
    61-64-*) arch=x86_64 ;;
    61-32-*) arch=i386 ;;
  esac
  tree=$out/$arch # one object tree per architecture: another compressor rebuilds only the last step
  mkdir -p "$tree"
  cp "$here/$image.config" "$tree/.config"
  make -C "$out/linux-source-6.1" O="$tree" ARCH=$arch olddefconfig >/dev/null
  make -C "$out/linux-source-6.1" O="$tree" ARCH=$arch -j"$(nproc)" bzImage >/dev/null
  cp "$tree/arch/x86/boot/bzImage" "$out/$image.bzImage"
  sha256sum "$out/$image.bzImage"
done

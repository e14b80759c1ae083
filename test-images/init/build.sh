#!/usr/bin/env bash
# Assembles init-64 and init-32 from init.S. With --check it only compares what it built with what is checked in.
set -euo pipefail
cd "$(dirname "$0")"
out=.
[ "${1-}" = --check ] && { out=$(mktemp -d); trap 'rm -rf "$out"' EXIT; }
for bits in 64 32; do
  emulation=$([ $bits = 64 ] && echo elf_x86_64 || echo elf_i386)
  gcc -m$bits -c -o "$out/init.o" init.S
  # No build-id and no page-aligned sections: about a kilobyte, the same from every binutils.
  ld -m $emulation -static -s --build-id=none -z noseparate-code -o "$out/init-$bits" "$out/init.o"
  rm "$out/init.o"
  [ "$out" = . ] || cmp "$out/init-$bits" "init-$bits"
done

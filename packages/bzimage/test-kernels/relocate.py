"""Splits a vmlinux.bin.all, places its segments and relocates them: a second opinion that shares no code with ours.

usage: relocate.py VMLINUX_BIN_ALL SLIDE_PHYS SLIDE_VIRT, prints counts and the SHA-256 of the memory image.
Written from arch/x86/boot/compressed/misc.c (parse_elf, handle_relocations): the table is walked backwards from the
last word, as the kernel does it.
"""
import hashlib
import struct
import sys

data = open(sys.argv[1], 'rb').read()
physical, virtual = int(sys.argv[2], 0), int(sys.argv[3], 0)
is64 = data[4] == 2
if is64:
    phoff, = struct.unpack_from('<Q', data, 32)
    phsize, phnum = struct.unpack_from('<HH', data, 54)
else:
    phoff, = struct.unpack_from('<I', data, 28)
    phsize, phnum = struct.unpack_from('<HH', data, 42)

loads = []
for i in range(phnum):
    at = phoff + i * phsize
    if is64:
        kind, _, offset, vaddr, paddr, filesz, memsz, _ = struct.unpack_from('<IIQQQQQQ', data, at)
    else:
        kind, offset, vaddr, paddr, filesz, memsz, _, _ = struct.unpack_from('<IIIIIIII', data, at)
    if kind == 1:
        loads.append((offset, vaddr, paddr, filesz, memsz))
base = min(load[2] for load in loads)
image = bytearray(max(load[2] + load[4] for load in loads) - base)
for offset, _, paddr, filesz, _ in loads:
    image[paddr - base:paddr - base + filesz] = data[offset:offset + filesz]

# VA - PA of the text segment
map_base = loads[0][1] - loads[0][2]
delta = virtual if is64 else physical
at = len(data) - 4
counts = []


def backwards(width, sign):
    """Applies one list, from its last word to the zero before its first."""
    global at
    count = 0
    while True:
        word, = struct.unpack_from('<I', data, at)
        at -= 4
        if word == 0:
            counts.append(count)
            return
        address = word | 0xffffffff00000000 if is64 else word
        where = address - map_base - base
        value = int.from_bytes(image[where:where + width], 'little')
        image[where:where + width] = ((value + sign * delta) % (1 << (8 * width))).to_bytes(width, 'little')
        count += 1


backwards(4, 1)
if is64:
    backwards(4, -1)
    backwards(8, 1)
print(*counts, hashlib.sha256(image).hexdigest())

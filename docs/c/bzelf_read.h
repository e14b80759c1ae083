/* SPDX-License-Identifier: MIT */
/*
 * A reader of bzelf's notes for loaders: finds the notes of an ELF file, an entry for a boot protocol, the ranges to
 * map before it, and where the kernel may be placed. It allocates nothing, keeps no state of its own and needs no
 * C library beyond the memcpy and memset that compilers ask of any program.
 *
 *	struct bzelf_file file;
 *	struct bzelf_entry entry;
 *	struct bzelf_ranges ranges;
 *	struct bzelf_mapping_row row;
 *
 *	if (bzelf_open_memory(&file, image, image_size) || bzelf_find_entry(&file, BZELF_PROTOCOL_LINUX64, &entry) <= 0)
 *		return -1;
 *	if (bzelf_find_ranges(&file, entry.id, &ranges) > 0)
 *		while (bzelf_next_range(&ranges, &row) > 0)
 *			map(row.start, row.length, row.virt_offset, row.flags, row.purpose);
 */
#ifndef BZELF_READ_H
#define BZELF_READ_H

#include "bzelf.h"

#define BZELF_NOT_ELF     (-1) /* no little-endian ELF file */
#define BZELF_BAD_HEADERS (-2) /* an ELF file whose headers are damaged */
#define BZELF_READ_FAILED (-3) /* the callback said so */

struct bzelf_file {
	/* Copies size bytes from offset of the file; 0 when all are there. Never asked for bytes past the end. */
	int (*read)(const void *context, uint64_t offset, void *to, size_t size);
	const void *context;
	uint64_t size;
	/* Set by bzelf_open. */
	uint64_t phoff;
	uint32_t phnum;
	int is64;
};

/* A note of owner "bzelf": its type, and file offset and bytes of its descriptor. */
struct bzelf_note {
	uint32_t type;
	uint32_t size;
	uint64_t at;
};

/* A walk through the notes of a file. */
struct bzelf_notes {
	const struct bzelf_file *file;
	uint64_t at, end, budget;
	uint32_t segment;
};

/* The rows of one MAPPING note that are still to come. */
struct bzelf_ranges {
	const struct bzelf_file *file;
	uint64_t at;
	uint32_t count, row_size;
};

/* Reads the ELF header; read, context and size have to be set. 0, or one of the errors above. */
int bzelf_open(struct bzelf_file *file);
/* The same for a file in memory, which has to stay there. */
int bzelf_open_memory(struct bzelf_file *file, const void *bytes, size_t size);

/* All of these return 1 when there is one, 0 when there is none (any more), or BZELF_READ_FAILED. */
void bzelf_start_notes(struct bzelf_notes *notes, const struct bzelf_file *file);
int bzelf_next_note(struct bzelf_notes *notes, struct bzelf_note *note);
/* The first note of that type: copies the first size bytes, for struct bzelf_placement, bzelf_subarch and so on. */
int bzelf_find(const struct bzelf_file *file, uint32_t type, void *to, size_t size);
/* The first entry for a protocol (BZELF_PROTOCOL_*) whose mode and argument are known. */
int bzelf_find_entry(const struct bzelf_file *file, uint16_t protocol, struct bzelf_entry *entry);
/* The ranges to map before an entry. */
int bzelf_find_ranges(const struct bzelf_file *file, uint32_t entry_id, struct bzelf_ranges *ranges);
int bzelf_next_range(struct bzelf_ranges *ranges, struct bzelf_mapping_row *row);

#endif

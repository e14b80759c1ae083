/*
 * Runs docs/c/bzelf_read.c on files from stdin, each behind its size (4 bytes), and prints one line for each.
 * argv[1]: "memory", "callback", "list" (the notes, and nothing else), or the number of the first read that fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bzelf_read.h"

static const uint8_t *bytes;
static uint64_t bytes_size, reads, good_reads;

static int read_callback(const void *context, uint64_t offset, void *to, size_t size)
{
	if (context != &bytes || offset > bytes_size || size > bytes_size - offset)
		abort();
	if (reads++ >= good_reads)
		return 1;
	memcpy(to, bytes + offset, size);
	return 0;
}

static void print_ranges(const struct bzelf_file *file, uint32_t entry_id)
{
	struct bzelf_mapping_row row;
	struct bzelf_ranges ranges;
	int found = bzelf_find_ranges(file, entry_id, &ranges);

	if (found < 0)
		printf(" failed");
	if (found <= 0)
		return;
	printf(" mapping");
	while ((found = bzelf_next_range(&ranges, &row)) > 0)
		printf(" %llx+%llx@%llx,%x,%u", (unsigned long long)row.start, (unsigned long long)row.length,
		       (unsigned long long)row.virt_offset, row.flags & 63, row.purpose);
	if (found < 0)
		printf(" failed");
}

static void print_file(const struct bzelf_file *file)
{
	struct bzelf_placement p;
	struct bzelf_subarch s;
	struct bzelf_entry e;
	int found;

	for (uint16_t protocol = BZELF_PROTOCOL_LINUX16; protocol <= BZELF_PROTOCOL_COREBOOT; protocol++) {
		if ((found = bzelf_find_entry(file, protocol, &e)) < 0)
			printf(" failed");
		if (found <= 0)
			continue;
		printf(" entry %u,%u,%u,%u,%x@%llx", protocol, e.id, e.mode, e.argument, e.flags & 1,
		       (unsigned long long)e.address);
		print_ranges(file, e.id);
	}
	if ((found = bzelf_find(file, BZELF_NOTE_PLACEMENT, &p, sizeof(p))) > 0)
		printf(" placement %u,%llx,%llx,%llx,%llx,%llx", p.flags & 1, (unsigned long long)p.alignment,
		       (unsigned long long)p.preferred, (unsigned long long)p.init_size, (unsigned long long)p.lowest,
		       (unsigned long long)p.highest);
	if (found < 0)
		printf(" failed");
	if ((found = bzelf_find(file, BZELF_NOTE_SUBARCH, &s, sizeof(s))) > 0)
		printf(" subarch %u,%llx", s.subarch, (unsigned long long)s.data);
	if (found < 0)
		printf(" failed");
}

static void print_notes(const struct bzelf_file *file)
{
	struct bzelf_notes notes;
	struct bzelf_note note;

	bzelf_start_notes(&notes, file);
	while (bzelf_next_note(&notes, &note) > 0)
		printf(" %u,%u@%llx", note.type, note.size, (unsigned long long)note.at);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "memory";
	uint32_t size;

	while (fread(&size, 1, 4, stdin) == 4) {
		/* Exactly as large as the file, so that the address sanitizer sees every byte read behind it. */
		uint8_t *copy = malloc(size ? size : 1);
		struct bzelf_file file = { read_callback, &bytes, size, 0, 0, 0 };
		int err;

		if (!copy || fread(copy, 1, size, stdin) != size)
			return 1;
		bytes = copy;
		bytes_size = size;
		reads = 0;
		good_reads = *mode < 'a' ? strtoull(mode, NULL, 10) : UINT64_MAX;
		err = strcmp(mode, "memory") ? bzelf_open(&file) : bzelf_open_memory(&file, copy, size);
		printf("%s", err == BZELF_READ_FAILED ? "failed" : err ? "refused" : "accepted");
		if (!err && !strcmp(mode, "list"))
			print_notes(&file);
		else if (!err)
			print_file(&file);
		printf("\n");
		free(copy);
	}
	return 0;
}

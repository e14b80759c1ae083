/* SPDX-License-Identifier: MIT */
#include "bzelf_read.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the structs of bzelf.h are little-endian"
#endif

#define PT_NOTE 4
#define PN_XNUM 0xffff
/* Bounds for crafted files: program headers, and note bytes in relation to the file. No kernel comes near. */
#define MAX_PHNUM 0x20000
#define MAX_COVER 4

static uint64_t number(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | bytes[size];
	return value;
}

static int inside(const struct bzelf_file *file, uint64_t at, uint64_t size)
{
	return at <= file->size && size <= file->size - at;
}

static int get(const struct bzelf_file *file, uint64_t at, void *to, size_t size)
{
	if (!inside(file, at, size))
		return BZELF_BAD_HEADERS;
	return file->read(file->context, at, to, size) ? BZELF_READ_FAILED : 0;
}

/* Offsets in the ELF header, in section header 0 and in program headers are those of the gABI, chapters 4 and 5. */
int bzelf_open(struct bzelf_file *file)
{
	uint8_t h[64], section[64];
	unsigned phdr, shdr;
	uint64_t shoff;
	int err;

	if (file->size < 16)
		return BZELF_NOT_ELF;
	if ((err = get(file, 0, h, 16)))
		return err;
	if (number(h, 4) != 0x464c457f || (h[4] != 1 && h[4] != 2) || h[5] != 1)
		return BZELF_NOT_ELF;
	file->is64 = h[4] == 2;
	phdr = file->is64 ? 56 : 32;
	shdr = file->is64 ? 64 : 40;
	if ((err = get(file, 0, h, file->is64 ? 64 : 52)))
		return err;
	file->phoff = file->is64 ? number(h + 32, 8) : number(h + 28, 4);
	file->phnum = (uint32_t)number(h + (file->is64 ? 56 : 44), 2);
	if (file->phnum == PN_XNUM) { /* the count is in sh_info of section header 0 */
		shoff = file->is64 ? number(h + 40, 8) : number(h + 32, 4);
		if (!shoff || number(h + (file->is64 ? 58 : 46), 2) != shdr)
			return BZELF_BAD_HEADERS;
		if ((err = get(file, shoff, section, shdr)))
			return err;
		file->phnum = (uint32_t)number(section + (file->is64 ? 44 : 28), 4);
	}
	if (!file->phnum)
		return 0;
	if (number(h + (file->is64 ? 54 : 42), 2) != phdr || file->phnum > MAX_PHNUM ||
	    !inside(file, file->phoff, (uint64_t)file->phnum * phdr))
		return BZELF_BAD_HEADERS;
	return 0;
}

static int read_memory(const void *context, uint64_t offset, void *to, size_t size)
{
	const uint8_t *from = (const uint8_t *)context + offset;
	uint8_t *bytes = to;

	while (size--)
		*bytes++ = *from++;
	return 0;
}

int bzelf_open_memory(struct bzelf_file *file, const void *bytes, size_t size)
{
	file->read = read_memory;
	file->context = bytes;
	file->size = size;
	return bzelf_open(file);
}

void bzelf_start_notes(struct bzelf_notes *notes, const struct bzelf_file *file)
{
	notes->file = file;
	notes->at = notes->end = 0;
	notes->budget = file->size > UINT64_MAX / MAX_COVER ? UINT64_MAX : MAX_COVER * file->size;
	notes->segment = 0;
}

/* The next PT_NOTE whose bytes are in the file. */
static int next_segment(struct bzelf_notes *notes)
{
	const struct bzelf_file *file = notes->file;
	unsigned size = file->is64 ? 56 : 32;
	uint64_t offset, filesz;
	uint8_t p[56];
	int err;

	while (notes->segment < file->phnum) {
		if ((err = get(file, file->phoff + (uint64_t)notes->segment++ * size, p, size)))
			return err;
		offset = file->is64 ? number(p + 8, 8) : number(p + 4, 4);
		filesz = file->is64 ? number(p + 32, 8) : number(p + 16, 4);
		if (number(p, 4) != PT_NOTE || !inside(file, offset, filesz))
			continue;
		if (filesz > notes->budget)
			break;
		notes->budget -= filesz;
		notes->at = offset;
		notes->end = offset + filesz;
		return 1;
	}
	notes->segment = file->phnum;
	return 0;
}

int bzelf_next_note(struct bzelf_notes *notes, struct bzelf_note *note)
{
	uint64_t name, desc, next, left;
	static const uint8_t owner[BZELF_OWNER_SIZE] = BZELF_OWNER;
	uint8_t h[12 + sizeof(owner)];
	int err;

	for (;;) {
		while (notes->at == notes->end)
			if ((err = next_segment(notes)) <= 0)
				return err;
		left = notes->end - notes->at;
		if (left < 12) {
			notes->at = notes->end;
			continue;
		}
		if ((err = get(notes->file, notes->at, h, left < sizeof(h) ? 12 : sizeof(h))))
			return err;
		name = number(h, 4);
		note->size = (uint32_t)number(h + 4, 4);
		desc = 12 + ((name + 3) & ~(uint64_t)3);
		if (12 + name > left || (note->size && desc + note->size > left)) {
			notes->at = notes->end; /* damaged: the notes before it stay usable, and so do other segments */
			continue;
		}
		note->type = (uint32_t)number(h + 8, 4);
		note->at = notes->at + desc;
		next = (desc + note->size + 3) & ~(uint64_t)3;
		notes->at = next < left ? notes->at + next : notes->end;
		if (name == sizeof(owner) && number(h + 12, sizeof(owner)) == number(owner, sizeof(owner)))
			return 1;
	}
}

/* The next note of a type that has a known version and all of `size` bytes, which are copied. */
static int next_of(struct bzelf_notes *notes, struct bzelf_note *note, uint32_t type, void *to, size_t size)
{
	int found, err;

	while ((found = bzelf_next_note(notes, note)) > 0) {
		if (note->type != type || note->size < size)
			continue;
		if ((err = get(notes->file, note->at, to, size)))
			return err;
		if (number(to, 2) == BZELF_NOTE_VERSION)
			return 1;
	}
	return found;
}

int bzelf_find(const struct bzelf_file *file, uint32_t type, void *to, size_t size)
{
	struct bzelf_notes notes;
	struct bzelf_note note;

	bzelf_start_notes(&notes, file);
	return next_of(&notes, &note, type, to, size);
}

int bzelf_find_entry(const struct bzelf_file *file, uint16_t protocol, struct bzelf_entry *entry)
{
	struct bzelf_notes notes;
	struct bzelf_note note;
	int found;

	bzelf_start_notes(&notes, file);
	while ((found = next_of(&notes, &note, BZELF_NOTE_ENTRY, entry, sizeof(*entry))) > 0)
		if (entry->protocol == protocol && entry->mode >= BZELF_MODE_REAL16 &&
		    entry->mode <= BZELF_MODE_LONG64 && entry->argument <= BZELF_ARGUMENT_DS)
			break;
	return found;
}

/* Whether all purposes are known: a MAPPING of which a part cannot be obeyed is none. */
static int purposes_known(struct bzelf_ranges ranges)
{
	struct bzelf_mapping_row row;
	int found;

	while ((found = bzelf_next_range(&ranges, &row)) > 0)
		if (row.purpose < BZELF_PURPOSE_IMAGE || row.purpose > BZELF_PURPOSE_PAGE_TABLES)
			return 0;
	return found < 0 ? found : 1;
}

int bzelf_find_ranges(const struct bzelf_file *file, uint32_t entry_id, struct bzelf_ranges *ranges)
{
	struct bzelf_mapping mapping;
	struct bzelf_notes notes;
	struct bzelf_note note;
	int found, known;

	bzelf_start_notes(&notes, file);
	while ((found = next_of(&notes, &note, BZELF_NOTE_MAPPING, &mapping, sizeof(mapping))) > 0) {
		if (mapping.entry_id != entry_id || mapping.row_size < sizeof(struct bzelf_mapping_row) ||
		    mapping.rows + (uint64_t)mapping.count * mapping.row_size > note.size)
			continue;
		ranges->file = file;
		ranges->at = note.at + mapping.rows;
		ranges->count = mapping.count;
		ranges->row_size = mapping.row_size;
		if ((known = purposes_known(*ranges)))
			return known;
	}
	return found;
}

int bzelf_next_range(struct bzelf_ranges *ranges, struct bzelf_mapping_row *row)
{
	int err;

	if (!ranges->count)
		return 0;
	if ((err = get(ranges->file, ranges->at, row, sizeof(*row))))
		return err;
	ranges->at += ranges->row_size;
	ranges->count--;
	return 1;
}

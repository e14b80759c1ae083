/*
 * Executes records on this machine's CPU: one instruction each, in 64-, 32- or 16-bit code of a user process. Everything happens in one
 * signal handler: it writes down what the instruction did, puts the next record into the context it returns to, and int3 behind the
 * instruction (or a fault) brings it back. Layouts: record.ts.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x10000000ul
#define START 0x100
#define WINDOW 0x20000000ul
#define SIZE 4096
#define LDT_BASE (WINDOW - 0x8000)
#define PATTERN 65536
#define FLAT_DATA 0x2b
#define LDT_CODE 0x07
#define LDT_DATA 0x0f

struct patch { uint32_t offset, unused; uint64_t value; };
/* Bit 7 of mode: an FXSAVE image follows the record, and goes before the changes of its result. */
#define WITH_FPU 0x80
#define IMAGE 512
struct record {
  uint8_t mode, length;
  uint16_t seed;
  uint32_t eflags;
  uint8_t code[16];
  uint64_t registers[16];
  struct patch patches[2];
} __attribute__((packed));
struct result {
  uint64_t registers[16];
  uint64_t rip;
  uint32_t eflags, vector, error, changes;
  uint64_t cr2;
} __attribute__((packed));
struct change { uint32_t offset, unused; uint64_t value; };

static uint8_t pattern[PATTERN];
/* The page of the code, which records cannot write to, where we can. */
static uint8_t *code;
static uint8_t before[SIZE];
static struct record record;
static int running;
static uint8_t input[1 << 16], output[1 << 16];
static size_t input_at, input_end, output_end;
/* rAX rCX rDX rBX rSP rBP rSI rDI r8 ... */
static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void flush(void) {
  for (size_t at = 0; at < output_end;) {
    ssize_t done = write(1, output + at, output_end - at);
    if (done <= 0) _exit(3);
    at += done;
  }
  output_end = 0;
}

static void put(const void *bytes, size_t count) {
  if (output_end + count > sizeof output) flush();
  memcpy(output + output_end, bytes, count);
  output_end += count;
}

/* The end of the input is the end of the program. */
static void get(void *bytes, size_t count) {
  for (size_t at = 0; at < count;) {
    if (input_at == input_end) {
      flush();
      ssize_t done = read(0, input, sizeof input);
      if (done <= 0) _exit(0);
      input_at = 0;
      input_end = done;
    }
    size_t part = input_end - input_at < count - at ? input_end - input_at : count - at;
    memcpy((uint8_t *)bytes + at, input + input_at, part);
    input_at += part;
    at += part;
  }
}

static int mode(void) { return record.mode & ~WITH_FPU; }

static void report(const ucontext_t *context) {
  const greg_t *registers = context->uc_mcontext.gregs;
  struct result result = {0};
  for (int i = 0; i < 16; i++) result.registers[i] = registers[order[i]];
  result.rip = registers[REG_RIP];
  result.eflags = registers[REG_EFL];
  result.vector = registers[REG_TRAPNO];
  result.error = registers[REG_ERR];
  result.cr2 = registers[REG_CR2];
  static struct change changes[SIZE / 8];
  for (uint32_t at = 0; at < SIZE; at += 8) {
    uint64_t now = *(volatile uint64_t *)(WINDOW + at);
    if (now != *(uint64_t *)(before + at)) changes[result.changes++] = (struct change){at, 0, now};
  }
  put(&result, sizeof result);
  if (record.mode & WITH_FPU) put(context->uc_mcontext.fpregs, IMAGE);
  put(changes, result.changes * sizeof *changes);
}

static void load(ucontext_t *context) {
  greg_t *registers = context->uc_mcontext.gregs;
  get(&record, sizeof record);
  uint8_t *image = (uint8_t *)context->uc_mcontext.fpregs;
  if (record.mode & WITH_FPU) {
    uint8_t software[48]; /* the kernel's notes on what lies behind the image */
    memcpy(software, image + 464, sizeof software);
    get(image, IMAGE);
    memcpy(image + 464, software, sizeof software);
    *(uint64_t *)(image + IMAGE) |= 3; /* XSTATE_BV: x87 and SSE are not in their initial state */
  } else if (((struct _libc_fpstate *)image)->swd & 0x80) ((struct _libc_fpstate *)image)->swd = 0;
  memcpy(before, pattern + record.seed, SIZE);
  for (int i = 0; i < 2; i++)
    if (record.patches[i].offset <= SIZE - 8) memcpy(before + record.patches[i].offset, &record.patches[i].value, 8);
  memcpy((void *)WINDOW, before, SIZE);
  memset(code + START, 0xcc, 16);
  memcpy(code + START, record.code, record.length);
  for (int i = 0; i < 16; i++) registers[order[i]] = record.registers[i];
  registers[REG_EFL] = record.eflags;
  registers[REG_RIP] = mode() == 2 ? START : CODE + START;
  uint64_t cs = mode() == 0 ? 0x33 : mode() == 1 ? 0x23 : LDT_CODE;
  uint64_t ss = mode() == 2 ? LDT_DATA : FLAT_DATA;
  registers[REG_CSGSFS] = cs | ss << 48;
  context->uc_flags |= 0x6; /* UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
  uint16_t data = ss;
  __asm__ volatile("mov %0, %%ds\n mov %0, %%es" : : "r"(data));
}

static void handler(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ucontext_t *own = context;
  if (running) report(own);
  running = 1;
  load(own);
}

static void *map(uint64_t at, int protection, int file) {
  int kind = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void *got = mmap((void *)at, SIZE, protection, kind | (at ? MAP_FIXED_NOREPLACE : 0), file, 0);
  if (got == MAP_FAILED || (at && got != (void *)at)) { perror("mmap"); exit(2); }
  return got;
}

static void segment(int number, uint64_t base, int contents) {
  struct user_desc descriptor = {.entry_number = number, .base_addr = base, .limit = 0xffff, .contents = contents, .useable = 1};
  if (syscall(SYS_modify_ldt, 0x11, &descriptor, sizeof descriptor)) { perror("modify_ldt"); exit(2); }
}

int main(void) {
  uint32_t state = 12345;
  for (int i = 0; i < PATTERN; i++) pattern[i] = (state = state * 1664525u + 1013904223u) >> 24;
  int file = memfd_create("code", 0);
  if (file < 0 || ftruncate(file, SIZE)) { perror("memfd_create"); return 2; }
  code = memset(map(0, PROT_READ | PROT_WRITE, file), 0xcc, SIZE);
  map(CODE, PROT_READ | PROT_EXEC, file);
  map(WINDOW, PROT_READ | PROT_WRITE, -1);
  segment(0, CODE, MODIFY_LDT_CONTENTS_CODE);
  segment(1, LDT_BASE, MODIFY_LDT_CONTENTS_DATA);
  if (syscall(SYS_arch_prctl, ARCH_SET_GS, WINDOW)) { perror("arch_prctl"); return 2; }
  stack_t stack = {.ss_sp = malloc(1 << 18), .ss_size = 1 << 18};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
  __asm__ volatile("int3");
  return 1;
}

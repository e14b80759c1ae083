// Runs static 32-bit ELF programs on this machine's processor until they stop by a signal (HLT does that in ring 3), and writes the state they
// ended in. A line of standard input is a path; its answer is one `struct answer`. Wants Linux on x86-64 that can run 32-bit programs.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW 0x100000
#define WINDOW_SIZE 0x2000

struct answer {
    uint32_t signal, code, eip, eflags;
    uint32_t registers[8]; // EAX ECX EDX EBX ESP EBP ESI EDI
    struct user_fpregs_struct fxsave;
    uint8_t window[WINDOW_SIZE];
};

static void collect(pid_t child, int signal, struct answer *answer) {
    struct user_regs_struct r;
    siginfo_t info;
    struct iovec to = {answer->window, WINDOW_SIZE}, from = {(void *)WINDOW, WINDOW_SIZE};
    memset(answer, 0, sizeof *answer);
    answer->signal = signal;
    if (ptrace(PTRACE_GETSIGINFO, child, 0, &info) == 0) answer->code = info.si_code;
    ptrace(PTRACE_GETREGS, child, 0, &r);
    ptrace(PTRACE_GETFPREGS, child, 0, &answer->fxsave);
    process_vm_readv(child, &to, 1, &from, 1, 0);
    answer->eip = r.rip;
    answer->eflags = r.eflags;
    uint32_t registers[8] = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi};
    memcpy(answer->registers, registers, sizeof registers);
}

static int run(const char *path, struct answer *answer) {
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        personality(ADDR_NO_RANDOMIZE);
        execl(path, path, (char *)0);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return -1; // execl failed
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    alarm(10); // ends this program too; the other side tells
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return -1;
    alarm(0);
    collect(child, WSTOPSIG(status), answer);
    ptrace(PTRACE_KILL, child, 0, 0);
    waitpid(child, &status, 0);
    return 0;
}

int main(void) {
    static struct answer answer;
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = 0;
        if (run(path, &answer) != 0) memset(&answer, 0, sizeof answer);
        fwrite(&answer, sizeof answer, 1, stdout);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

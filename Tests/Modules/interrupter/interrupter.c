// Runs a program under ptrace and lets one thing go wrong at one system call of it: the process is killed there, or the call fails as on
// a disk that is full. Between two calls a process changes nothing outside of itself, so "before call N", for every N that changes
// something, is every instruction at which it can be killed.
//
//   interrupter [--class NAME=PATH]... [--log FILE] [--at CLASS:N] [--do ACTION] -- PROGRAM [ARGUMENT]...
//
// Only calls that can change something outside of the process are counted: what opens for writing, writes, syncs, moves, removes, and what
// goes to a socket. Each belongs to a class: that of the longest PATH that its file is under, `net` for sockets, `other` for other files;
// pipes, terminals and the like are not counted. CLASS:N is the N-th call of a class (the first is 1), over all threads of the program and
// none of the programs that it starts; class `any` counts all.
//
//   kill       the process is killed, the call is not made        kill-after  the call is made, then the process is killed
//   tear       half of what is written is written, then the process is killed (calls that do not write: as kill-after)
//   ERROR      ENOSPC, EIO, EROFS, EDQUOT or EACCES: the call is not made and fails with it
//   ERROR+     so do all later ones of the class that such a disk refuses
//
// --log writes a line for each counted call: CLASS:N NAME BYTES PATH. The exit code is the program's, or 128 plus the signal.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAXIMUM_CLASSES = 16, PATH_SIZE = 4096 };

// What a call names its file by.
typedef enum { BY_DESCRIPTOR, BY_PATH, BY_FOLDER_AND_PATH } Naming;

typedef struct {
  long number;
  const char *name;
  Naming naming;
  int size;      // which argument says how much is written; -1 for none
  bool spares;   // succeeds on a full disk: takes no room
} Call;

#define CALL(name, ...) {SYS_##name, #name, __VA_ARGS__}
static const Call calls[] = {
#ifdef SYS_open
  CALL(open, BY_PATH, -1, false), CALL(creat, BY_PATH, -1, false), CALL(rename, BY_PATH, -1, false), CALL(unlink, BY_PATH, -1, true),
  CALL(mkdir, BY_PATH, -1, false), CALL(rmdir, BY_PATH, -1, true), CALL(link, BY_PATH, -1, false), CALL(symlink, BY_PATH, -1, false),
  CALL(chmod, BY_PATH, -1, true),
#endif
  CALL(openat, BY_FOLDER_AND_PATH, -1, false), CALL(renameat, BY_FOLDER_AND_PATH, -1, false),
  CALL(renameat2, BY_FOLDER_AND_PATH, -1, false), CALL(unlinkat, BY_FOLDER_AND_PATH, -1, true),
  CALL(mkdirat, BY_FOLDER_AND_PATH, -1, false), CALL(fchmodat, BY_FOLDER_AND_PATH, -1, true),
  CALL(fchownat, BY_FOLDER_AND_PATH, -1, true), CALL(linkat, BY_FOLDER_AND_PATH, -1, false),
  CALL(truncate, BY_PATH, -1, true), CALL(write, BY_DESCRIPTOR, 2, false), CALL(pwrite64, BY_DESCRIPTOR, 2, false),
  CALL(writev, BY_DESCRIPTOR, -1, false), CALL(pwritev, BY_DESCRIPTOR, -1, false), CALL(ftruncate, BY_DESCRIPTOR, -1, true),
  CALL(fallocate, BY_DESCRIPTOR, -1, false), CALL(fsync, BY_DESCRIPTOR, -1, false), CALL(fdatasync, BY_DESCRIPTOR, -1, false),
  CALL(fchmod, BY_DESCRIPTOR, -1, true), CALL(fchown, BY_DESCRIPTOR, -1, true), CALL(connect, BY_DESCRIPTOR, -1, true),
  CALL(sendto, BY_DESCRIPTOR, 2, true), CALL(sendmsg, BY_DESCRIPTOR, -1, true),
};
enum { CALL_COUNT = sizeof calls / sizeof *calls };

typedef struct {
  const char *name, *path;
  unsigned long count;
} Class;

static Class classes[MAXIMUM_CLASSES] = {{"any", NULL, 0}, {"net", NULL, 0}, {"other", NULL, 0}};
static int classCount = 3;
static const char *wantedClass = "any";
static unsigned long wantedNumber;
static enum { KILL, KILL_AFTER, TEAR, FAIL } action;
static int errorNumber;
static bool isForGood, hasHappened;
static FILE *logFile;
static pid_t traced, endingThread;

static void die(const char *what) {
  fprintf(stderr, "interrupter: %s: %s\n", what, strerror(errno));
  if (traced) kill(traced, SIGKILL);
  exit(125);
}

// ---- registers ----

#if defined(__x86_64__)
static void poke(pid_t thread, size_t offset, unsigned long value) {
  if (ptrace(PTRACE_POKEUSER, thread, offset, value) != 0) die("registers");
}
static void skipCall(pid_t thread, long result) {
  poke(thread, offsetof(struct user_regs_struct, orig_rax), (unsigned long)-1);
  poke(thread, offsetof(struct user_regs_struct, rax), (unsigned long)result);
}
static void setThirdArgument(pid_t thread, unsigned long value) { poke(thread, offsetof(struct user_regs_struct, rdx), value); }
#elif defined(__aarch64__)
#include <elf.h>
static void setRegister(pid_t thread, int index, unsigned long value) {
  struct user_regs_struct registers;
  struct iovec vector = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &vector) != 0) die("registers");
  registers.regs[index] = value;
  if (ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &vector) != 0) die("registers");
}
static void skipCall(pid_t thread, long result) {
  int none = -1;
  struct iovec vector = {&none, sizeof none};
  if (ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &vector) != 0) die("registers");
  setRegister(thread, 0, (unsigned long)result);
}
static void setThirdArgument(pid_t thread, unsigned long value) { setRegister(thread, 2, value); }
#else
#error "the registers of this processor are not known here"
#endif

// ---- where a call goes ----

static void readText(pid_t thread, unsigned long address, char *text) {
  size_t length = 0;
  while (length < PATH_SIZE - 1) {
    // Up to the end of a page, since the next one may not be there.
    size_t part = 4096 - (address + length) % 4096;
    if (part > PATH_SIZE - 1 - length) part = PATH_SIZE - 1 - length;
    struct iovec to = {text + length, part}, from = {(void *)(address + length), part};
    ssize_t count = process_vm_readv(thread, &to, 1, &from, 1, 0);
    if (count <= 0) break;
    char *end = memchr(text + length, 0, (size_t)count);
    if (end) return;
    length += (size_t)count;
  }
  text[length] = 0;
}

static void readLink(const char *link, char *text) {
  ssize_t length = readlink(link, text, PATH_SIZE - 1);
  text[length < 0 ? 0 : length] = 0;
}

static void describe(pid_t thread, const Call *call, const __uint64_t *arguments, char *path) {
  char link[64];
  if (call->naming == BY_DESCRIPTOR) {
    snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)arguments[0]);
    readLink(link, path);
    return;
  }
  bool hasFolder = call->naming == BY_FOLDER_AND_PATH;
  char name[PATH_SIZE], folder[PATH_SIZE];
  readText(thread, arguments[hasFolder ? 1 : 0], name);
  folder[0] = 0;
  if (name[0] != '/') {
    if (hasFolder && (int)arguments[0] != AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/fd/%d", thread, (int)arguments[0]);
    else snprintf(link, sizeof link, "/proc/%d/cwd", thread);
    readLink(link, folder);
  }
  const char *plain = name[0] == '.' && name[1] == '/' ? name + 2 : name;
  if (snprintf(path, PATH_SIZE, "%s%s%s", folder, *folder ? "/" : "", plain) >= PATH_SIZE) path[0] = 0;
}

// The class of a path, or NULL when calls there change nothing that stays.
static Class *classify(const char *path) {
  if (strncmp(path, "socket:", 7) == 0) return &classes[1];
  if (path[0] != '/' || strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/memfd:", 7) == 0) return NULL;
  Class *found = &classes[2];
  size_t longest = 0;
  for (int i = 3; i < classCount; i++) {
    size_t length = strlen(classes[i].path);
    if (length > longest && strncmp(path, classes[i].path, length) == 0) {
      found = &classes[i];
      longest = length;
    }
  }
  return found;
}

// ---- the calls ----

// Whether it is the wanted one, and what was done means that the thread must be stopped again when the call is over.
static bool meet(pid_t thread) {
  struct __ptrace_syscall_info information;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof information, &information) <= 0) return false;
  long number = (long)information.seccomp.nr;
  const __uint64_t *arguments = information.seccomp.args;
  if (number == SYS_prctl) {
    // A program that keeps others from looking into it would also keep this one from seeing which files its calls name.
    if (arguments[0] == PR_SET_DUMPABLE) skipCall(thread, 0);
    return false;
  }
  const Call *call = NULL;
  for (int i = 0; i < CALL_COUNT && !call; i++) {
    if (calls[i].number == number) call = &calls[i];
  }
  if (!call) return false;
  char path[PATH_SIZE];
  describe(thread, call, arguments, path);
  Class *class = classify(path);
  if (!class) return false;
  class->count++;
  classes[0].count++;
  unsigned long bytes = call->size < 0 ? 0 : (unsigned long)arguments[call->size];
  if (logFile) fprintf(logFile, "%s:%lu %s %lu %s\n", class->name, class->count, call->name, bytes, path);
  bool isWanted = strcmp(wantedClass, "any") == 0 ? classes[0].count == wantedNumber
    : class->count == wantedNumber && strcmp(class->name, wantedClass) == 0;
  if (hasHappened && action == FAIL && isForGood && class != &classes[1] &&
      (strcmp(wantedClass, "any") == 0 || strcmp(class->name, wantedClass) == 0)) {
    isWanted = !(call->spares && (errorNumber == ENOSPC || errorNumber == EDQUOT));
  }
  if (!isWanted) return false;
  hasHappened = true;
  if (logFile) {
    fprintf(logFile, "! %s:%lu %s\n", class->name, class->count, call->name);
    fflush(logFile);
  }
  if (action == FAIL) {
    skipCall(thread, -errorNumber);
    return false;
  }
  if (action == KILL) {
    kill(traced, SIGKILL);
    return false;
  }
  if (action == TEAR && bytes > 1) setThirdArgument(thread, bytes / 2);
  endingThread = thread;
  return true;
}

static void installFilter(void) {
  struct sock_filter program[CALL_COUNT * 2 + 16];
  unsigned short length = 0;
#define ADD(...) program[length++] = (struct sock_filter)__VA_ARGS__
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  for (int i = 0; i < CALL_COUNT; i++) {
    if (calls[i].number == SYS_openat) continue;
#ifdef SYS_open
    if (calls[i].number == SYS_open) continue;
#endif
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)calls[i].number, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  }
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1));
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  // Of what opens, only what opens for more than reading.
  const unsigned int writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  const struct { long number; int flags; } opening[] = {
#ifdef SYS_open
    {SYS_open, 1},
#endif
    {SYS_openat, 2},
  };
  for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)opening[i].number, 0, 3));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + (size_t)opening[i].flags * 8));
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writing, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  }
  ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  struct sock_fprog filter = {length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) die("filter");
}

// ---- the run ----

static bool isThreadOf(pid_t thread, pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task/%d", process, thread);
  return access(path, F_OK) == 0;
}

static int follow(void) {
  int result = 0;
  for (;;) {
    int status;
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) {
      if (errno == EINTR) continue;
      if (errno == ECHILD) return result;
      die("wait");
    }
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (thread == traced) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    int event = status >> 16, signal = 0;
    bool stopsAgain = false;
    if (event == PTRACE_EVENT_SECCOMP) stopsAgain = isThreadOf(thread, traced) && meet(thread);
    else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      if (thread == endingThread) kill(traced, SIGKILL);
    } else if (!event && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) signal = WSTOPSIG(status);
    // It may have been killed meanwhile.
    if (ptrace(stopsAgain ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal) != 0 && errno != ESRCH) die("continue");
  }
}

static bool parseAction(const char *text) {
  static const struct { const char *name; int number; } errors[] = {
    {"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EROFS", EROFS}, {"EDQUOT", EDQUOT}, {"EACCES", EACCES},
  };
  if (strcmp(text, "kill") == 0) action = KILL;
  else if (strcmp(text, "kill-after") == 0) action = KILL_AFTER;
  else if (strcmp(text, "tear") == 0) action = TEAR;
  else {
    size_t length = strcspn(text, "+");
    isForGood = text[length] == '+';
    action = FAIL;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
      if (strlen(errors[i].name) == length && strncmp(text, errors[i].name, length) == 0) errorNumber = errors[i].number;
    }
    return errorNumber != 0;
  }
  return true;
}

static bool parseOption(const char *name, char *value) {
  char *mark;
  if (strcmp(name, "--log") == 0) return (logFile = fopen(value, "we")) != NULL;
  if (strcmp(name, "--do") == 0) return parseAction(value);
  if (strcmp(name, "--class") == 0) {
    if (classCount == MAXIMUM_CLASSES || !(mark = strchr(value, '='))) return false;
    *mark = 0;
    classes[classCount++] = (Class){value, mark + 1, 0};
    return true;
  }
  if (strcmp(name, "--at") == 0) {
    if (!(mark = strchr(value, ':'))) return false;
    *mark = 0;
    wantedClass = value;
    wantedNumber = strtoul(mark + 1, NULL, 10);
    return wantedNumber > 0;
  }
  return false;
}

int main(int count, char **arguments) {
  int next = 1;
  while (next + 1 < count && strcmp(arguments[next], "--") != 0) {
    if (!parseOption(arguments[next], arguments[next + 1])) {
      fprintf(stderr, "interrupter: %s %s\n", arguments[next], arguments[next + 1]);
      return 125;
    }
    next += 2;
  }
  if (++next >= count) return 125;
  traced = fork();
  if (traced == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) die("trace");
    raise(SIGSTOP);
    installFilter();
    execvp(arguments[next], arguments + next);
    die(arguments[next]);
  }
  int status;
  if (traced < 0 || waitpid(traced, &status, 0) != traced || !WIFSTOPPED(status)) die("start");
  const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, traced, 0, options) != 0 || ptrace(PTRACE_CONT, traced, 0, 0) != 0) die("trace");
  int result = follow();
  if (logFile) fclose(logFile);
  return result;
}

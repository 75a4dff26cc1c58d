// Where the module stands, its lock, its clock and its log.

#include "fault.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

const char *const functionNames[FUNCTION_COUNT] = {
#define FUNCTION_NAME(kind, name, parameters, arguments) #name,
  FUNCTIONS_2_40(FUNCTION_NAME) FUNCTIONS_3_0(FUNCTION_NAME)
#undef FUNCTION_NAME
};

static pthread_mutex_t stateMutex = PTHREAD_MUTEX_INITIALIZER;

void lockState(void) { pthread_mutex_lock(&stateMutex); }
void unlockState(void) { pthread_mutex_unlock(&stateMutex); }

// A child must not inherit a lock that a thread held which it does not have.
static void unlockInChild(void) {
  static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
  memcpy(&stateMutex, &fresh, sizeof fresh);
}

static char modulePath[MAXIMUM_TEXT * 8];
static int logFile = -1;

static int openLog(const char *suffix) {
  char path[sizeof modulePath + 32];
  return open(besideModule(path, sizeof path, suffix), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

__attribute__((constructor)) static void findModule(void) {
  Dl_info information;
  if (dladdr(&stateMutex, &information) && information.dli_fname) {
    snprintf(modulePath, sizeof modulePath, "%s", information.dli_fname);
  }
  logFile = openLog(".log");
  pthread_atfork(lockState, unlockState, unlockInChild);
}

const char *besideModule(char *buffer, size_t size, const char *suffix) {
  snprintf(buffer, size, "%s%s", modulePath, suffix);
  return buffer;
}

uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// A line is written at once, so that lines of several threads and processes do not mix.
static void writeLine(int file, const char *line, int length) {
  if (file < 0 || length <= 0) return;
  ssize_t written = write(file, line, (size_t)length);
  (void)written;
}

void logEvent(const char *format, ...) {
  char line[512] = "! ";
  va_list arguments;
  va_start(arguments, format);
  int length = 2 + vsnprintf(line + 2, sizeof line - 3, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  writeLine(logFile, line, length);
}

void logCall(int function, CK_RV answer, uint64_t start, uint64_t end) {
  if (!script()->log) return;
  char line[160];
  int length = snprintf(
    line, sizeof line, "%s 0x%lx %d %ld %llu %llu\n", functionNames[function], answer, (int)getpid(), (long)syscall(SYS_gettid),
    (unsigned long long)start, (unsigned long long)(end - start));
  writeLine(logFile, line, length);
}

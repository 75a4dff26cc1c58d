// Loaded before a program (LD_PRELOAD), lets its wall clock be wrong by SHIFTED_CLOCK seconds, forwards or back. What measures spans, the
// monotonic clock, is left alone.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))

static time_t shift(void) {
  const char *text = getenv("SHIFTED_CLOCK");
  return text ? (time_t)atoll(text) : 0;
}

VISIBLE int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += shift();
  return result;
}

VISIBLE int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  int result = (int)syscall(SYS_gettimeofday, time, zone);
  if (result == 0) time->tv_sec += shift();
  return result;
}

VISIBLE time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result) *result = now.tv_sec;
  return now.tv_sec;
}

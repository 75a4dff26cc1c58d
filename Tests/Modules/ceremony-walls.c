// What the two walls of ceremonies leave behind in memory: a secret goes through libgfshare and libqrencode, and is then looked for in all
// writable memory of this process. Prints how often it is there, first for a block that was freed as it was, as a control.
#include "CQRCode.h"
#include "CSecretSharing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 100, FIRST = 32, COUNT = 32, THRESHOLD = 3, SHARES = 5 };

// The secret is nowhere as such: each octet is worked out when it is needed. Small letters: libqrencode keeps them as they are.
static uint8_t octet(size_t i) { return (uint8_t) "abcdefghijklmnopqrstuvwxyz{|}~_="[((i + 77) * 2654435761u >> 7) & 31]; }

static void write_secret(uint8_t *out) {
  for (size_t i = 0; i < SIZE; i++) out[i] = octet(i);
}

#ifndef __SANITIZE_ADDRESS__  // A sanitizer's own memory has terabytes.
// Its middle (the first octets of a freed block are the allocator's), as it is and with an octet for each bit, as libqrencode has it.
static int is_there(const volatile uint8_t *p, const volatile uint8_t *end) {
  size_t i = 0;
  if (p + COUNT > end) return 0;
  while (i < COUNT && p[i] == octet(FIRST + i)) i++;
  if (i == COUNT) return 1;
  if (p + COUNT * 8 > end) return 0;
  for (i = 0; i < COUNT * 8 && p[i] == (octet(FIRST + i / 8) >> (7 - i % 8) & 1);) i++;
  return i == COUNT * 8;
}

static int count_in_memory(void) {
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (maps == NULL) abort();
  char line[512];
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char mode[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 || strncmp(mode, "rw", 2) != 0) continue;
    for (const volatile uint8_t *p = (uint8_t *)start; p < (uint8_t *)end; p++) found += is_there(p, (uint8_t *)end);
  }
  fclose(maps);
  return found;
}
#else
static int count_in_memory(void) { return 0; }
#endif

static void share(void) {
  uint8_t secret[SIZE], shares[SHARES * SIZE], numbers[SHARES], again[SIZE];
  for (int i = 0; i < SHARES; i++) numbers[i] = (uint8_t)(i + 1);
  write_secret(secret);
  if (hsmkey_shares_split(secret, SIZE, THRESHOLD, numbers, SHARES, shares) != HSMKEY_SHARES_OK) abort();
  if (hsmkey_shares_combine(numbers + 1, THRESHOLD, shares + SIZE, SIZE, again) != HSMKEY_SHARES_OK) abort();
  if (memcmp(secret, again, SIZE) != 0) abort();
  explicit_bzero(secret, SIZE);
  explicit_bzero(again, SIZE);
}

static void encode(void) {
  uint8_t secret[SIZE], *modules;
  size_t width;
  write_secret(secret);
  if (hsmkey_qr_encode(secret, SIZE, &modules, &width) != HSMKEY_QR_OK) abort();
  explicit_bzero(secret, SIZE);
  hsmkey_qr_free(modules, width);
}

static void refuse(void) {
  uint8_t secret[2] = {1, 2}, out[512], *modules;
  size_t width;
  const uint8_t twice[2] = {1, 1}, zero[2] = {0, 1}, good[2] = {1, 2};
  if (hsmkey_shares_split(secret, 2, 2, twice, 2, out) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_shares_split(secret, 2, 2, zero, 2, out) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_shares_split(secret, 2, 1, good, 2, out) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_shares_split(secret, 2, 3, good, 2, out) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_shares_split(secret, 0, 2, good, 2, out) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_shares_combine(good, 1, out, 2, secret) != HSMKEY_SHARES_ARGUMENTS) abort();
  if (hsmkey_qr_encode(secret, 0, &modules, &width) != HSMKEY_QR_TEXT || modules != NULL) abort();
  if (hsmkey_qr_encode(out, 1025, &modules, &width) != HSMKEY_QR_TEXT) abort();
  if (hsmkey_qr_encode((const uint8_t *)"a\0b", 3, &modules, &width) != HSMKEY_QR_TEXT) abort();
}

int main(void) {
  refuse();
  for (int i = 0; i < 20; i++) {
    share();
    encode();
  }
  printf("left %d\n", count_in_memory());
  uint8_t *block = malloc(SIZE);
  write_secret(block);
  free(block);
  printf("control %d\n", count_in_memory());
  return 0;
}

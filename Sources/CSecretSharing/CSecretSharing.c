#include "CSecretSharing.h"

#include <libgfshare.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MAXIMUM_SIZE = 1 << 16 };

// libgfshare asks for coefficients by this, and overwrites with it what it frees. It cannot be told of a failure.
static void fill_with_random(unsigned char *buffer, unsigned int count) {
  while (count > 0) {
    ssize_t got = getrandom(buffer, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) abort();
    buffer += got;
    count -= (unsigned int)got;
  }
}

static void set_random(void) { gfshare_fill_rand = fill_with_random; }

static void prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (pthread_once(&once, set_random) != 0) abort();
}

static int are_places(const uint8_t *numbers, size_t count) {
  uint8_t seen[256] = {0};
  if (count == 0 || count > 255) return 0;
  for (size_t i = 0; i < count; i++) {
    if (numbers[i] == 0 || seen[numbers[i]]) return 0;
    seen[numbers[i]] = 1;
  }
  return 1;
}

int hsmkey_shares_split(
  const uint8_t *secret, size_t size, uint8_t threshold, const uint8_t *numbers, size_t count, uint8_t *out) {
  if (size == 0 || size > MAXIMUM_SIZE || !are_places(numbers, count) || threshold < 2 || threshold > count) {
    return HSMKEY_SHARES_ARGUMENTS;
  }
  prepare();
  // libgfshare takes what it only reads as `unsigned char *`; the secret stays where it is.
  unsigned char places[255];
  memcpy(places, numbers, count);
  gfshare_ctx *context = gfshare_ctx_init_enc(places, (unsigned int)count, threshold, (unsigned int)size);
  if (context == NULL) return HSMKEY_SHARES_OUT_OF_MEMORY;
  gfshare_ctx_enc_setsecret(context, (unsigned char *)secret);
  for (size_t i = 0; i < count; i++) gfshare_ctx_enc_getshare(context, (unsigned char)i, out + i * size);
  gfshare_ctx_free(context);
  return HSMKEY_SHARES_OK;
}

int hsmkey_shares_combine(const uint8_t *numbers, size_t count, const uint8_t *shares, size_t size, uint8_t *secret) {
  if (size == 0 || size > MAXIMUM_SIZE || !are_places(numbers, count) || count < 2) return HSMKEY_SHARES_ARGUMENTS;
  prepare();
  unsigned char places[255];
  memcpy(places, numbers, count);
  gfshare_ctx *context = gfshare_ctx_init_dec(places, (unsigned int)count, (unsigned int)size);
  if (context == NULL) return HSMKEY_SHARES_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) gfshare_ctx_dec_giveshare(context, (unsigned char)i, (unsigned char *)shares + i * size);
  gfshare_ctx_dec_extract(context, secret);
  gfshare_ctx_free(context);
  return HSMKEY_SHARES_OK;
}

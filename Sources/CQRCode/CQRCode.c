#define _GNU_SOURCE
#include "CQRCode.h"

#include <qrencode.h>

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_TEXT = 1024 };

// MARK: What libqrencode leaves behind

// libqrencode frees its copies of the text, also those with an octet for each bit, as they are. glibc overwrites what is freed when it is
// told to (M_PERTURB), but for the last few blocks of each small size, which it keeps at hand for the thread that freed them: at most 7 of
// each, of at most 1032 octets. This takes those out and overwrites them too. Tests/Modules/ceremony-walls.c looks for what is left.
enum { KEPT_OF_A_SIZE = 7, LARGEST_KEPT = 1032, STEP = 16 };

static void overwrite_what_is_at_hand(void) {
  void *blocks[KEPT_OF_A_SIZE];
  for (size_t size = 24; size <= LARGEST_KEPT; size += STEP) {
    for (int i = 0; i < KEPT_OF_A_SIZE; i++) {
      blocks[i] = malloc(size);
      if (blocks[i] != NULL) explicit_bzero(blocks[i], malloc_usable_size(blocks[i]));
    }
    for (int i = 0; i < KEPT_OF_A_SIZE; i++) free(blocks[i]);
  }
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static QRcode *encode_and_overwrite(const char *text) {
  if (pthread_mutex_lock(&one_at_a_time) != 0) abort();
  mallopt(M_PERTURB, 0x55);
  // Not "8 bit" alone: capitals and digits take 5.5 bits each, and libqrencode finds out where.
  QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
  overwrite_what_is_at_hand();
  mallopt(M_PERTURB, 0);
  pthread_mutex_unlock(&one_at_a_time);
  return code;
}

// MARK: Encoding

int hsmkey_qr_encode(const uint8_t *text, size_t count, uint8_t **modules, size_t *width) {
  *modules = NULL;
  *width = 0;
  if (count == 0 || count > MAXIMUM_TEXT || memchr(text, 0, count) != NULL) return HSMKEY_QR_TEXT;
  char terminated[MAXIMUM_TEXT + 1];
  memcpy(terminated, text, count);
  terminated[count] = 0;
  QRcode *code = encode_and_overwrite(terminated);
  explicit_bzero(terminated, sizeof terminated);
  if (code == NULL) return HSMKEY_QR_OUT_OF_MEMORY;
  size_t size = (size_t)code->width * (size_t)code->width;
  uint8_t *copy = malloc(size);
  if (copy != NULL) {
    // The lowest bit is the colour; the others tell what a module is for.
    for (size_t i = 0; i < size; i++) copy[i] = code->data[i] & 1;
    *modules = copy;
    *width = (size_t)code->width;
  }
  explicit_bzero(code->data, size);
  QRcode_free(code);
  return copy != NULL ? HSMKEY_QR_OK : HSMKEY_QR_OUT_OF_MEMORY;
}

void hsmkey_qr_free(uint8_t *modules, size_t width) {
  if (modules == NULL) return;
  explicit_bzero(modules, width * width);
  free(modules);
}

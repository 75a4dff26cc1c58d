#define _DEFAULT_SOURCE
#include "CTransport.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// An allocator that leaves nothing behind: the body of a request passes through buffers of libcurl, which it frees as they are.

static void wiping_free(void *block) {
  if (block) explicit_bzero(block, malloc_usable_size(block));
  free(block);
}

static void *wiping_realloc(void *block, size_t size) {
  if (!block) return malloc(size);
  size_t had = malloc_usable_size(block);
  if (size <= had && size > 0) return block;
  void *grown = malloc(size);
  if (!grown) return NULL;
  memcpy(grown, block, had < size ? had : size);
  wiping_free(block);
  return grown;
}

CURLcode transport_initialize(void) {
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup, calloc);
}

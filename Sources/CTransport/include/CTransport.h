/// What Swift cannot call in libcurl by itself: variadic functions, one typed line each. The library's start with an allocator that wipes.
/// And what OpenSSL is told about a client that has a certificate.
#ifndef CTransport_H
#define CTransport_H

#include "CTransportIdentity.h"

#include <curl/curl.h>

/// Starts libcurl for this process; every block of memory that it gives back is wiped first, because requests may carry a password.
/// Call it once, before anything else. See curl_global_init_mem(3).
CURLcode transport_initialize(void);

// curl_easy_setopt(3), by the type of the value
static inline CURLcode transport_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode transport_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode transport_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode transport_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode transport_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode transport_set_read(CURL *handle, curl_read_callback function) {
  return curl_easy_setopt(handle, CURLOPT_READFUNCTION, function);
}
static inline CURLcode transport_set_write(CURL *handle, CURLoption option, curl_write_callback function) {
  return curl_easy_setopt(handle, option, function);
}
static inline CURLcode transport_set_prerequest(CURL *handle, curl_prereq_callback function) {
  return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLcode transport_set_ssl_context(CURL *handle, curl_ssl_ctx_callback function) {
  return curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, function);
}

// curl_easy_getinfo(3), by the type of the value
static inline CURLcode transport_get_long(CURL *handle, CURLINFO information, long *value) {
  return curl_easy_getinfo(handle, information, value);
}
static inline CURLcode transport_get_string(CURL *handle, CURLINFO information, const char **value) {
  return curl_easy_getinfo(handle, information, value);
}

#endif

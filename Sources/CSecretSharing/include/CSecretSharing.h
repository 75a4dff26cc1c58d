#ifndef CSECRETSHARING_H
#define CSECRETSHARING_H

// What this project asks of libgfshare: shares of a secret, and the secret from shares (Shamir 1979, octet by octet over GF(2^8) with the
// polynomial 0x11d). No type of libgfshare appears here.
//
// Its random numbers are getrandom(2)'s. Where the system has none, the process ends: a share that can be guessed must not be.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Why there is nothing. Zero is success.
enum {
  HSMKEY_SHARES_OK = 0,
  /// A number of shares, a threshold, a size or a share's number that cannot be, or a number that is there twice.
  HSMKEY_SHARES_ARGUMENTS = 1,
  HSMKEY_SHARES_OUT_OF_MEMORY = 2,
};

/// Writes `count` shares of `size` octets each, one after another, to `out`.
///
/// `numbers` are the shares' places, 1 to 255, each once. `threshold` of them, 2 to `count`, give the secret; fewer tell nothing of it.
int hsmkey_shares_split(
  const uint8_t *secret, size_t size, uint8_t threshold, const uint8_t *numbers, size_t count, uint8_t *out);

/// Writes what `count` shares of `size` octets each give to `secret`. That it is the secret is for the caller to check.
int hsmkey_shares_combine(const uint8_t *numbers, size_t count, const uint8_t *shares, size_t size, uint8_t *secret);

#ifdef __cplusplus
}
#endif

#endif

#ifndef CQRCODE_H
#define CQRCODE_H

// What this project asks of libqrencode: the modules of one QR code (ISO/IEC 18004). No type of libqrencode appears here.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Why there is nothing. Zero is success.
enum {
  HSMKEY_QR_OK = 0,
  /// Nothing, a zero octet, or more than 1024 octets.
  HSMKEY_QR_TEXT = 1,
  HSMKEY_QR_OUT_OF_MEMORY = 2,
};

/// The QR code of a text, at the error correction level M (15 % of it may be spoilt), in the smallest version that holds it.
///
/// `*modules` are `*width` lines of `*width` octets, 1 for dark and 0 for light, without the quiet zone; freed with `hsmkey_qr_free`.
/// What libqrencode had of the text in memory is overwritten: the text may be a secret.
int hsmkey_qr_encode(const uint8_t *text, size_t count, uint8_t **modules, size_t *width);
void hsmkey_qr_free(uint8_t *modules, size_t width);

#ifdef __cplusplus
}
#endif

#endif

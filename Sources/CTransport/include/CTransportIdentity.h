/// Who a TLS client is: a certificate, and a private key that is elsewhere and is asked to sign.
///
/// The key is an object of a small OpenSSL provider of our own, which lives in a library context of its own and offers nothing but signing.
/// OpenSSL tells it the padding, the digest and the whole message, so that a token signs with its own mechanisms: nobody ever needs RSA
/// without padding. What stands in no `openssl.cnf`, and in no other library context, cannot come in its way.
#ifndef CTransportIdentity_H
#define CTransportIdentity_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How the signature is padded.
typedef enum {
  transport_pkcs1 = 1,
  /// MGF1 with the same digest, and a salt as long as the digest.
  transport_pss = 2,
  transport_ecdsa = 3,
} transport_padding;

/// What is to be signed.
typedef struct {
  transport_padding padding;
  /// Length of the digest in bits: 256, 384 or 512 (SHA-2).
  uint32_t digest_bits;
  /// The message itself, not its digest.
  const uint8_t *message;
  size_t message_count;
} transport_signing_request;

/// What a TLS connection is told to, and what it tells. Every function is called on the thread that performs the transfer, with `context`,
/// which must live as long as the SSL_CTX that it was installed in.
typedef struct {
  void *context;
  /// Signs: writes at most `capacity` bytes and their number; false when there is no signature. May block.
  bool (*sign)(void *context, const transport_signing_request *request, uint8_t *signature, size_t capacity, size_t *count);
  /// The server asks for a certificate.
  void (*asked)(void *context);
  /// A handshake is done, on our side at least: "TLSv1.3", "TLS_AES_256_GCM_SHA384".
  void (*connected)(void *context, const char *version, const char *suite);
  /// The server sent an alert (RFC 8446, section 6): its number, and its name.
  void (*alerted)(void *context, int number, const char *name);
} transport_identity;

/// Makes an SSL_CTX tell of its connections.
/// Gives false, and why in `words`, where OpenSSL refused.
bool transport_observe(void *ssl_context, const transport_identity *identity, char *words, size_t capacity);

/// Makes an SSL_CTX present a certificate, whose key signs by the identity's function, and send exactly these certificates.
///
/// certificates: DER, the client's own first. schemes: the names (RFC 8446, section 4.2.3) of how the key signs, separated by colons.
/// Gives false, and why in `words`, where OpenSSL refused.
bool transport_present(
    void *ssl_context, const transport_identity *identity, const uint8_t *const *certificates, const size_t *counts, size_t count,
    const char *schemes, char *words, size_t capacity);

#endif

// What libcurl's SSL_CTX is told before a connection is made (CURLOPT_SSL_CTX_FUNCTION(3)).

#include "CTransportIdentity.h"

#include "CTransportKey.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// MARK: - What a connection tells

/// Where an SSL_CTX keeps its identity.
static int identity_index = -1;
static pthread_once_t identity_index_once = PTHREAD_ONCE_INIT;

static void make_identity_index(void) { identity_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL); }

/// SSL_CTX_set_info_callback(3)
static void tell(const SSL *connection, int where, int value) {
  const transport_identity *identity = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), identity_index);
  if (!identity) return;
  if (where & SSL_CB_HANDSHAKE_DONE) {
    identity->connected(identity->context, SSL_get_version(connection), SSL_get_cipher_name(connection));
  } else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (value & 0xff) != SSL_AD_CLOSE_NOTIFY) {
    identity->alerted(identity->context, value & 0xff, SSL_alert_desc_string_long(value));
  }
}

/// SSL_CTX_set_cert_cb(3): on a client it is called when the server asks for a certificate.
static int tell_of_question(SSL *connection, void *context) {
  const transport_identity *identity = context;
  (void)connection;
  identity->asked(identity->context);
  return 1;
}

/// The latest error of OpenSSL's, in words.
static bool refused(char *words, size_t capacity) {
  unsigned long error = ERR_peek_last_error();
  const char *reason = error ? ERR_reason_error_string(error) : NULL;
  snprintf(words, capacity, "%s", reason ? reason : "OpenSSL gave no reason");
  ERR_clear_error();
  return false;
}

bool transport_observe(void *ssl_context, const transport_identity *identity, char *words, size_t capacity) {
  SSL_CTX *context = ssl_context;
  pthread_once(&identity_index_once, make_identity_index);
  ERR_clear_error();
  if (identity_index < 0 || !SSL_CTX_set_ex_data(context, identity_index, (void *)identity)) return refused(words, capacity);
  SSL_CTX_set_info_callback(context, tell);
  SSL_CTX_set_cert_cb(context, tell_of_question, (void *)identity);
  return true;
}

// MARK: - What it presents

static X509 *certificate(const uint8_t *bytes, size_t count) {
  const unsigned char *end = bytes;
  X509 *read = d2i_X509(NULL, &end, (long)count);
  if (read && end == bytes + count) return read;
  X509_free(read);
  return NULL;
}

static bool present(
    SSL_CTX *context, const transport_identity *identity, const uint8_t *const *certificates, const size_t *counts, size_t count,
    const char *schemes) {
  if (count == 0) return false;
  X509 *own = certificate(certificates[0], counts[0]);
  if (!own) return false;
  EVP_PKEY *public_half = X509_get0_pubkey(own);
  EVP_PKEY *key = public_half ? transport_key(public_half, identity) : NULL;
  bool result = key && SSL_CTX_use_certificate(context, own) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 &&
                SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  X509_free(own);
  for (size_t index = 1; result && index < count; index++) {
    X509 *issuer = certificate(certificates[index], counts[index]);
    result = issuer && SSL_CTX_add0_chain_cert(context, issuer) == 1;
    if (!result) X509_free(issuer);
  }
  // Exactly what was given is sent: nothing is added from the certificates that servers are checked against.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  return result && SSL_CTX_set1_client_sigalgs_list(context, schemes) == 1;
}

bool transport_present(
    void *ssl_context, const transport_identity *identity, const uint8_t *const *certificates, const size_t *counts, size_t count,
    const char *schemes, char *words, size_t capacity) {
  ERR_clear_error();
  return present(ssl_context, identity, certificates, counts, count, schemes) || refused(words, capacity);
}

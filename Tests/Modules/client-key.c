// The client's key of Sources/CTransport under AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer: handshakes in memory, with
// keys of both kinds, in both versions of TLS, with a key that signs, one that fails, one that lies about the length, and certificates that
// are refused. Every signature is made by an ordinary key behind the callback.
//
//   client-key ROUNDS      says "asked N, signed N"; exit code 0 when everything came out as it should and nothing leaked

#include "CTransportIdentity.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum behaviour { signs, fails, writes_nothing, claims_too_much };

struct client {
  EVP_PKEY *key;
  enum behaviour behaviour;
  int asked, signed_by_key, alerts, done;
  transport_padding padding;
  uint32_t digest_bits;
};

static _Noreturn void stop(const char *what) {
  fprintf(stderr, "client-key: %s\n", what);
  exit(1);
}

static bool sign(void *context, const transport_signing_request *request, uint8_t *place, size_t capacity, size_t *count) {
  struct client *client = context;
  client->padding = request->padding;
  client->digest_bits = request->digest_bits;
  if (client->behaviour == fails) return false;
  if (client->behaviour == writes_nothing) return true;
  if (client->behaviour == claims_too_much) {
    *count = capacity + 1;
    return true;
  }
  const EVP_MD *digest = request->digest_bits == 256 ? EVP_sha256() : request->digest_bits == 384 ? EVP_sha384() : EVP_sha512();
  EVP_MD_CTX *signing = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key = NULL;
  if (EVP_DigestSignInit(signing, &key, digest, NULL, client->key) != 1) stop("the software key does not begin");
  if (request->padding == transport_pss) {
    EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST);
  }
  *count = capacity;
  if (EVP_DigestSign(signing, place, count, request->message, request->message_count) != 1) stop("the software key does not sign");
  EVP_MD_CTX_free(signing);
  client->signed_by_key++;
  return true;
}

static void asked(void *context) { ((struct client *)context)->asked++; }
static void connected(void *context, const char *version, const char *suite) {
  if (strlen(version) == 0 || strlen(suite) == 0) stop("a handshake without a version");
  ((struct client *)context)->done++;
}
static void alerted(void *context, int number, const char *name) {
  if (number <= 0 || strlen(name) == 0) stop("an alert without a name");
  ((struct client *)context)->alerts++;
}

static X509 *self_signed(EVP_PKEY *key) {
  X509 *made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  X509_gmtime_adj(X509_getm_notBefore(made), -60);
  X509_gmtime_adj(X509_getm_notAfter(made), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const unsigned char *)"client", -1, -1, 0);
  X509_set_issuer_name(made, X509_get_subject_name(made));
  X509_set_pubkey(made, key);
  if (!X509_sign(made, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256())) stop("no certificate");
  return made;
}

static int take_anybody(int ok, X509_STORE_CTX *store) {
  (void)ok;
  (void)store;
  return 1;
}

/// One handshake and one byte each way; whether both sides came to its end.
static bool handshake(SSL_CTX *client_context, SSL_CTX *server_context) {
  SSL *client = SSL_new(client_context), *server = SSL_new(server_context);
  BIO *one = NULL, *other = NULL;
  if (BIO_new_bio_pair(&one, 0, &other, 0) != 1) stop("no pipe");
  SSL_set_bio(client, one, one);
  SSL_set_bio(server, other, other);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  bool result = false;
  for (int round = 0; round < 20; round++) {
    int left = SSL_do_handshake(client), right = SSL_do_handshake(server);
    if (left == 1 && right == 1) {
      char byte = 0;
      result = SSL_write(client, "x", 1) == 1 && SSL_read(server, &byte, 1) == 1 && SSL_write(server, "y", 1) == 1 &&
               SSL_read(client, &byte, 1) == 1;
      break;
    }
  }
  SSL_free(client);
  SSL_free(server);
  return result;
}

static SSL_CTX *server_context(int version, EVP_PKEY *key, X509 *certificate) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_anybody);
  return context;
}

static bool attempt(int version, EVP_PKEY *key, const char *schemes, enum behaviour behaviour, struct client *client) {
  X509 *certificate = self_signed(key);
  unsigned char *der = NULL;
  int length = i2d_X509(certificate, &der);
  *client = (struct client){.key = key, .behaviour = behaviour};
  transport_identity identity = {client, sign, asked, connected, alerted};
  const uint8_t *certificates[] = {der, der};
  size_t counts[] = {(size_t)length, (size_t)length};
  char words[64] = "";
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (!transport_observe(context, &identity, words, sizeof words) ||
      !transport_present(context, &identity, certificates, counts, 2, schemes, words, sizeof words)) {
    stop(words);
  }
  SSL_CTX *server = server_context(version, key, certificate);
  bool result = handshake(context, server);
  SSL_CTX_free(context);
  SSL_CTX_free(server);
  OPENSSL_free(der);
  X509_free(certificate);
  return result;
}

/// What OpenSSL must not take, without a trace left behind.
static void refusals(EVP_PKEY *key, EVP_PKEY *unsupported) {
  struct client client = {.key = key};
  transport_identity identity = {&client, sign, asked, connected, alerted};
  X509 *right = self_signed(key), *wrong = self_signed(unsupported);
  unsigned char *der = NULL, *wrong_der = NULL;
  size_t length = (size_t)i2d_X509(right, &der), wrong_length = (size_t)i2d_X509(wrong, &wrong_der);
  const struct {
    const uint8_t *certificates[2];
    size_t counts[2], count;
    const char *schemes;
  } cases[] = {
      {{der, NULL}, {length, 0}, 0, "rsa_pkcs1_sha256"},
      {{der, NULL}, {length - 1, 0}, 1, "rsa_pkcs1_sha256"},
      {{der, der}, {length, 4}, 2, "rsa_pkcs1_sha256"},
      {{wrong_der, NULL}, {wrong_length, 0}, 1, "rsa_pkcs1_sha256"},
      {{der, NULL}, {length, 0}, 1, "no_such_scheme"},
  };
  for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
    char words[8] = "";
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (transport_present(
            context, &identity, cases[index].certificates, cases[index].counts, cases[index].count, cases[index].schemes, words,
            sizeof words)) {
      stop("what cannot be used was taken");
    }
    if (strlen(words) == 0) stop("a refusal without a word");
    SSL_CTX_free(context);
  }
  OPENSSL_free(der);
  OPENSSL_free(wrong_der);
  X509_free(right);
  X509_free(wrong);
}

int main(int count, char **arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 1, all_asked = 0, all_signed = 0;
  EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256"), *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  const struct {
    int version;
    bool is_rsa;
    const char *schemes;
    transport_padding padding;
    uint32_t digest_bits;
  } cases[] = {
      {TLS1_2_VERSION, true, "rsa_pkcs1_sha256", transport_pkcs1, 256},
      {TLS1_2_VERSION, true, "rsa_pkcs1_sha512", transport_pkcs1, 512},
      {TLS1_2_VERSION, true, "rsa_pss_rsae_sha384", transport_pss, 384},
      {TLS1_3_VERSION, true, "rsa_pss_rsae_sha256", transport_pss, 256},
      {TLS1_2_VERSION, false, "ecdsa_secp256r1_sha256", transport_ecdsa, 256},
      {TLS1_3_VERSION, false, "ecdsa_secp256r1_sha256", transport_ecdsa, 256},
  };
  for (int round = 0; round < rounds; round++) {
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
      EVP_PKEY *key = cases[index].is_rsa ? rsa : ec;
      struct client client;
      for (enum behaviour behaviour = signs; behaviour <= claims_too_much; behaviour++) {
        bool result = attempt(cases[index].version, key, cases[index].schemes, behaviour, &client);
        if (result != (behaviour == signs)) stop("a handshake that came out otherwise than it should");
        if (client.asked != 1) stop("the question was not told");
        if (client.padding != cases[index].padding || client.digest_bits != cases[index].digest_bits) stop("not what was asked for");
        all_asked += client.asked;
        all_signed += client.signed_by_key;
      }
    }
    refusals(rsa, edwards);
  }
  EVP_PKEY_free(rsa);
  EVP_PKEY_free(ec);
  EVP_PKEY_free(edwards);
  printf("asked %d, signed %d\n", all_asked, all_signed);
  return 0;
}

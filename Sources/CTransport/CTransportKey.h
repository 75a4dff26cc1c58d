/// The provider's key, as the rest of this folder sees it.
#ifndef CTransportKey_H
#define CTransportKey_H

#include "CTransportIdentity.h"

#include <openssl/evp.h>

/// A key pair whose public half is `public_half` and whose private half signs by the identity's function. The identity is not copied.
/// NULL where OpenSSL refused, with the reason in its error queue. Free with EVP_PKEY_free(3).
EVP_PKEY *transport_key(EVP_PKEY *public_half, const transport_identity *identity);

#endif

// Keys whose signatures verify, though they are nobody's secret.
//
// A curve's key is a small scalar d. The signatures use 1 as the number that should be random: then r is the generator's x, and
// s = digest + r * d. RSA's modulus is a prime that everybody knows (RFC 3526): its private exponent can be computed by everybody, and
// signatures verify as with any other modulus. So there is one RSA key for each size, and as many as one likes on each curve.

#include "standalone.h"

#include <string.h>

typedef struct {
  const CK_BYTE *parameters;
  CK_ULONG parametersLength;
  int bytes;
  const char *prime, *order, *x, *y;
} Curve;

static const Curve curves[] = {
  {(const CK_BYTE *)"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, 32,
   "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
   "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"},
  {(const CK_BYTE *)"\x06\x05\x2b\x81\x04\x00\x22", 7, 48,
   "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
   "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
   "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
   "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"},
  {(const CK_BYTE *)"\x06\x05\x2b\x81\x04\x00\x23", 7, 66,
   "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
   "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
   "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
   "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d"
   "baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
   "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e66"
   "2c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"},
};

static const char *const modulus2048 =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b"
  "302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe6"
  "49286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d"
  "670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
  "3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";

static const char *const modulus3072 =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b"
  "302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe6"
  "49286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed529077096966d"
  "670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
  "3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7d"
  "b3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c"
  "bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";

int curveOf(const CK_BYTE *parameters, CK_ULONG length) {
  for (int i = 0; i < (int)(sizeof curves / sizeof *curves); i++) {
    if (curves[i].parametersLength == length && memcmp(curves[i].parameters, parameters, length) == 0) return i;
  }
  return -1;
}

// ---- curves ----

typedef struct {
  Number x, y;
} Point;

static void invert(Number *number, const Modulus *prime) {
  static const Number two = {{2}};
  Number exponent;
  subtractModulo(&exponent, &prime->value, &two, prime);
  exponentiate(number, number, &exponent, prime);
}

// The line through two points, or the tangent, meets the curve in a third point.
static void join(Point *sum, const Point *a, const Point *b, const Number *slope, const Modulus *prime) {
  Point result;
  multiply(&result.x, slope, slope, prime);
  subtractModulo(&result.x, &result.x, &a->x, prime);
  subtractModulo(&result.x, &result.x, &b->x, prime);
  subtractModulo(&result.y, &a->x, &result.x, prime);
  multiply(&result.y, &result.y, slope, prime);
  subtractModulo(&result.y, &result.y, &a->y, prime);
  *sum = result;
}

static void doublePoint(Point *point, const Modulus *prime) {
  // The curves have a = -3: the slope is 3 (x + 1) (x - 1) / 2 y.
  Number above = {{0}}, below = {{0}}, slope = {{0}};
  addModulo(&above, &point->x, &prime->one, prime);
  subtractModulo(&below, &point->x, &prime->one, prime);
  multiply(&slope, &above, &below, prime);
  addModulo(&above, &slope, &slope, prime);
  addModulo(&slope, &above, &slope, prime);
  addModulo(&below, &point->y, &point->y, prime);
  invert(&below, prime);
  multiply(&slope, &slope, &below, prime);
  join(point, point, point, &slope, prime);
}

static void addPoint(Point *sum, const Point *other, const Modulus *prime) {
  Number above = {{0}}, below = {{0}}, slope;
  subtractModulo(&above, &other->y, &sum->y, prime);
  subtractModulo(&below, &other->x, &sum->x, prime);
  invert(&below, prime);
  multiply(&slope, &above, &below, prime);
  join(sum, sum, other, &slope, prime);
}

size_t publicPoint(const KeyMaterial *key, CK_BYTE *encoded) {
  const Curve *curve = &curves[key->curve];
  Modulus prime;
  Point generator;
  makeModulus(&prime, curve->prime);
  readHexadecimal(&generator.x, curve->x);
  readHexadecimal(&generator.y, curve->y);
  enterForm(&generator.x, &prime);
  enterForm(&generator.y, &prime);
  Point point = generator;
  int bit = 63;
  while (!(key->scalar >> bit & 1)) bit--;
  while (--bit >= 0) {
    doublePoint(&point, &prime);
    if (key->scalar >> bit & 1) addPoint(&point, &generator, &prime);
  }
  leaveForm(&point.x, &prime);
  leaveForm(&point.y, &prime);
  // An OCTET STRING around the uncompressed point.
  size_t length = 1 + 2 * (size_t)curve->bytes, head = 0;
  encoded[head++] = 0x04;
  if (length > 127) encoded[head++] = 0x81;
  encoded[head++] = (CK_BYTE)length;
  encoded[head] = 0x04;
  writeBytes(&point.x, encoded + head + 1, (size_t)curve->bytes);
  writeBytes(&point.y, encoded + head + 1 + curve->bytes, (size_t)curve->bytes);
  return head + length;
}

static CK_RV signOnCurve(const KeyMaterial *key, const CK_BYTE *data, CK_ULONG length, CK_BYTE *signature) {
  const Curve *curve = &curves[key->curve];
  size_t size = (size_t)curve->bytes;
  Modulus order;
  Number r, s, product = {{0}};
  makeModulus(&order, curve->order);
  // Only the leftmost bits of a digest that is longer than the order.
  readBytes(&s, data, length < size ? length : size);
  reduceOnce(&s, &order);
  readHexadecimal(&r, curve->x);
  for (int bit = 63; bit >= 0; bit--) {
    addModulo(&product, &product, &product, &order);
    if (key->scalar >> bit & 1) addModulo(&product, &product, &r, &order);
  }
  addModulo(&s, &s, &product, &order);
  writeBytes(&r, signature, size);
  writeBytes(&s, signature + size, size);
  return CKR_OK;
}

// ---- RSA ----

static const char *modulusOf(const KeyMaterial *key) { return key->modulusBytes == 256 ? modulus2048 : modulus3072; }

void publicModulus(const KeyMaterial *key, CK_BYTE *bytes) {
  Number modulus;
  readHexadecimal(&modulus, modulusOf(key));
  writeBytes(&modulus, bytes, (size_t)key->modulusBytes);
}

// The number d with 65537 * d = 1 + k * (modulus - 1), which is what a prime modulus makes of Euler's function.
static void privateExponent(Number *exponent, const CK_BYTE *modulus, int count) {
  const uint64_t e = 65537;
  uint64_t rest = 0, k = 1;
  for (int i = 0; i < count; i++) rest = (rest * 256 + (i == count - 1 ? modulus[i] - 1u : modulus[i])) % e;
  while ((1 + k * rest) % e != 0) k++;
  // 1 + k * (modulus - 1), byte by byte from the end, and then divided by e from the front.
  CK_BYTE product[LIMBS * 8 + 8] = {0};
  uint64_t carry = 1;
  for (int i = count - 1; i >= 0; i--) {
    carry += k * (i == count - 1 ? modulus[i] - 1u : modulus[i]);
    product[i + 8] = (CK_BYTE)carry;
    carry >>= 8;
  }
  for (int i = 7; i >= 0; i--, carry >>= 8) product[i] = (CK_BYTE)carry;
  rest = 0;
  for (int i = 0; i < count + 8; i++) {
    rest = rest * 256 + product[i];
    product[i] = (CK_BYTE)(rest / e);
    rest %= e;
  }
  readBytes(exponent, product + 8, (size_t)count);
}

static CK_RV signWithRSA(const KeyMaterial *key, const CK_BYTE *data, CK_ULONG length, CK_BYTE *signature) {
  size_t size = (size_t)key->modulusBytes;
  CK_BYTE block[MAXIMUM_SIGNATURE], modulusBytes[MAXIMUM_SIGNATURE];
  Modulus modulus;
  Number number, exponent;
  if (length + 11 > size) return CKR_DATA_LEN_RANGE;
  memset(block, 0xFF, size);
  block[0] = 0;
  block[1] = 1;
  block[size - length - 1] = 0;
  memcpy(block + size - length, data, length);
  makeModulus(&modulus, modulusOf(key));
  publicModulus(key, modulusBytes);
  privateExponent(&exponent, modulusBytes, key->modulusBytes);
  readBytes(&number, block, size);
  enterForm(&number, &modulus);
  exponentiate(&number, &number, &exponent, &modulus);
  leaveForm(&number, &modulus);
  writeBytes(&number, signature, size);
  return CKR_OK;
}

CK_ULONG signatureSize(const KeyMaterial *key) {
  return key->curve < 0 ? (CK_ULONG)key->modulusBytes : 2 * (CK_ULONG)curves[key->curve].bytes;
}

CK_RV makeSignature(const KeyMaterial *key, const CK_BYTE *data, CK_ULONG length, CK_BYTE *signature) {
  return key->curve < 0 ? signWithRSA(key, data, length, signature) : signOnCurve(key, data, length, signature);
}

// Large numbers: as much as signatures need, and no more care for time than a test needs.

#include "standalone.h"

#include <string.h>

__extension__ typedef unsigned __int128 Wide;

static int digit(char text) { return text <= '9' ? text - '0' : text - 'a' + 10; }

void readHexadecimal(Number *number, const char *text) {
  memset(number, 0, sizeof *number);
  size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) number->limb[i / 16] |= (uint64_t)digit(text[length - 1 - i]) << (i % 16 * 4);
}

void readBytes(Number *number, const CK_BYTE *bytes, size_t count) {
  memset(number, 0, sizeof *number);
  for (size_t i = 0; i < count; i++) number->limb[i / 8] |= (uint64_t)bytes[count - 1 - i] << (i % 8 * 8);
}

void writeBytes(const Number *number, CK_BYTE *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) bytes[count - 1 - i] = (CK_BYTE)(number->limb[i / 8] >> (i % 8 * 8));
}

static bool isLess(const uint64_t *a, const uint64_t *b, int limbs) {
  for (int i = limbs - 1; i >= 0; i--) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

static uint64_t subtract(uint64_t *difference, const uint64_t *a, const uint64_t *b, int limbs) {
  uint64_t borrow = 0;
  for (int i = 0; i < limbs; i++) {
    Wide step = (Wide)a[i] - b[i] - borrow;
    difference[i] = (uint64_t)step;
    borrow = (uint64_t)(step >> 64) & 1;
  }
  return borrow;
}

static uint64_t add(uint64_t *sum, const uint64_t *a, const uint64_t *b, int limbs) {
  uint64_t carry = 0;
  for (int i = 0; i < limbs; i++) {
    Wide step = (Wide)a[i] + b[i] + carry;
    sum[i] = (uint64_t)step;
    carry = (uint64_t)(step >> 64);
  }
  return carry;
}

void addModulo(Number *sum, const Number *a, const Number *b, const Modulus *modulus) {
  const uint64_t *m = modulus->value.limb;
  uint64_t carry = add(sum->limb, a->limb, b->limb, modulus->limbs);
  if (carry || !isLess(sum->limb, m, modulus->limbs)) subtract(sum->limb, sum->limb, m, modulus->limbs);
}

void subtractModulo(Number *difference, const Number *a, const Number *b, const Modulus *modulus) {
  if (subtract(difference->limb, a->limb, b->limb, modulus->limbs)) {
    add(difference->limb, difference->limb, modulus->value.limb, modulus->limbs);
  }
}

void reduceOnce(Number *number, const Modulus *modulus) {
  if (!isLess(number->limb, modulus->value.limb, modulus->limbs)) {
    subtract(number->limb, number->limb, modulus->value.limb, modulus->limbs);
  }
}

void makeModulus(Modulus *modulus, const char *text) {
  memset(modulus, 0, sizeof *modulus);
  readHexadecimal(&modulus->value, text);
  modulus->limbs = (int)((strlen(text) + 15) / 16);
  // Newton: each step doubles the number of right bits.
  uint64_t inverse = 1;
  for (int i = 0; i < 6; i++) inverse *= 2 - modulus->value.limb[0] * inverse;
  modulus->inverse = 0 - inverse;
  Number power = {{1}};
  for (int i = 0; i < modulus->limbs * 128; i++) {
    if (i == modulus->limbs * 64) modulus->one = power;
    addModulo(&power, &power, &power, modulus);
  }
  modulus->square = power;
}

void multiply(Number *product, const Number *a, const Number *b, const Modulus *modulus) {
  uint64_t sum[LIMBS + 2] = {0};
  int limbs = modulus->limbs;
  for (int i = 0; i < limbs; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < limbs; j++) {
      Wide step = (Wide)a->limb[j] * b->limb[i] + sum[j] + carry;
      sum[j] = (uint64_t)step;
      carry = (uint64_t)(step >> 64);
    }
    Wide top = (Wide)sum[limbs] + carry;
    sum[limbs] = (uint64_t)top;
    sum[limbs + 1] = (uint64_t)(top >> 64);
    uint64_t factor = sum[0] * modulus->inverse;
    carry = (uint64_t)(((Wide)factor * modulus->value.limb[0] + sum[0]) >> 64);
    for (int j = 1; j < limbs; j++) {
      Wide step = (Wide)factor * modulus->value.limb[j] + sum[j] + carry;
      sum[j - 1] = (uint64_t)step;
      carry = (uint64_t)(step >> 64);
    }
    top = (Wide)sum[limbs] + carry;
    sum[limbs - 1] = (uint64_t)top;
    sum[limbs] = sum[limbs + 1] + (uint64_t)(top >> 64);
  }
  if (sum[limbs] || !isLess(sum, modulus->value.limb, limbs)) subtract(sum, sum, modulus->value.limb, limbs);
  memset(product, 0, sizeof *product);
  memcpy(product->limb, sum, (size_t)limbs * sizeof *sum);
}

void exponentiate(Number *power, const Number *base, const Number *exponent, const Modulus *modulus) {
  Number result = modulus->one, factor = *base;
  for (int i = modulus->limbs * 64 - 1; i >= 0; i--) {
    multiply(&result, &result, &result, modulus);
    if (exponent->limb[i / 64] >> (i % 64) & 1) multiply(&result, &result, &factor, modulus);
  }
  *power = result;
}

void enterForm(Number *number, const Modulus *modulus) { multiply(number, number, &modulus->square, modulus); }

void leaveForm(Number *number, const Modulus *modulus) {
  static const Number one = {{1}};
  multiply(number, number, &one, modulus);
}

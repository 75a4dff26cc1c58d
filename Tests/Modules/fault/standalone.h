// The token of its own that the module has without a backend.

#ifndef STANDALONE_H
#define STANDALONE_H

#include "fault.h"

// ---- numbers.c: as much arithmetic as real signatures need ----

enum { LIMBS = 48 };

typedef struct {
  uint64_t limb[LIMBS];  // the least significant first
} Number;

// An odd modulus, and what Montgomery multiplication wants to know of it.
typedef struct {
  int limbs;
  uint64_t inverse;
  Number value, one, square;
} Modulus;

void readHexadecimal(Number *number, const char *text);
void readBytes(Number *number, const CK_BYTE *bytes, size_t count);
void writeBytes(const Number *number, CK_BYTE *bytes, size_t count);
void makeModulus(Modulus *modulus, const char *text);
void addModulo(Number *sum, const Number *a, const Number *b, const Modulus *modulus);
void subtractModulo(Number *difference, const Number *a, const Number *b, const Modulus *modulus);
void reduceOnce(Number *number, const Modulus *modulus);
// Products and powers are of numbers in Montgomery's form.
void multiply(Number *product, const Number *a, const Number *b, const Modulus *modulus);
void exponentiate(Number *power, const Number *base, const Number *exponent, const Modulus *modulus);
void enterForm(Number *number, const Modulus *modulus);
void leaveForm(Number *number, const Modulus *modulus);

// ---- keys.c ----

enum { MAXIMUM_SIGNATURE = 512 };

// What a key of the token is made of: a curve and a scalar, or the size of an RSA modulus.
typedef struct {
  int curve;        // -1: RSA
  uint64_t scalar;
  int modulusBytes;
} KeyMaterial;

int curveOf(const CK_BYTE *parameters, CK_ULONG length);  // -1: none that we know
size_t publicPoint(const KeyMaterial *key, CK_BYTE *encoded);  // CKA_EC_POINT, as DER
void publicModulus(const KeyMaterial *key, CK_BYTE *bytes);
CK_ULONG signatureSize(const KeyMaterial *key);
// The one signature that the key gives for this data.
CK_RV makeSignature(const KeyMaterial *key, const CK_BYTE *data, CK_ULONG length, CK_BYTE *signature);

// ---- standalone-objects.c; all called with the token locked ----

typedef struct {
  CK_ATTRIBUTE_TYPE type;
  CK_BYTE *value;
  CK_ULONG length;
} Value;

enum { MAXIMUM_VALUES = 48 };

typedef struct Object {
  struct Object *next;
  CK_OBJECT_HANDLE handle;
  CK_SESSION_HANDLE owner;  // of a session object; 0 on the token
  KeyMaterial key;
  int count;
  Value values[MAXIMUM_VALUES];
} Object;

Object *newObject(void);
void addObject(Object *object);
void freeObject(Object *object);
// Private ones are only there for the user.
Object *findObject(CK_OBJECT_HANDLE handle);
Object *nextMatch(const Object *after, const CK_ATTRIBUTE *template_, CK_ULONG count);
void removeObjects(CK_SESSION_HANDLE owner);  // 0: every one
void removeObject(Object *object);
// Private objects cannot be reached by the handles that they had.
void renewPrivateHandles(void);
bool setValue(Object *object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG length);
void setDefault(Object *object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG length);
bool setTemplate(Object *object, const CK_ATTRIBUTE *template_, CK_ULONG count);
bool boolOf(const Object *object, CK_ATTRIBUTE_TYPE type, bool otherwise);
CK_ULONG numberOf(const Object *object, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise);
const Value *valueOf(const Object *object, CK_ATTRIBUTE_TYPE type);
CK_RV readValues(const Object *object, CK_ATTRIBUTE *template_, CK_ULONG count);
CK_RV changeValues(Object *object, const CK_ATTRIBUTE *template_, CK_ULONG count);

// ---- standalone.c ----

enum { MAXIMUM_RESULTS = 16384, STANDALONE_SLOT = 81 };

typedef struct StandaloneSession {
  struct StandaloneSession *next;
  CK_SESSION_HANDLE handle;
  bool isReadWrite, isSearching, isSigning, isVerifying, wantsPIN;
  CK_OBJECT_HANDLE results[MAXIMUM_RESULTS];
  CK_ULONG resultCount, nextResult;
  KeyMaterial signingKey, verifyingKey;
} StandaloneSession;

void lockToken(void);
void unlockToken(void);
// Called with the token locked, as the next two.
StandaloneSession *standaloneSession(CK_SESSION_HANDLE handle);
bool isUserLoggedIn(void);
// Whether the session may make an object with these attributes, or change one that has them.
CK_RV checkWriting(const StandaloneSession *session, const Object *object);

// ---- the functions of the table; those that it leaves out are declared all the same ----

#define DECLARE_STANDALONE_FUNCTION(kind, name, parameters, arguments) CK_RV standalone_##name parameters;
FUNCTIONS_2_40(DECLARE_STANDALONE_FUNCTION)
#undef DECLARE_STANDALONE_FUNCTION

#endif

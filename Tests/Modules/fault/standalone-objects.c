// The objects of the stand-alone token: what was given in templates is kept and shown.

#include "standalone.h"

#include <stdlib.h>
#include <string.h>

static Object *objects;
static CK_OBJECT_HANDLE lastObject = 0x100;

Object *newObject(void) {
  Object *object = calloc(1, sizeof *object);
  if (object) object->key.curve = -1;
  return object;
}

void addObject(Object *object) {
  Object **end = &objects;
  while (*end) end = &(*end)->next;
  object->handle = ++lastObject;
  *end = object;
}

void freeObject(Object *object) {
  for (int i = 0; i < object->count; i++) free(object->values[i].value);
  free(object);
}

static bool isVisible(const Object *object) { return isUserLoggedIn() || !boolOf(object, CKA_PRIVATE, false); }

Object *findObject(CK_OBJECT_HANDLE handle) {
  for (Object *object = objects; object; object = object->next) {
    if (object->handle == handle) return isVisible(object) ? object : NULL;
  }
  return NULL;
}

static bool matches(const Object *object, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; i++) {
    const Value *value = valueOf(object, template_[i].type);
    if (!value || value->length != template_[i].ulValueLen) return false;
    if (value->length && memcmp(value->value, template_[i].pValue, value->length) != 0) return false;
  }
  return true;
}

Object *nextMatch(const Object *after, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  for (Object *object = after ? after->next : objects; object; object = object->next) {
    if (isVisible(object) && matches(object, template_, count)) return object;
  }
  return NULL;
}

void removeObject(Object *object) {
  Object **place = &objects;
  while (*place != object) place = &(*place)->next;
  *place = object->next;
  freeObject(object);
}

void removeObjects(CK_SESSION_HANDLE owner) {
  for (Object *object = objects, *next; object; object = next) {
    next = object->next;
    if (!owner || object->owner == owner) removeObject(object);
  }
}

void renewPrivateHandles(void) {
  for (Object *object = objects; object; object = object->next) {
    if (boolOf(object, CKA_PRIVATE, false)) object->handle = ++lastObject;
  }
}

// ---- values ----

const Value *valueOf(const Object *object, CK_ATTRIBUTE_TYPE type) {
  for (int i = 0; i < object->count; i++) {
    if (object->values[i].type == type) return &object->values[i];
  }
  return NULL;
}

bool setValue(Object *object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG length) {
  Value *place = (Value *)(uintptr_t)valueOf(object, type);
  if (!place) {
    if (object->count == MAXIMUM_VALUES) return false;
    place = &object->values[object->count++];
    *place = (Value){.type = type};
  }
  CK_BYTE *copy = malloc(length ? length : 1);
  if (!copy) return false;
  if (length) memcpy(copy, value, length);
  free(place->value);
  place->value = copy;
  place->length = length;
  return true;
}

void setDefault(Object *object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG length) {
  if (!valueOf(object, type)) setValue(object, type, value, length);
}

bool setTemplate(Object *object, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; i++) {
    if (!setValue(object, template_[i].type, template_[i].pValue, template_[i].ulValueLen)) return false;
  }
  return true;
}

bool boolOf(const Object *object, CK_ATTRIBUTE_TYPE type, bool otherwise) {
  const Value *value = valueOf(object, type);
  return value && value->length == 1 ? value->value[0] != CK_FALSE : otherwise;
}

CK_ULONG numberOf(const Object *object, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise) {
  const Value *value = valueOf(object, type);
  CK_ULONG number = otherwise;
  if (value && value->length == sizeof number) memcpy(&number, value->value, sizeof number);
  return number;
}

static bool isSecret(const Object *object, CK_ATTRIBUTE_TYPE type) {
  CK_OBJECT_CLASS class_ = numberOf(object, CKA_CLASS, CKO_DATA);
  if (class_ != CKO_PRIVATE_KEY && class_ != CKO_SECRET_KEY) return false;
  if (!boolOf(object, CKA_SENSITIVE, false) && boolOf(object, CKA_EXTRACTABLE, false)) return false;
  return type == CKA_VALUE || (type >= CKA_PRIVATE_EXPONENT && type <= CKA_COEFFICIENT);
}

CK_RV readValues(const Object *object, CK_ATTRIBUTE *template_, CK_ULONG count) {
  CK_RV answer = CKR_OK;
  for (CK_ULONG i = 0; i < count; i++) {
    const Value *value = valueOf(object, template_[i].type);
    CK_ULONG room = template_[i].ulValueLen;
    template_[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (isSecret(object, template_[i].type)) {
      answer = CKR_ATTRIBUTE_SENSITIVE;
    } else if (!value) {
      answer = CKR_ATTRIBUTE_TYPE_INVALID;
    } else if (template_[i].pValue && room < value->length) {
      answer = CKR_BUFFER_TOO_SMALL;
    } else {
      if (template_[i].pValue && value->length) memcpy(template_[i].pValue, value->value, value->length);
      template_[i].ulValueLen = value->length;
    }
  }
  return answer;
}

CK_RV changeValues(Object *object, const CK_ATTRIBUTE *template_, CK_ULONG count) {
  if (!boolOf(object, CKA_MODIFIABLE, true)) return CKR_ACTION_PROHIBITED;
  for (CK_ULONG i = 0; i < count; i++) {
    bool becomesTrue = template_[i].ulValueLen == 1 && template_[i].pValue && *(const CK_BBOOL *)template_[i].pValue;
    switch (template_[i].type) {
      // Once a secret, always a secret.
      case CKA_SENSITIVE:
        if (!becomesTrue && boolOf(object, CKA_SENSITIVE, false)) return CKR_ATTRIBUTE_READ_ONLY;
        break;
      case CKA_EXTRACTABLE:
        if (becomesTrue && !boolOf(object, CKA_EXTRACTABLE, true)) return CKR_ATTRIBUTE_READ_ONLY;
        break;
      case CKA_CLASS: case CKA_KEY_TYPE: case CKA_TOKEN: case CKA_PRIVATE: case CKA_LOCAL: case CKA_ALWAYS_SENSITIVE:
      case CKA_NEVER_EXTRACTABLE: case CKA_KEY_GEN_MECHANISM: case CKA_MODULUS: case CKA_EC_PARAMS: case CKA_EC_POINT:
        return CKR_ATTRIBUTE_READ_ONLY;
    }
  }
  return setTemplate(object, template_, count) ? CKR_OK : CKR_HOST_MEMORY;
}

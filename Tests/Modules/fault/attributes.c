// Attribute dialects: what a token refuses, demands and assumes in templates, and what it says of its objects.

#include "fault.h"

#include <string.h>

static const CK_ATTRIBUTE *findAttribute(const CK_ATTRIBUTE *attributes, CK_ULONG count, CK_ATTRIBUTE_TYPE type) {
  for (CK_ULONG i = 0; i < count; i++) {
    if (attributes[i].type == type) return &attributes[i];
  }
  return NULL;
}

static bool hasValue(const CK_ATTRIBUTE *attribute, const AttributeRule *rule) {
  if (!rule->hasValue) return true;
  return attribute->ulValueLen == rule->valueLength && attribute->pValue &&
    memcmp(attribute->pValue, rule->value, rule->valueLength) == 0;
}

static void removeAttribute(Template *made, CK_ATTRIBUTE_TYPE type) {
  CK_ULONG kept = 0;
  for (CK_ULONG i = 0; i < made->count; i++) {
    if (made->attributes[i].type != type) made->attributes[kept++] = made->attributes[i];
  }
  made->count = kept;
}

CK_RV checkTemplate(int use, int half, const CK_ATTRIBUTE *given, CK_ULONG count, Template *made) {
  const CK_ULONG capacity = sizeof made->attributes / sizeof *made->attributes;
  const Script *now = script();
  if (count > capacity - MAXIMUM_ATTRIBUTE_RULES) return CKR_TEMPLATE_INCONSISTENT;
  if (count && !given) return CKR_ARGUMENTS_BAD;
  made->count = count;
  if (count) memcpy(made->attributes, given, count * sizeof *given);
  for (int i = 0; i < now->attributeCount; i++) {
    const AttributeRule *rule = &now->attributes[i];
    if (!(rule->uses & use) || !(rule->halves & half)) continue;
    const CK_ATTRIBUTE *named = findAttribute(given, count, rule->type);
    switch (rule->action) {
      case ATTRIBUTE_REFUSE:
        if (!named || !hasValue(named, rule)) continue;
        logEvent("REFUSED-ATTRIBUTE 0x%lx", rule->type);
        return rule->code;
      case ATTRIBUTE_REQUIRE:
        if (named && hasValue(named, rule)) continue;
        logEvent("REQUIRED-ATTRIBUTE 0x%lx", rule->type);
        return rule->code;
      case ATTRIBUTE_LIMIT:
        if (!named || named->ulValueLen <= rule->limit) continue;
        logEvent("LIMITED-ATTRIBUTE 0x%lx", rule->type);
        return rule->code;
      case ATTRIBUTE_SWALLOW:
        removeAttribute(made, rule->type);
        break;
      case ATTRIBUTE_DEFAULT:
        if (findAttribute(made->attributes, made->count, rule->type)) continue;
        // The backend only reads what is given to it.
        made->attributes[made->count++] = (CK_ATTRIBUTE){rule->type, (void *)(uintptr_t)rule->value, rule->valueLength};
        break;
      case ATTRIBUTE_HIDE: case ATTRIBUTE_FORCE: case ATTRIBUTE_NOTE:
        break;
    }
  }
  return CKR_OK;
}

bool isHidden(CK_MECHANISM_TYPE type) {
  const Script *now = script();
  for (int i = 0; i < now->hiddenCount; i++) {
    if (now->hidden[i] == type) return true;
  }
  for (int i = 0; i < now->onlyCount; i++) {
    if (now->only[i] == type) return false;
  }
  return now->onlyCount > 0;
}

// The rule that stands between the backend and who reads an attribute.
static const AttributeRule *readingRule(CK_ATTRIBUTE_TYPE type, int half) {
  const Script *now = script();
  for (int i = 0; i < now->attributeCount; i++) {
    const AttributeRule *rule = &now->attributes[i];
    bool isReading = rule->action == ATTRIBUTE_HIDE || rule->action == ATTRIBUTE_FORCE || rule->action == ATTRIBUTE_NOTE;
    if (isReading && rule->type == type && rule->halves & half) return rule;
  }
  return NULL;
}

// What was noted of objects, the latest last.
static struct {
  CK_OBJECT_HANDLE object;
  CK_ATTRIBUTE_TYPE type;
  CK_BYTE value;
} notes[256];
static size_t noteCount;

void takeNotes(CK_OBJECT_HANDLE object, int half, Template *made) {
  const Script *now = script();
  for (int i = 0; i < now->attributeCount; i++) {
    const AttributeRule *rule = &now->attributes[i];
    if (rule->action != ATTRIBUTE_NOTE || !(rule->halves & half)) continue;
    const CK_ATTRIBUTE *named = findAttribute(made->attributes, made->count, rule->type);
    if (!named || named->ulValueLen != 1 || !named->pValue) continue;
    lockState();
    if (noteCount < sizeof notes / sizeof *notes) {
      notes[noteCount].object = object;
      notes[noteCount].type = rule->type;
      notes[noteCount++].value = *(const CK_BYTE *)named->pValue;
    }
    unlockState();
    removeAttribute(made, rule->type);
  }
}

static CK_BYTE noted(CK_OBJECT_HANDLE object, const AttributeRule *rule) {
  CK_BYTE value = rule->value[0];
  lockState();
  for (size_t i = 0; i < noteCount; i++) {
    if (notes[i].object == object && notes[i].type == rule->type) value = notes[i].value;
  }
  unlockState();
  return value;
}

// Answers for the backend: the attribute is not there, or has the value of the rule or of a note.
static CK_RV answerInstead(const AttributeRule *rule, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute) {
  CK_ULONG room = attribute->ulValueLen;
  attribute->ulValueLen = CK_UNAVAILABLE_INFORMATION;
  if (rule->action == ATTRIBUTE_HIDE) return CKR_ATTRIBUTE_TYPE_INVALID;
  if (attribute->pValue && room < rule->valueLength) return CKR_BUFFER_TOO_SMALL;
  if (attribute->pValue) memcpy(attribute->pValue, rule->value, rule->valueLength);
  if (attribute->pValue && rule->action == ATTRIBUTE_NOTE) *(CK_BYTE *)attribute->pValue = noted(object, rule);
  attribute->ulValueLen = rule->valueLength;
  return CKR_OK;
}

static CK_RV readAttributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count) {
  CK_ATTRIBUTE passed[MAXIMUM_ATTRIBUTE_RULES * 4];
  CK_ULONG places[MAXIMUM_ATTRIBUTE_RULES * 4], passedCount = 0;
  CK_RV instead = CKR_OK;
  if (!template_ || !script()->attributeCount || count > sizeof passed / sizeof *passed) {
    return backend->C_GetAttributeValue(session, object, template_, count);
  }
  int half = halfOfObject(session, object);
  for (CK_ULONG i = 0; i < count; i++) {
    const AttributeRule *rule = readingRule(template_[i].type, half);
    CK_RV answer = rule ? answerInstead(rule, object, &template_[i]) : CKR_OK;
    if (answer != CKR_OK) instead = answer;
    if (rule) continue;
    places[passedCount] = i;
    passed[passedCount++] = template_[i];
  }
  if (!passedCount) return instead;
  CK_RV answer = backend->C_GetAttributeValue(session, object, passed, passedCount);
  for (CK_ULONG i = 0; i < passedCount; i++) template_[places[i]].ulValueLen = passed[i].ulValueLen;
  return answer == CKR_OK ? instead : answer;
}

CK_RV token_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template_, CK_ULONG count) {
  Session *use;
  CK_RV answer = enterSession(&session, ID_C_GetAttributeValue, &use);
  if (answer != CKR_OK) return answer;
  answer = realObject(&object) ? readAttributes(session, object, template_, count) : CKR_OBJECT_HANDLE_INVALID;
  leaveSession(use);
  return answer;
}

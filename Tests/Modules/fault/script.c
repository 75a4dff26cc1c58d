// What a script can say. One thing a line; # begins a comment; a text with blanks stands in double quotes. FUNCTION is a name such as
// C_Sign, or * for all that need a token. CODE is a number or a name such as CKR_DEVICE_ERROR.
//
//   fail FUNCTION CODE [when]          deinitialize FUNCTION [when]      (as if other code had called C_Finalize)
//   delay FUNCTION MILLISECONDS [when] drop-sessions FUNCTION [when]     (all sessions are gone, and the login)
//   hang FUNCTION [when]               drop-login FUNCTION [when]        drop-objects FUNCTION [when]     (handles are void)
//   kill FUNCTION [when]               (the process ends)               crash FUNCTION [when]            (by a fault of the module's own)
//     when: on N | from N | every N | times K | before | after           counted since the line stands in the script
//
//   backend none|PATH    token LABEL (only this one shows)    finalize-backend on    log off    fork-rule on    token-absent on
//   pin-tries N    so-pin-tries N    user-failures N    so-failures N    pin-flags off
//   pin TEXT    so-pin TEXT    uninitialized on                       of the stand-alone token, as it is when the module is initialised
//   protected-path on    pad-pin TEXT    pad-so-pin TEXT    pad-new-pin TEXT    pad-cancel on    pad-refuses-pin CODE
//   max-sessions N    max-rw-sessions N    claim-sessions N|unavailable    claim-rw-sessions N|unavailable
//   no-read-only-sessions [CODE]    no-read-write-sessions [CODE]    open-burst COUNT MILLISECONDS [CODE]    idle-expiry MILLISECONDS
//   always-authenticate on (every private key wants the PIN for each use)    strict-authenticate off
//   sign-recover on (C_SignRecover does what C_Sign does)
//   wrap-length N (C_WrapKey with CKM_AES_KEY_WRAP_PAD answers CKR_OK and this length)    copy-number N (C_CopyObject gives this handle)
//   token-info label|manufacturer|model|serial TEXT    module-info manufacturer|description TEXT    token-flag CKF_X on|off
//   refuse-attribute CKA_X [= VALUE] [CODE] [halves] [uses]       require-attribute CKA_X [= VALUE] [CODE] [halves] [uses]
//   limit-attribute CKA_X LENGTH [CODE] [halves] [uses]           (longer values are refused)
//   default-attribute CKA_X = VALUE [halves] [uses]               swallow-attribute CKA_X [halves] [uses]   (taken, and not passed on)
//   hide-attribute CKA_X [halves]                                 force-attribute CKA_X = VALUE [halves]    (read-back lies)
//   note-attribute CKA_X = TRUE|FALSE [halves]      (a note of the module: read as this until it is set, which the backend does not hear)
//     VALUE: TRUE | FALSE | a number or constant | hex:0102… | "text"    halves: public private other    uses: create generate set find
//   hide-mechanism CKM_X    only-mechanisms CKM_X …    add-mechanism CKM_X MINIMUM MAXIMUM FLAGS
//   dialect NAME                       the lines of dialects.c

#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAXIMUM_WORDS = 64 };

typedef struct {
  int count, next;
  char *words[MAXIMUM_WORDS];
} Words;

static Script initial = {.log = true, .pinFlags = true, .strictAuthenticate = true};
static _Atomic(const Script *) current = &initial;

const Script *script(void) { return atomic_load_explicit(&current, memory_order_acquire); }

static const char *take(Words *words) { return words->next < words->count ? words->words[words->next++] : NULL; }

static bool takeIf(Words *words, const char *word) {
  if (words->next == words->count || strcmp(words->words[words->next], word) != 0) return false;
  words->next++;
  return true;
}

static bool takeNumber(Words *words, CK_ULONG *number) {
  if (words->next == words->count || !parseNumber(words->words[words->next], number)) return false;
  words->next++;
  return true;
}

static bool takeText(Words *words, char *text, size_t size) {
  const char *word = take(words);
  if (!word || strlen(word) >= size) return false;
  memcpy(text, word, strlen(word) + 1);
  return true;
}

// ---- rules ----

static bool takeFunction(Words *words, int *function) {
  const char *name = take(words);
  if (!name) return false;
  *function = -1;
  if (strcmp(name, "*") == 0) return true;
  for (int i = 0; i < FUNCTION_COUNT; i++) {
    if (strcmp(name, functionNames[i]) == 0) *function = i;
  }
  return *function >= 0;
}

static bool parseRule(Script *made, Words *words, Action action, const char *line) {
  if (made->ruleCount == MAXIMUM_RULES) return false;
  Rule *rule = &made->rules[made->ruleCount];
  *rule = (Rule){.action = action};
  if (!takeFunction(words, &rule->function)) return false;
  if (action == ACTION_FAIL && !takeNumber(words, &rule->code)) return false;
  if (action == ACTION_DELAY && !takeNumber(words, &rule->milliseconds)) return false;
  while (words->next < words->count) {
    if (takeIf(words, "before")) continue;
    if (takeIf(words, "after")) {
      rule->after = true;
      continue;
    }
    unsigned long *counts[] = {&rule->on, &rule->from, &rule->every, &rule->times};
    const char *names[] = {"on", "from", "every", "times"};
    bool isKnown = false;
    for (int i = 0; i < 4 && !isKnown; i++) {
      isKnown = takeIf(words, names[i]);
      if (isKnown && (!takeNumber(words, counts[i]) || *counts[i] == 0)) return false;
    }
    if (!isKnown) return false;
  }
  rule->state = ruleState(line);
  made->ruleCount++;
  return true;
}

static const struct {
  const char *name;
  Action action;
} actions[] = {
  {"fail", ACTION_FAIL}, {"delay", ACTION_DELAY}, {"hang", ACTION_HANG}, {"kill", ACTION_KILL},
  {"crash", ACTION_CRASH},
  {"drop-sessions", ACTION_DROP_SESSIONS}, {"drop-login", ACTION_DROP_LOGIN}, {"drop-objects", ACTION_DROP_OBJECTS},
  {"deinitialize", ACTION_DEINITIALIZE},
};

// ---- attributes ----

static bool takeValue(Words *words, AttributeRule *rule) {
  const char *word = take(words);
  if (!word) return false;
  CK_ULONG number;
  if (strcmp(word, "TRUE") == 0 || strcmp(word, "FALSE") == 0) {
    rule->value[0] = strcmp(word, "TRUE") == 0;
    rule->valueLength = 1;
  } else if (strncmp(word, "hex:", 4) == 0) {
    for (word += 4; word[0] && word[1]; word += 2) {
      unsigned int byte;
      if (rule->valueLength == sizeof rule->value || sscanf(word, "%2x", &byte) != 1) return false;
      rule->value[rule->valueLength++] = (CK_BYTE)byte;
    }
    if (*word) return false;
  } else if (parseNumber(word, &number)) {
    memcpy(rule->value, &number, sizeof number);
    rule->valueLength = sizeof number;
  } else {
    if (strlen(word) > sizeof rule->value) return false;
    memcpy(rule->value, word, strlen(word));
    rule->valueLength = strlen(word);
  }
  rule->hasValue = true;
  return true;
}

static bool parseAttribute(Script *made, Words *words, AttributeAction action, CK_RV code) {
  static const struct {
    const char *name;
    int halves, uses;
  } places[] = {{"public", HALF_PUBLIC, 0}, {"private", HALF_PRIVATE, 0}, {"other", HALF_OTHER, 0}, {"create", 0, USE_CREATE},
                {"generate", 0, USE_GENERATE}, {"set", 0, USE_SET}, {"find", 0, USE_FIND}};
  if (made->attributeCount == MAXIMUM_ATTRIBUTE_RULES) return false;
  AttributeRule *rule = &made->attributes[made->attributeCount];
  *rule = (AttributeRule){.action = action, .code = code};
  if (!takeNumber(words, &rule->type)) return false;
  if (takeIf(words, "=") && !takeValue(words, rule)) return false;
  if (action == ATTRIBUTE_LIMIT && !takeNumber(words, &rule->limit)) return false;
  if (!rule->hasValue && (action == ATTRIBUTE_DEFAULT || action == ATTRIBUTE_FORCE || action == ATTRIBUTE_NOTE)) {
    return false;
  }
  takeNumber(words, &rule->code);
  while (words->next < words->count) {
    bool isKnown = false;
    for (size_t i = 0; i < sizeof places / sizeof *places && !isKnown; i++) {
      isKnown = takeIf(words, places[i].name);
      if (isKnown) {
        rule->halves |= places[i].halves;
        rule->uses |= places[i].uses;
      }
    }
    if (!isKnown) return false;
  }
  if (!rule->halves) rule->halves = HALF_ALL;
  if (!rule->uses) rule->uses = USE_CREATE | USE_GENERATE;
  made->attributeCount++;
  return true;
}

static const struct {
  const char *name;
  AttributeAction action;
  CK_RV code;
} attributeActions[] = {
  {"refuse-attribute", ATTRIBUTE_REFUSE, CKR_ATTRIBUTE_TYPE_INVALID}, {"require-attribute", ATTRIBUTE_REQUIRE, CKR_TEMPLATE_INCOMPLETE},
  {"limit-attribute", ATTRIBUTE_LIMIT, CKR_ATTRIBUTE_VALUE_INVALID},
  {"default-attribute", ATTRIBUTE_DEFAULT, 0}, {"swallow-attribute", ATTRIBUTE_SWALLOW, 0}, {"hide-attribute", ATTRIBUTE_HIDE, 0},
  {"force-attribute", ATTRIBUTE_FORCE, 0}, {"note-attribute", ATTRIBUTE_NOTE, 0},
};

// ---- settings ----

#define MEMBER(name, member) {name, offsetof(Script, member)}
#define TEXT(name, member) {name, offsetof(Script, member), sizeof ((Script *)0)->member}

static const struct { const char *name; size_t offset; } switches[] = {
  MEMBER("log", log), MEMBER("finalize-backend", finalizeBackend), MEMBER("fork-rule", forkRule), MEMBER("token-absent", tokenAbsent),
  MEMBER("uninitialized", uninitialized),
  MEMBER("pin-flags", pinFlags), MEMBER("protected-path", protectedPath), MEMBER("pad-cancel", padCancel),
  MEMBER("always-authenticate", alwaysAuthenticate), MEMBER("strict-authenticate", strictAuthenticate),
  MEMBER("sign-recover", signRecover),
};

static const struct { const char *name; size_t offset; } numbers[] = {
  MEMBER("pin-tries", pinTries), MEMBER("so-pin-tries", soPinTries), MEMBER("user-failures", userFailures),
  MEMBER("so-failures", soFailures), MEMBER("pad-refuses-pin", padRefusesPin), MEMBER("max-sessions", maxSessions),
  MEMBER("max-rw-sessions", maxRwSessions), MEMBER("idle-expiry", idleMilliseconds),
  MEMBER("wrap-length", wrapLength), MEMBER("copy-number", copyNumber),
};

static const struct { const char *name; size_t offset, size; } texts[] = {
  TEXT("backend", backend), TEXT("token", token), TEXT("pin", pin), TEXT("so-pin", soPin), TEXT("pad-pin", padPin),
  TEXT("pad-so-pin", padSoPin), TEXT("pad-new-pin", padNewPin), TEXT("token-info label", label),
  TEXT("token-info manufacturer", manufacturer), TEXT("token-info model", model), TEXT("token-info serial", serial),
  TEXT("module-info manufacturer", moduleManufacturer), TEXT("module-info description", moduleDescription),
};

static bool takeClaim(Words *words, bool *has, CK_ULONG *claim) {
  *has = true;
  *claim = CK_UNAVAILABLE_INFORMATION;
  return takeIf(words, "unavailable") || takeNumber(words, claim);
}

static bool takeRefusal(Words *words, CK_RV *refusal, CK_RV code) {
  *refusal = code;
  return words->next == words->count || takeNumber(words, refusal);
}

static bool takeMechanisms(Words *words, CK_MECHANISM_TYPE *list, int *count) {
  while (words->next < words->count) {
    if (*count == MAXIMUM_MECHANISMS || !takeNumber(words, &list[*count])) return false;
    ++*count;
  }
  return *count > 0;
}

static bool parseFlag(Script *made, Words *words) {
  CK_ULONG flag;
  if (!takeNumber(words, &flag)) return false;
  if (takeIf(words, "on")) made->flagsAdded |= flag;
  else if (takeIf(words, "off")) made->flagsRemoved |= flag;
  else return false;
  return true;
}

static bool parseAddedMechanism(Script *made, Words *words) {
  if (made->addedCount == MAXIMUM_MECHANISMS) return false;
  AddedMechanism *added = &made->added[made->addedCount++];
  CK_MECHANISM_INFO *information = &added->information;
  return takeNumber(words, &added->type) && takeNumber(words, &information->ulMinKeySize) &&
    takeNumber(words, &information->ulMaxKeySize) && takeNumber(words, &information->flags);
}

static bool parseText(Script *made, char *text);

static bool parseSetting(Script *made, Words *words, const char *name) {
  if (strcmp(name, "claim-sessions") == 0) return takeClaim(words, &made->hasClaimedSessions, &made->claimedSessions);
  if (strcmp(name, "claim-rw-sessions") == 0) return takeClaim(words, &made->hasClaimedRwSessions, &made->claimedRwSessions);
  if (strcmp(name, "no-read-only-sessions") == 0) return takeRefusal(words, &made->readOnlyRefusal, CKR_SESSION_READ_ONLY);
  if (strcmp(name, "no-read-write-sessions") == 0) return takeRefusal(words, &made->readWriteRefusal, CKR_TOKEN_WRITE_PROTECTED);
  if (strcmp(name, "open-burst") == 0) {
    return takeNumber(words, &made->burstCount) && takeNumber(words, &made->burstMilliseconds) &&
      takeRefusal(words, &made->burstRefusal, CKR_ARGUMENTS_BAD);
  }
  if (strcmp(name, "token-flag") == 0) return parseFlag(made, words);
  if (strcmp(name, "hide-mechanism") == 0) return takeMechanisms(words, made->hidden, &made->hiddenCount);
  if (strcmp(name, "only-mechanisms") == 0) return takeMechanisms(words, made->only, &made->onlyCount);
  if (strcmp(name, "add-mechanism") == 0) return parseAddedMechanism(made, words);
  if (strcmp(name, "dialect") == 0) {
    const char *lines = dialectLines(words->next < words->count ? take(words) : "");
    char *copy = lines ? strdup(lines) : NULL;
    bool isRead = copy && parseText(made, copy);
    free(copy);
    return isRead;
  }
  return false;
}

static bool parseWords(Script *made, Words *words, const char *line) {
  const char *name = take(words);
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
    if (strcmp(name, actions[i].name) == 0) return parseRule(made, words, actions[i].action, line);
  }
  for (size_t i = 0; i < sizeof attributeActions / sizeof *attributeActions; i++) {
    if (strcmp(name, attributeActions[i].name) == 0) {
      return parseAttribute(made, words, attributeActions[i].action, attributeActions[i].code);
    }
  }
  for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
    if (strcmp(name, switches[i].name) != 0) continue;
    bool isOn = takeIf(words, "on");
    *(bool *)((char *)made + switches[i].offset) = isOn;
    return isOn || takeIf(words, "off");
  }
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(name, numbers[i].name) == 0) return takeNumber(words, (CK_ULONG *)((char *)made + numbers[i].offset));
  }
  char full[64];
  bool isGroup = strcmp(name, "token-info") == 0 || strcmp(name, "module-info") == 0;
  const char *member = isGroup ? take(words) : NULL;
  snprintf(full, sizeof full, "%s%s%s", name, member ? " " : "", member ? member : "");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(full, texts[i].name) == 0) return takeText(words, (char *)made + texts[i].offset, texts[i].size);
  }
  return parseSetting(made, words, name);
}

// ---- lines and files ----

// Splits a line in place. False when a quotation does not end, or there are too many words.
static bool split(char *line, Words *words) {
  *words = (Words){0};
  for (;;) {
    line += strspn(line, " \t\r");
    if (!*line || *line == '#') return true;
    if (words->count == MAXIMUM_WORDS) return false;
    bool isQuoted = *line == '"';
    if (isQuoted) line++;
    words->words[words->count++] = line;
    line += strcspn(line, isQuoted ? "\"" : " \t\r");
    if (isQuoted && !*line) return false;
    if (*line) *line++ = 0;
  }
}

static bool parseText(Script *made, char *text) {
  char *rest = text;
  for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
    char *whole = strdup(line);
    Words words;
    bool isRead = whole && split(line, &words);
    if (isRead && words.count) isRead = parseWords(made, &words, whole) && words.next == words.count;
    if (!isRead) logEvent("SCRIPT-ERROR %s", whole);
    free(whole);
    if (!isRead) return false;
  }
  return true;
}

static char *readFile(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return NULL;
  char *text = calloc(1, 1 << 16);
  if (text) text[fread(text, 1, (1 << 16) - 1, file)] = 0;
  fclose(file);
  return text;
}

void refreshScript(void) {
  static struct stat last;
  static bool isGone;
  char path[2200];
  struct stat now;
  besideModule(path, sizeof path, ".script");
  if (stat(path, &now) != 0) {
    // The test is over, or never began: the settings stay as they are, and nothing goes wrong any more.
    if (isGone) return;
    forgetRules();
    isGone = true;
    memset(&last, 0, sizeof last);
    return;
  }
  if (now.st_ino == last.st_ino && now.st_size == last.st_size && now.st_mtim.tv_sec == last.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == last.st_mtim.tv_nsec) {
    return;
  }
  char *text = readFile(path);
  // Scripts are kept for ever: calls that go on meanwhile may hold one.
  Script *made = malloc(sizeof *made);
  if (!text || !made) {
    free(text);
    free(made);
    return;
  }
  *made = (Script){.log = true, .pinFlags = true, .strictAuthenticate = true};
  forgetRules();
  made->isBroken = !parseText(made, text);
  resetAbsentRules();
  free(text);
  last = now;
  isGone = false;
  atomic_store_explicit(&current, made, memory_order_release);
}

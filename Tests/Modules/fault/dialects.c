// Dialects of vendors, in the words of a script.

#include "fault.h"

#include <string.h>

static const struct {
  const char *name, *lines;
} dialects[] = {
  {"plain", ""},
};

const char *dialectLines(const char *name) {
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
    if (strcmp(dialects[i].name, name) == 0) return dialects[i].lines;
  }
  return NULL;
}

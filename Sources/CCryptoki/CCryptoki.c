// SwiftPM wants a C target to have a source file. There is no logic here: this compiles the headers on their own and holds the
// two assumptions that Swift's side makes about them.

#include "CCryptoki.h"

#include <stddef.h>

_Static_assert(sizeof(CK_ULONG) == sizeof(void *), "CK_ULONG must be as wide as a pointer");
_Static_assert(offsetof(CK_FUNCTION_LIST_3_0, C_WaitForSlotEvent) == offsetof(CK_FUNCTION_LIST, C_WaitForSlotEvent),
               "a 3.0 function list must begin as a 2.40 one");

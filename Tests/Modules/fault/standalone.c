// The token of its own, for tests without SoftHSM.

#include "fault.h"

CK_FUNCTION_LIST standaloneFunctions = {.version = {2, 40}};

// The binary interface of PKCS #11 (Cryptoki), as far as this project uses it.
//
// Written from the OASIS standard (PKCS #11 2.40 and 3.0); numbers, names and orders are the standard's. Two deliberate differences,
// neither of which changes the binary interface: what a function only reads is `const`, and there are no `_PTR` type names.
// Structures have natural alignment, as on every platform but Windows.
//
// A test compares every size, offset, function slot and constant below with two independent headers.

#ifndef CCRYPTOKI_H
#define CCRYPTOKI_H

#include "CryptokiTypes.h"
#include "CryptokiFunctions.h"
#include "CryptokiReturnValues.h"
#include "CryptokiConstants.h"
#include "CryptokiMechanisms.h"

#endif

#ifndef CPLAINLOOP_H
#define CPLAINLOOP_H

// What a C program would write: sign in a loop, with no care for anything. The measure for what our binding adds.

typedef struct PlainLoop PlainLoop;

// Opens a session of its own with a slot of a module that this process has initialised. NULL when that fails.
PlainLoop *_Nullable PlainLoopOpen(const char *_Nonnull modulePath, unsigned long slot);

// Signs 32 bytes `count` times. Returns 0, or the first return value that is not CKR_OK.
unsigned long PlainLoopSign(PlainLoop *_Nonnull loop, unsigned long mechanism, unsigned long key, unsigned long count);

// Searches for the one private key with a value of an attribute (CKA_ID, CKA_LABEL). Returns 0, the first return value that is not CKR_OK,
// or -1 when the search did not find exactly one.
unsigned long PlainLoopFind(
  PlainLoop *_Nonnull loop, unsigned long attribute, const unsigned char *_Nonnull value, unsigned long length);

// Searches once for every object and reads the same attributes of each with one call, room and all. Tells how many objects there were.
// Returns 0, or the first return value that is about more than single attributes.
unsigned long PlainLoopReadAll(
  PlainLoop *_Nonnull loop, const unsigned long *_Nonnull types, const unsigned long *_Nonnull rooms, unsigned long count,
  unsigned long *_Nonnull objects);

// Generates `count` RSA-2048 key pairs on the token, of the kind that signs and never leaves it. The session must be logged in. Returns 0, or
// the first return value that is not CKR_OK.
unsigned long PlainLoopGenerate(PlainLoop *_Nonnull loop, const unsigned char *_Nonnull label, unsigned long length, unsigned long count);

void PlainLoopClose(PlainLoop *_Nonnull loop);

#endif

#ifndef CPLAINLOOP_H
#define CPLAINLOOP_H

// What a C program would write: sign in a loop, with no care for anything. The measure for what our binding adds.

typedef struct PlainLoop PlainLoop;

// Opens a session of its own with a slot of a module that this process has initialised. NULL when that fails.
PlainLoop *_Nullable PlainLoopOpen(const char *_Nonnull modulePath, unsigned long slot);

// Signs 32 bytes `count` times. Returns 0, or the first return value that is not CKR_OK.
unsigned long PlainLoopSign(PlainLoop *_Nonnull loop, unsigned long mechanism, unsigned long key, unsigned long count);

// Searches `count` times for the one object with a class and a label. Returns 0, the first return value that is not CKR_OK, or -1 when the
// search did not find exactly one.
unsigned long PlainLoopFind(
  PlainLoop *_Nonnull loop, unsigned long objectClass, const char *_Nonnull label, unsigned long labelLength, unsigned long count);

void PlainLoopClose(PlainLoop *_Nonnull loop);

#endif

#pragma once
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

// What Swift cannot import from glibc: prctl is variadic, environ is a mutable global.

static inline int dbassist_prctl(int option, unsigned long value) { return prctl(option, value, 0UL, 0UL, 0UL); }

extern char **environ;
static inline char *_Nullable *_Nullable dbassist_environ(void) { return environ; }

#pragma once
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

// What Swift 6 does not let be read: a mutable global of glibc.
extern char **environ;
static inline char *_Nullable *_Nullable dbassist_environ(void) { return environ; }

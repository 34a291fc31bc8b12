#pragma once
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own main loop, for programs that have a main of theirs: https://llvm.org/docs/LibFuzzer.html */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));

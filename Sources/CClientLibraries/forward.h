#pragma once

#include "client_libraries.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// FUNCTIONS(X) is a file's list of X(result, name, (parameters), (arguments)), each as the library's own header declares it: the
// compiler holds one against the other. FORWARD defines those functions here, so that nothing is linked, and lets each jump to
// the library's own once it is loaded.

#define FORWARD_POINTER(result, name, parameters, arguments) result(*name) parameters;
#define FORWARD_FUNCTION(result, name, parameters, arguments) \
    __attribute__((visibility("hidden"))) result name parameters { return real.name arguments; }
#define FORWARD_FIND(result, name, parameters, arguments) \
    if (!(*(void **)&found.name = dlsym(library, #name))) return dlerror();

#define FORWARD(library_name, file) \
    static struct { FUNCTIONS(FORWARD_POINTER) } real; \
    FUNCTIONS(FORWARD_FUNCTION) \
    static const char *find_functions(void) { \
        __typeof__(real) found; \
        void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL); \
        if (!library) return dlerror(); \
        FUNCTIONS(FORWARD_FIND) \
        real = found; \
        return NULL; \
    } \
    static char failure[512]; \
    static void load(void) { \
        const char *error = find_functions(); \
        if (error) snprintf(failure, sizeof failure, "%s", error); \
    } \
    const char *library_name##_load(void) { \
        static pthread_once_t once = PTHREAD_ONCE_INIT; \
        pthread_once(&once, load); \
        return failure[0] ? failure : NULL; \
    }

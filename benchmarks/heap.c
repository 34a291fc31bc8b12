// Writes again and again how many bytes a process has from malloc, into the file that HEAP_FILE names. To be preloaded into it.
//
// Resident memory also has what the C library keeps of freed memory, and moves by megabytes; this is what somebody still holds.

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void *tell(void *file) {
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    int descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    while (descriptor >= 0) {
        struct mallinfo2 heap = mallinfo2();
        char line[32];
        int length = snprintf(line, sizeof line, "%20zu\n", heap.uordblks + heap.hblkhd);
        // Always of the same length, so that a reader sees one number or another.
        if (pwrite(descriptor, line, (size_t)length, 0) != length) break;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void) {
    pthread_t thread;
    char *file = getenv("HEAP_FILE");
    if (file != NULL && pthread_create(&thread, NULL, tell, file) == 0) pthread_detach(thread);
}

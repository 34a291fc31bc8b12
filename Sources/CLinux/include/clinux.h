#pragma once
/* What Linux has and Swift's Glibc module does not show: calls behind _GNU_SOURCE, and variadic ones. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdint.h>

/* Names the calling thread, at most 15 bytes (pthread_setname_np(3)). */
void linux_set_thread_name(const char *name);

/* Lets a thread with these attributes begin on another processor than the calling thread's, where there is one. */
void linux_begin_elsewhere(pthread_attr_t *attributes);

/* Lets the calling thread run on every processor that the process's first thread may run on. */
void linux_run_anywhere(void);

/* The kernel's id of the calling thread (gettid(2)). */
int32_t linux_thread_id(void);

/* A pipe with both ends close-on-exec (pipe2(2)); 0 or -1. */
int linux_pipe_cloexec(int ends[2]);

/* No core dumps or ptrace of this process, no new privileges for it or its children (prctl(2)); 0 or -1. */
int linux_harden_process(void);

/* At most this many heaps for all threads (mallopt(3)): what one frees can be used by the others. Before there is a second thread. */
void linux_limit_heaps(int count);

/* Gives memory that was freed back to the kernel (malloc_trim(3)). */
void linux_trim_heaps(void);

/* Whether the process was hardened: 1 or 0. */
int linux_is_process_hardened(void);

// Measures what verifying a password costs at least: pwverify OPERATIONS BYTES ROUNDS calls libsodium's crypto_pwhash_str_verify
// and nothing else, and prints the median time of one call.

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int by_size(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    static const char password[] = "nine lives of an engine";
    char hash[crypto_pwhash_STRBYTES];
    if (count != 4 || sodium_init() < 0) {
        fputs("Usage: pwverify OPERATIONS BYTES ROUNDS\n", stderr);
        return 1;
    }
    unsigned long long operations = strtoull(arguments[1], NULL, 10);
    size_t bytes = strtoul(arguments[2], NULL, 10), rounds = strtoul(arguments[3], NULL, 10);
    double *times = calloc(rounds > 0 ? rounds : 1, sizeof *times);
    if (times == NULL || rounds == 0 || crypto_pwhash_str(hash, password, strlen(password), operations, bytes) != 0) {
        fputs("pwverify: these parameters do not work\n", stderr);
        return 1;
    }
    for (size_t round = 0; round < rounds; round++) {
        double start = now_ms();
        if (crypto_pwhash_str_verify(hash, password, strlen(password)) != 0) return 1;
        times[round] = now_ms() - start;
    }
    qsort(times, rounds, sizeof *times, by_size);
    printf("{\"p50Ms\":%.3f}\n", times[rounds / 2]);
    return 0;
}

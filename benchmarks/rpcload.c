// Drives a JSON-RPC server and measures it.
//
//   rpcload [OPTION...] --socket PATH        over a Unix socket
//   rpcload [OPTION...] -- COMMAND ARG...    over the standard input and output of a command it starts
//
//   --framing lsp|lines   Content-Length headers (default), or one JSON text a line
//   --mode load           send requests and print requests a second and latencies (default)
//   --mode start          start the command, wait for the answer to `initialize`, end it; print the time that took
//   --mode memory         start the command, wait for the answer to `initialize`, print its resident memory after --settle ms
//   --method NAME         what to call (default system.health)   --params JSON   with what (default {})
//   --requests N          how many (default 10000)               --depth N       how many at a time (default 1)
//   --connections N       over how many connections (default 1; --socket only)
//   --random N            a `@` in the params becomes a number from 1 to N, another one each time
//   --token TOKEN         log in with it first: auth.attach       --no-initialize       do not begin with `initialize`
//   --expect result|error fail on a reply of the other kind; notifications are read and dropped
//   --rounds N            how often to start, in the modes start and memory (default 1)
//   --settle MS           (default 300)
//
// Prints one JSON object. Exits 1 with a sentence on standard error if anything is not as it should be.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 1024, BUFFER_BYTES = 1 << 20, DEADLINE_S = 60 };

struct options {
    const char *socket, *mode, *method, *params, *expect, *token;
    char **command;
    long requests, rounds, settle_ms, random;
    int depth, connections;
    bool lines, initialize;
};

struct peer {
    pid_t pid;
    int in, out;  // we write to `in`, and read from `out`
    bool lines;
    char *buffer;
    size_t begin, end;
};

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("rpcload: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int by_size(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

// The quantile of sorted times.
static double quantile(const int64_t *sorted, long count, double share) {
    long index = (long)(share * (double)(count - 1) + 0.5);
    return (double)sorted[index];
}

// MARK: The peer

static void peer_connect(struct peer *peer, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("the path of the socket is too long");
    strcpy(address.sun_path, path);
    peer->in = peer->out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->in < 0 || connect(peer->in, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect to %s: %s", path, strerror(errno));
}

extern char **environ;

static void peer_spawn(struct peer *peer, char **command) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) fail("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int problem = posix_spawnp(&peer->pid, command[0], &actions, NULL, command, environ);
    if (problem != 0) fail("cannot start %s: %s", command[0], strerror(problem));
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    peer->in = to[1];
    peer->out = from[0];
}

static void peer_close(struct peer *peer) {
    close(peer->in);
    if (peer->out != peer->in) close(peer->out);
    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
    }
    free(peer->buffer);
}

static void peer_write(struct peer *peer, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(peer->in, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail("the server stopped reading: %s", strerror(errno));
        bytes += written;
        count -= (size_t)written;
    }
}

// Puts one framed message at `target`, which has room for it; answers its size.
static size_t frame(const struct peer *peer, char *target, size_t room, const char *text) {
    int size = peer->lines ? snprintf(target, room, "%s\n", text)
                           : snprintf(target, room, "Content-Length: %zu\r\n\r\n%s", strlen(text), text);
    if (size < 0 || (size_t)size >= room) fail("a request is too large");
    return (size_t)size;
}

// Waits for more bytes.
static void peer_read(struct peer *peer) {
    if (peer->begin > 0 && peer->end > BUFFER_BYTES / 2) {
        memmove(peer->buffer, peer->buffer + peer->begin, peer->end - peer->begin);
        peer->end -= peer->begin;
        peer->begin = 0;
    }
    if (peer->end == BUFFER_BYTES) fail("a reply is too large");
    for (;;) {
        ssize_t count = read(peer->out, peer->buffer + peer->end, BUFFER_BYTES - peer->end);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("the server closed the connection");
        peer->end += (size_t)count;
        return;
    }
}

// The next message that is here in full; false if there is none. It stays valid until the next peer_read.
static bool peer_next(struct peer *peer, const char **text, size_t *size) {
    char *from = peer->buffer + peer->begin;
    size_t there = peer->end - peer->begin;
    if (peer->lines) {
        char *newline = memchr(from, '\n', there);
        if (newline == NULL) return false;
        *text = from;
        *size = (size_t)(newline - from);
        peer->begin += *size + 1;
        return true;
    }
    char *body = memmem(from, there, "\r\n\r\n", 4);
    if (body == NULL) return false;
    char *header = memmem(from, (size_t)(body - from), "Content-Length:", 15);
    if (header == NULL) fail("the server sent something else than a frame: %.60s", from);
    body += 4;
    size_t length = strtoul(header + 15, NULL, 10);
    if ((size_t)(body - from) + length > there) return false;
    *text = body;
    *size = length;
    peer->begin += (size_t)(body - from) + length;
    return true;
}

// The id of a reply; -1 for what is none (a notification, a request of the server's).
static long reply_id(const char *text, size_t size) {
    if (memmem(text, size, "\"method\":", 9) != NULL) return -1;
    const char *id = memmem(text, size, "\"id\":", 5);
    if (id == NULL || id[5] < '0' || id[5] > '9') return -1;
    return strtol(id + 5, NULL, 10);
}

static void initialize(struct peer *peer) {
    char message[512];
    size_t size = frame(
        peer, message, sizeof message,
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"processId\":null,\"rootUri\":null,\"capabilities\":{}}}");
    peer_write(peer, message, size);
    const char *text;
    size_t length;
    do {
        while (!peer_next(peer, &text, &length)) peer_read(peer);
    } while (reply_id(text, length) != 0);
    if (memmem(text, length, "\"result\"", 8) == NULL) fail("initialize failed: %.*s", (int)length, text);
}

static struct peer peer_open(const struct options *options) {
    struct peer peer = {.lines = options->lines, .buffer = malloc(BUFFER_BYTES)};
    if (peer.buffer == NULL) fail("no memory");
    if (options->socket != NULL)
        peer_connect(&peer, options->socket);
    else
        peer_spawn(&peer, options->command);
    return peer;
}

// MARK: Modes

// One connection that keeps `depth` requests under way.
struct client {
    struct peer peer;
    char *text, *batch;
    size_t room;
    bool waiting[DEPTH_MAX];
    int64_t sent_at[DEPTH_MAX];
};

static void client_open(struct client *client, const struct options *options) {
    client->peer = peer_open(options);
    struct peer *peer = &client->peer;
    if (options->initialize) {
        initialize(peer);
        char message[128];
        peer_write(peer, message,
                   frame(peer, message, sizeof message, "{\"jsonrpc\":\"2.0\",\"method\":\"initialized\",\"params\":{}}"));
    }
    if (options->token != NULL) {
        char message[4096], framed[4300];
        snprintf(message, sizeof message, "{\"jsonrpc\":\"2.0\",\"method\":\"auth.attach\",\"params\":{\"token\":\"%s\"}}",
                 options->token);
        peer_write(peer, framed, frame(peer, framed, sizeof framed, message));
    }
    client->room = strlen(options->method) + strlen(options->params) + 256;
    client->text = malloc(client->room);
    client->batch = malloc(client->room * (size_t)options->depth);
    if (client->text == NULL || client->batch == NULL) fail("no memory");
}

// One request; a `@` in the params is a number from 1 to `random`, another one each time.
static void request_text(struct client *client, const struct options *options, int id) {
    static uint64_t state = 88172645463325252;
    const char *at = options->random > 0 ? strchr(options->params, '@') : NULL;
    const char *start = "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%.*s";
    int head = at == NULL ? (int)strlen(options->params) : (int)(at - options->params);
    int size = snprintf(client->text, client->room, start, id, options->method, head, options->params);
    if (at != NULL) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        size += snprintf(client->text + size, client->room - (size_t)size, "%ld%s",
                         (long)(state % (uint64_t)options->random) + 1, at + 1);
    }
    snprintf(client->text + size, client->room - (size_t)size, "}");
}

// Everything that may be sent now goes out in one write, as a pipelining client's would. Answers how many requests that were.
static long client_send(struct client *client, const struct options *options, long most) {
    size_t size = 0;
    long count = 0;
    for (int slot = 0; slot < options->depth && count < most; slot++) {
        if (client->waiting[slot]) continue;
        request_text(client, options, slot + 1);
        size += frame(&client->peer, client->batch + size, client->room, client->text);
        client->waiting[slot] = true;
        client->sent_at[slot] = now_ns();
        count++;
    }
    if (size > 0) peer_write(&client->peer, client->batch, size);
    return count;
}

// Reads what is there, and puts the time of each reply into `times`. Answers how many these were.
static long client_receive(struct client *client, const struct options *options, int64_t *times) {
    const char *reply;
    size_t length;
    long count = 0;
    peer_read(&client->peer);
    while (peer_next(&client->peer, &reply, &length)) {
        long id = reply_id(reply, length);
        if (id < 0) continue;
        if (id < 1 || id > options->depth || !client->waiting[id - 1]) fail("a reply to nothing: %.*s", (int)length, reply);
        const char *kind = memmem(reply, length, "\"error\":", 8) != NULL ? "error" : "result";
        if (options->expect != NULL && strcmp(kind, options->expect) != 0)
            fail("unexpected: %.*s", (int)(length < 300 ? length : 300), reply);
        times[count++] = now_ns() - client->sent_at[id - 1];
        client->waiting[id - 1] = false;
    }
    return count;
}

static void load(const struct options *options) {
    struct client *clients = calloc((size_t)options->connections, sizeof *clients);
    struct pollfd *ready = calloc((size_t)options->connections, sizeof *ready);
    int64_t *times = malloc(sizeof *times * (size_t)options->requests);
    if (clients == NULL || ready == NULL || times == NULL) fail("no memory");
    for (int at = 0; at < options->connections; at++) {
        client_open(&clients[at], options);
        ready[at] = (struct pollfd){.fd = clients[at].peer.out, .events = POLLIN, .revents = POLLIN};
    }
    long sent = 0, done = 0;
    int64_t start = now_ns();
    for (int at = 0; at < options->connections; at++) sent += client_send(&clients[at], options, options->requests - sent);
    while (done < options->requests) {
        // One connection is read without asking first: a system call less.
        if (options->connections > 1 && poll(ready, (nfds_t)options->connections, -1) < 0) fail("poll: %s", strerror(errno));
        for (int at = 0; at < options->connections; at++) {
            if (ready[at].revents == 0) continue;
            done += client_receive(&clients[at], options, times + done);
            sent += client_send(&clients[at], options, options->requests - sent);
        }
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    qsort(times, (size_t)done, sizeof *times, by_size);
    printf("{\"requestsPerSecond\":%.1f,\"p50Us\":%.2f,\"p99Us\":%.2f}\n", (double)done / seconds,
           quantile(times, done, 0.5) / 1e3, quantile(times, done, 0.99) / 1e3);
    for (int at = 0; at < options->connections; at++) peer_close(&clients[at].peer);
}

static void start(const struct options *options) {
    int64_t *times = malloc(sizeof *times * (size_t)options->rounds);
    if (times == NULL) fail("no memory");
    for (long round = 0; round < options->rounds; round++) {
        int64_t begin = now_ns();
        struct peer peer = peer_open(options);
        initialize(&peer);
        times[round] = now_ns() - begin;
        peer_close(&peer);
    }
    qsort(times, (size_t)options->rounds, sizeof *times, by_size);
    printf("{\"p50Ms\":%.3f,\"minMs\":%.3f}\n", quantile(times, options->rounds, 0.5) / 1e6, (double)times[0] / 1e6);
}

// VmRSS in KiB.
static int64_t resident(pid_t pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    int64_t size = 0;
    if (file == NULL) fail("the server ended");
    while (size == 0 && fgets(line, sizeof line, file) != NULL) {
        long found;
        if (sscanf(line, "VmRSS: %ld", &found) == 1) size = found;
    }
    fclose(file);
    return size;
}

static void memory(const struct options *options) {
    int64_t *sizes = malloc(sizeof *sizes * (size_t)options->rounds);
    if (sizes == NULL) fail("no memory");
    for (long round = 0; round < options->rounds; round++) {
        struct peer peer = peer_open(options);
        initialize(&peer);
        poll(NULL, 0, (int)options->settle_ms);
        sizes[round] = resident(peer.pid);
        peer_close(&peer);
    }
    qsort(sizes, (size_t)options->rounds, sizeof *sizes, by_size);
    printf("{\"residentKiB\":%.0f}\n", quantile(sizes, options->rounds, 0.5));
}

// MARK: Arguments

static long number(const char *text, long most) {
    char *end;
    long value = text == NULL ? 0 : strtol(text, &end, 10);
    if (value < 1 || value > most || *end != 0) fail("not a number from 1 to %ld: %s", most, text == NULL ? "nothing" : text);
    return value;
}

int main(int count, char **arguments) {
    struct options options = {
        .mode = "load", .method = "system.health", .params = "{}", .requests = 10000, .rounds = 1, .settle_ms = 300, .depth = 1,
        .connections = 1, .initialize = true};
    for (int at = 1; at < count; at++) {
        const char *name = arguments[at];
        if (strcmp(name, "--") == 0) {
            if (at + 1 < count) options.command = arguments + at + 1;
            break;
        }
        if (strcmp(name, "--no-initialize") == 0) {
            options.initialize = false;
            continue;
        }
        const char *value = at + 1 < count ? arguments[++at] : NULL;
        if (value == NULL) fail("%s needs a value", name);
        if (strcmp(name, "--socket") == 0) options.socket = value;
        else if (strcmp(name, "--mode") == 0) options.mode = value;
        else if (strcmp(name, "--method") == 0) options.method = value;
        else if (strcmp(name, "--token") == 0) options.token = value;
        else if (strcmp(name, "--params") == 0) options.params = value;
        else if (strcmp(name, "--expect") == 0) options.expect = value;
        else if (strcmp(name, "--framing") == 0) options.lines = strcmp(value, "lines") == 0;
        else if (strcmp(name, "--requests") == 0) options.requests = number(value, 100000000);
        else if (strcmp(name, "--rounds") == 0) options.rounds = number(value, 100000);
        else if (strcmp(name, "--settle") == 0) options.settle_ms = number(value, 60000);
        else if (strcmp(name, "--random") == 0) options.random = number(value, 1000000000);
        else if (strcmp(name, "--connections") == 0) options.connections = (int)number(value, 256);
        else if (strcmp(name, "--depth") == 0) options.depth = (int)number(value, DEPTH_MAX);
        else fail("no such option: %s", name);
    }
    bool spawns = options.command != NULL;
    if (spawns == (options.socket != NULL)) fail("name either --socket PATH or a command after --");
    signal(SIGPIPE, SIG_IGN);
    // A server that does not answer must not hold up the one who measures.
    alarm(DEADLINE_S);
    if (strcmp(options.mode, "load") == 0) load(&options);
    else if (strcmp(options.mode, "start") == 0 && spawns) start(&options);
    else if (strcmp(options.mode, "memory") == 0 && spawns) memory(&options);
    else fail("no such mode here: %s", options.mode);
    return 0;
}

import Foundation
import Glibc
import TestSupport
import Testing

/// Calls of the C library that fail when a test says so, while the daemon runs: a library that is loaded before all others.
///
/// For what strace(1) cannot do: memory that is not there, calls that write a part, and faults that come and go.
final class FaultShim: Sendable {
    struct Calls: OptionSet, Sendable {
        let rawValue: Int32
        /// malloc, calloc, realloc and their like answer that there is no memory.
        static let memory = Calls(rawValue: 1)
        /// Whatever changes a regular file fails.
        static let files = Calls(rawValue: 2)
        /// Whatever writes, to files and sockets, writes the half and says so.
        static let halves = Calls(rawValue: 4)
        /// Whatever sends to a socket fails.
        static let sends = Calls(rawValue: 8)
        /// Whatever reads from a socket fails.
        static let receptions = Calls(rawValue: 16)
    }

    /// As ``source`` has it.
    private struct Control {
        var calls: Int32 = 0
        var error: Int32 = 0
        var at: Int64 = 0
        var isPersistent: Int64 = 0
        var count: Int64 = 0
        var injected: Int64 = 0
    }

    /// Why tests that need it are skipped, where it does not work.
    static let isUsable = (try? ChildProcess.run(["cc", "--version"])) != nil
    static let reason: Comment = "there is no C compiler here (Debian: apt install gcc libc6-dev)"

    private let library: String
    private let path: String
    private let descriptor: Int32

    /// Compiles the library in a directory, one for each.
    init(in directory: TemporaryDirectory) throws {
        let source = directory.appending("shim.c")
        library = directory.appending("shim.so")
        path = directory.appending("shim")
        try Self.source.write(toFile: source, atomically: false, encoding: .utf8)
        try ChildProcess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-ldl"])
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChildProcess.Failure("cannot make \(path)") }
        mend()
    }

    deinit { close(descriptor) }

    /// For ``DaemonProcess/start(_:in:launcher:)``.
    var launcher: [String] { ["env", "LD_PRELOAD=\(library)", "FAULT_CONTROL=\(path)"] }

    /// From now on these calls fail: the one that is `after` from now, or all from there on.
    func set(_ calls: Calls, error: Int32 = 0, after: Int = 1, isPersistent: Bool) {
        write(Control(calls: calls.rawValue, error: error, at: Int64(after), isPersistent: isPersistent ? 1 : 0))
    }

    /// Nothing fails any more.
    func mend() { write(Control()) }

    /// How many calls have failed since ``set(_:error:after:isPersistent:)``.
    var injected: Int {
        var control = Control()
        guard pread(descriptor, &control, MemoryLayout<Control>.size, 0) == MemoryLayout<Control>.size else { return 0 }
        return Int(control.injected)
    }

    private func write(_ control: Control) {
        var control = control
        _ = pwrite(descriptor, &control, MemoryLayout<Control>.size, 0)
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/uio.h>
        #include <unistd.h>

        enum { memory = 1, files = 2, halves = 4, sends = 8, receptions = 16 };
        struct control { int calls, error; long at, persistent, count, injected; };
        static struct control *control;

        __attribute__((constructor)) static void begin(void) {
            const char *path = getenv("FAULT_CONTROL");
            int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
            if (fd < 0) return;
            void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            close(fd);
            if (mapped != MAP_FAILED) control = mapped;
        }

        static int strikes(int call) {
            if (!control || !(__atomic_load_n(&control->calls, __ATOMIC_ACQUIRE) & call)) return 0;
            long number = __atomic_add_fetch(&control->count, 1, __ATOMIC_RELAXED);
            if (number != control->at && !(control->persistent && number > control->at)) return 0;
            __atomic_add_fetch(&control->injected, 1, __ATOMIC_RELAXED);
            errno = control->error;
            return 1;
        }

        static int is(int fd, mode_t kind) {
            struct stat found;
            int before = errno, answer = fstat(fd, &found) == 0 && (found.st_mode & S_IFMT) == kind;
            errno = before;
            return answer;
        }
        static int fails(int fd, mode_t kind, int call) {
            return control && control->calls & call && is(fd, kind) && strikes(call);
        }

        static size_t part(size_t size) { return size > 1 && strikes(halves) ? (size + 1) / 2 : size; }

        void *__libc_malloc(size_t);
        void *__libc_calloc(size_t, size_t);
        void *__libc_realloc(void *, size_t);
        void *__libc_memalign(size_t, size_t);
        void *malloc(size_t size) { return strikes(memory) ? NULL : __libc_malloc(size); }
        void *calloc(size_t count, size_t size) { return strikes(memory) ? NULL : __libc_calloc(count, size); }
        void *realloc(void *old, size_t size) { return strikes(memory) ? NULL : __libc_realloc(old, size); }
        void *aligned_alloc(size_t to, size_t size) { return strikes(memory) ? NULL : __libc_memalign(to, size); }
        int posix_memalign(void **made, size_t to, size_t size) {
            if (strikes(memory)) return ENOMEM;
            *made = __libc_memalign(to, size);
            return *made ? 0 : ENOMEM;
        }

        #define NEXT(name) ({ static __typeof__(&name) next; if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); next; })

        ssize_t write(int fd, const void *from, size_t size) {
            if (fails(fd, S_IFREG, files) || fails(fd, S_IFSOCK, sends)) return -1;
            return NEXT(write)(fd, from, part(size));
        }
        ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
            return strikes(files) ? -1 : NEXT(pwrite)(fd, from, part(size), at);
        }
        ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
            return strikes(files) ? -1 : NEXT(pwrite64)(fd, from, part(size), at);
        }
        int ftruncate(int fd, off_t size) { return strikes(files) ? -1 : NEXT(ftruncate)(fd, size); }
        int ftruncate64(int fd, off64_t size) { return strikes(files) ? -1 : NEXT(ftruncate64)(fd, size); }
        ssize_t send(int fd, const void *from, size_t size, int flags) {
            return fails(fd, S_IFSOCK, sends) ? -1 : NEXT(send)(fd, from, part(size), flags);
        }
        ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
            return fails(fd, S_IFSOCK, sends) ? -1 : NEXT(sendmsg)(fd, message, flags);
        }
        ssize_t read(int fd, void *to, size_t size) {
            return fails(fd, S_IFSOCK, receptions) ? -1 : NEXT(read)(fd, to, size);
        }
        ssize_t recv(int fd, void *to, size_t size, int flags) {
            return fails(fd, S_IFSOCK, receptions) ? -1 : NEXT(recv)(fd, to, size, flags);
        }
        ssize_t writev(int fd, const struct iovec *pieces, int count) {
            if (fails(fd, S_IFSOCK, sends)) return -1;
            if (count > 0 && strikes(halves)) return NEXT(write)(fd, pieces[0].iov_base, (pieces[0].iov_len + 1) / 2);
            return NEXT(writev)(fd, pieces, count);
        }
        """#
}

// swift-tools-version: 6.2

import PackageDescription

/// For modules that import C libraries: headers of libc that a library includes can come to count as that library's own, in
/// an order that varies from build to build, so member import visibility is left out.
let settingsWithC: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let settings: [SwiftSetting] = settingsWithC + [.enableUpcomingFeature("MemberImportVisibility")]

let package = Package(
    name: "dbassistd",
    products: [
        .executable(name: "dbassistd", targets: ["RPCDaemon"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // MARK: Assistant

        .target(name: "Assistant", dependencies: ["Databases", "Protocol"], swiftSettings: settings),
        .testTarget(
            name: "AssistantTests", dependencies: ["Assistant", "Databases", "Protocol", "TestSupport"], swiftSettings: settings),

        // MARK: What Linux has and Swift's Glibc module does not show

        .target(name: "CLinux"),

        // MARK: C libraries, each imported by exactly one module

        .systemLibrary(name: "CLibpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CMariaDB", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // libpq and libmariadb are not linked: this defines the functions in use and loads the libraries when they are needed.
        .target(name: "CClientLibraries"),

        // MARK: Databases

        .target(
            name: "Databases",
            dependencies: ["CClientLibraries", "CLibpq", "CMariaDB", "CSQLite", "Protocol", "Threads"],
            swiftSettings: settingsWithC
        ),
        // Corpora are read from the source tree, by #filePath.
        .testTarget(
            name: "DatabasesTests", dependencies: ["Databases", "TestSupport", "Threads"], exclude: ["Corpora"],
            swiftSettings: settings),

        // Connections, pool and results, on a scripted driver: apart from the drivers' tests, which block threads.
        .testTarget(
            name: "ConnectionsTests", dependencies: ["Databases", "Protocol", "TestSupport", "Threads"], swiftSettings: settings),

        // MARK: Fuzzing: what is run on any bytes, and the test of what was found; scripts/fuzz builds the program

        .target(
            name: "FuzzTargets", dependencies: ["Assistant", "Databases", "Protocol", "Security"], path: "Tests/FuzzTargets",
            swiftSettings: settings),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: settings),

        // MARK: Handlers

        .target(
            name: "Handlers",
            dependencies: [
                "Assistant", "Databases", "Models", "Protocol", "Security", "Store", "Threads",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "HandlersTests", dependencies: ["Handlers", "TestSupport", "Threads"], swiftSettings: settings),

        // MARK: Models

        .target(
            name: "Models",
            dependencies: [
                "Protocol",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "Protocol", "TestSupport"], swiftSettings: settings),

        // MARK: Protocol

        .target(name: "Protocol", swiftSettings: settings),
        .testTarget(name: "ProtocolTests", dependencies: ["Protocol", "TestSupport"], swiftSettings: settings),

        // MARK: RPCDaemon

        .executableTarget(
            name: "RPCDaemon",
            dependencies: [
                "CYAML", "Databases", "Handlers", "Models", "Protocol", "Security", "Store", "Threads", "Transport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DaemonTests", dependencies: ["Protocol", "TestSupport", "RPCDaemon"], exclude: ["Corpora"],
            swiftSettings: settings),

        // MARK: Security

        .target(
            name: "Security",
            dependencies: ["CLinux", "CSodium", "Protocol", "Threads"],
            exclude: ["Passwords/common-passwords.LICENSE"],
            swiftSettings: settingsWithC
        ),
        .testTarget(
            name: "SecurityTests", dependencies: ["CLinux", "CSodium", "Security", "TestSupport"], swiftSettings: settings),

        // MARK: Store

        .target(name: "Store", dependencies: ["Databases", "Protocol", "Threads"], swiftSettings: settings),
        .testTarget(
            name: "StoreTests", dependencies: ["Databases", "Security", "Store", "TestSupport"], swiftSettings: settings),

        // MARK: TestSupport

        .target(
            name: "TestSupport",
            dependencies: [
                "Protocol", "Threads",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),

        // MARK: Threads

        .target(name: "Threads", dependencies: ["CLinux"], swiftSettings: settings),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"], swiftSettings: settings),

        // MARK: Transport

        .target(
            name: "Transport",
            dependencies: [
                "CLinux", "Protocol", "Threads",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: ["Transport", "TestSupport", .product(name: "NIOEmbedded", package: "swift-nio")],
            swiftSettings: settings
        ),
    ]
)

// libFuzzer is linked only where it is asked for: scripts/fuzz.
if Context.environment["DBASSIST_FUZZ"] != nil {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/CLibFuzzer"),
        .executableTarget(
            name: "dbassist-fuzz", dependencies: ["CLibFuzzer", "FuzzTargets"], path: "Tests/Fuzzing", exclude: ["Corpora"],
            swiftSettings: settings),
    ]
}

// The address sanitizer looks at the modules; the tests of the whole daemon are most of what there is to build.
if Context.environment["DBASSIST_TEST_SANITIZED"] != nil {
    package.targets.removeAll { ["DaemonTests", "RPCDaemon"].contains($0.name) }
    package.products = []
}

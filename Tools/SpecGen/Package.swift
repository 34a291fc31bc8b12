// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "SpecGen",
    products: [
        .executable(name: "specgen", targets: ["specgen"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(
            name: "SpecGenCore",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: settings
        ),
        .testTarget(name: "SpecGenCoreTests", dependencies: ["SpecGenCore"], swiftSettings: settings),
        .executableTarget(
            name: "specgen",
            dependencies: ["SpecGenCore", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Command",
            swiftSettings: settings
        ),
    ]
)

// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors where the project is checked; a newer compiler's warnings stop nobody else.
let warnings: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
  warnings + [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + ["Toolkit", "Wire"], swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let package = Package(
  name: "xodb",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CLinux"),

    // Thin wrappers, which know nothing of XODB.
    library("ZeroMQ", ["CZeroMQ"]),
    library("SQLite", ["CSQLite"]),

    // What travels: the line codec, the messages, values and their formats.
    library("Wire"),
    // What decides, without sockets, clocks or threads.
    library(
      "Broker",
      [
        "Wire", .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    library("Supervision", ["Wire"]),
    // What all tools share: diagnostics, exit statuses, signals, the run directory, events.
    library("Toolkit", ["CLinux", "Wire", "ZeroMQ"]),
    // The command lines of tools that serve.
    library("Commands", ["Toolkit", argumentParser]),
    // The loop around the broker.
    library(
      "Router",
      [
        "Broker", "CLinux", "Toolkit", "Wire", "ZeroMQ",
        .product(name: "DequeModule", package: "swift-collections"),
      ]),
    // What a client decides: which requests there are, when each is sent, what is printed; and the loop
    // around that.
    library(
      "Client",
      [
        "CLinux", "Toolkit", "Wire", "ZeroMQ",
        .product(name: "DequeModule", package: "swift-collections"),
      ]),
    // The worker loop, and the engine that ships.
    library("Worker", ["Toolkit", "Wire", "ZeroMQ"]),
    library("SQLEngine", ["SQLite", "Toolkit", "Wire", "Worker"]),

    tool("xodb-router", ["Commands", "Broker", "Router", "ZeroMQ", argumentParser]),
    tool("xodb-worker", ["Commands", "SQLEngine", "Worker", argumentParser]),
    tool("xodb-supervise", ["Commands", "CLinux", "Supervision", "ZeroMQ", argumentParser]),
    tool("xodb-events", ["Commands", "ZeroMQ", argumentParser]),
    tool("xodb-req", ["Client", "ZeroMQ"]),
    tool("xodb-node", ["Broker", "Client", "Router", "SQLEngine", "Worker", "ZeroMQ"]),

    tests(
      "Broker", ["Broker", "Wire", .product(name: "HeapModule", package: "swift-collections")]),
    tests(
      "Router",
      [
        "Client", "Broker", "Router", "Toolkit", "Wire", "ZeroMQ",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    tests("Client", ["Client", "Toolkit", "Wire", "ZeroMQ"]),
    tests("Wire", ["Wire"]),
    tests("WireValues", ["Wire"]),
    tests("ZeroMQ", ["ZeroMQ"]),
    tests("SQLite", ["SQLite"]),
    tests("SQLEngine", ["SQLEngine", "SQLite", "Toolkit", "Wire", "Worker"]),
    tests("Worker", ["Toolkit", "Wire", "Worker", "ZeroMQ"]),
    tests("Supervision", ["Supervision", "Wire"]),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    // The real worker loop around an engine that echoes, sleeps, crashes and hangs.
    .executableTarget(
      name: "xodb-test-worker",
      dependencies: ["Commands", "Toolkit", "Wire", "Worker", "ZeroMQ", argumentParser],
      path: "Tests/TestWorker", swiftSettings: settings),
    // Feeds everything that reads what comes from outside with what it should not be fed.
    .executableTarget(
      name: "xodb-fuzz",
      dependencies: [
        "Broker", "Client", "Commands", "Router", "Supervision", "TestSupport", "Toolkit", "Wire",
        "ZeroMQ", argumentParser,
      ],
      path: "Tests/Fuzz", swiftSettings: settings),
    // A whole cluster in one thread and from one seed. It compiles the broker's sources into itself,
    // and so sees all that these keep to themselves.
    .executableTarget(
      name: "xodb-simulate",
      dependencies: [
        "Client", "Commands", "Supervision", "TestSupport", "Toolkit", "Wire", "Worker", "ZeroMQ",
        argumentParser, .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      path: "Tests/Simulation", exclude: ["mutants", "mutants.sh"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

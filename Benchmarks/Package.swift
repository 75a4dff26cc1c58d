// swift-tools-version: 6.2
import PackageDescription

let policy: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// A package of its own, so that what benchmarks need reaches nobody else.
//
//   swift run -c release --package-path Benchmarks --scratch-path .build-bench signing-benchmark
//
// and in the same way audit-benchmark, pool-benchmark, renewal-benchmark, request-benchmark and status-benchmark. Those of renewal and
// status run the programs themselves, which are built before: the same with `swift build` and `--product hsmkey`, then
// `--product certificate-service-simulator`.
let package = Package(
  name: "hsmkey-benchmarks",
  dependencies: [
    .package(name: "hsmkey", path: ".."),
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
  ],
  targets: [
    .target(name: "BenchmarkSupport", dependencies: [.product(name: "PKCS11", package: "hsmkey")], swiftSettings: policy),
    .executableTarget(
      name: "request-benchmark",
      dependencies: [
        "BenchmarkSupport",
        .product(name: "PKCS11", package: "hsmkey"), .product(name: "TokenKeys", package: "hsmkey"),
        .product(name: "CertificateService", package: "hsmkey"), .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"), .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: policy),
    .target(name: "CPlainLoop", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .executableTarget(
      name: "pool-benchmark",
      dependencies: [
        "BenchmarkSupport", "CPlainLoop", .product(name: "PKCS11", package: "hsmkey"), .product(name: "TokenKeys", package: "hsmkey"),
      ], swiftSettings: policy),
    .executableTarget(
      name: "audit-benchmark",
      dependencies: [
        "BenchmarkSupport", "CPlainLoop", .product(name: "PKCS11", package: "hsmkey"), .product(name: "TokenKeys", package: "hsmkey"),
        .product(name: "KeyEvidence", package: "hsmkey"),
      ], swiftSettings: policy),
    .executableTarget(
      name: "renewal-benchmark",
      dependencies: [
        "BenchmarkSupport", "CPlainLoop", .product(name: "PKCS11", package: "hsmkey"),
      ], swiftSettings: policy),
    .executableTarget(name: "status-benchmark", dependencies: ["BenchmarkSupport"], swiftSettings: policy),
    .executableTarget(
      name: "signing-benchmark",
      dependencies: [
        "BenchmarkSupport", "CPlainLoop", .product(name: "PKCS11", package: "hsmkey"), .product(name: "TokenKeys", package: "hsmkey"),
      ], swiftSettings: policy),
  ]
)

// swift-tools-version: 6.2
import PackageDescription

// Build settings are policy: written once here, applied to every Swift target of ours (see the end of this file).
let policy: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let flyingSocks: Target.Dependency = .product(name: "FlyingSocks", package: "FlyingFox")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
  name: "hsmkey",
  products: [
    .library(name: "PKCS11", targets: ["PKCS11", "Secrets"]),
    .library(name: "TokenKeys", targets: ["TokenKeys"]),
    .library(name: "KeyEvidence", targets: ["KeyEvidence"]),
    .library(name: "XMLSignature", targets: ["XMLSignature"]),
    .library(name: "HTTPSTransport", targets: ["HTTPSTransport"]),
    .library(name: "CertificateService", targets: ["CertificateService"]),
    .library(name: "CertificateLifecycle", targets: ["CertificateLifecycle"]),
    .library(name: "KeyCeremony", targets: ["KeyCeremony"]),
    .executable(name: "hsmkey", targets: ["hsmkey"]),
    .executable(name: "certificate-service-simulator", targets: ["certificate-service-simulator"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    .package(url: "https://github.com/swhitty/FlyingFox.git", from: "0.27.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
  ],
  targets: [
    // Floor 0: C walls. Each has one importer.
    .target(name: "CCryptoki"),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .target(name: "CXML", dependencies: ["CLibXML2"]),
    .target(name: "CTransport", linkerSettings: [.linkedLibrary("curl"), .linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(name: "CSecretSharing", linkerSettings: [.linkedLibrary("gfshare")]),
    .target(name: "CQRCode", linkerSettings: [.linkedLibrary("qrencode")]),

    // Floor 1
    .target(name: "Secrets"),
    .target(name: "StrictYAML", dependencies: [yams]),
    .target(name: "PKCS11", dependencies: ["CCryptoki", "Secrets", crypto]),
    .target(name: "XMLSignature", dependencies: ["CXML", x509, asn1, crypto, cryptoExtras]),
    .target(name: "HTTPSTransport", dependencies: ["CTransport"]),
    .target(name: "KeyEvidence", dependencies: [x509, asn1, crypto, cryptoExtras]),

    // Floor 2
    .target(name: "TokenKeys", dependencies: ["PKCS11", "Secrets", "KeyEvidence", x509, asn1, crypto, cryptoExtras]),
    .target(name: "CertificateService", dependencies: ["XMLSignature", "Secrets", x509, asn1, crypto, cryptoExtras]),

    // Floor 3
    .target(
      name: "CertificateLifecycle",
      dependencies: ["CertificateService", "XMLSignature", "Secrets", x509, asn1, crypto, grdb, systemPackage]),
    .target(
      name: "KeyCeremony",
      dependencies: [
        "TokenKeys", "KeyEvidence", "PKCS11", "Secrets", "StrictYAML", "CSecretSharing", "CQRCode", x509, asn1, crypto, systemPackage,
      ]),
    .target(name: "ServiceSimulator", dependencies: ["XMLSignature", x509, asn1, crypto, cryptoExtras, flyingSocks, systemPackage]),
    .executableTarget(name: "certificate-service-simulator", dependencies: ["ServiceSimulator", argumentParser]),

    // Floor 4 and 5
    .target(
      name: "Commands",
      dependencies: [
        "PKCS11", "Secrets", "KeyEvidence", "TokenKeys", "XMLSignature", "HTTPSTransport", "CertificateService", "CertificateLifecycle",
        "KeyCeremony", "StrictYAML", x509, asn1, crypto, argumentParser, logging, subprocess, systemPackage,
      ]),
    .executableTarget(name: "hsmkey", dependencies: ["Commands"]),

    // Tests
    .target(
      name: "TestSupport", dependencies: ["KeyEvidence", x509, asn1, crypto, cryptoExtras, subprocess, systemPackage],
      path: "Tests/TestSupport"),
    .testTarget(name: "HouseTests", dependencies: ["TestSupport"]),
    .executableTarget(name: "secrets-probe", dependencies: ["Secrets"], path: "Tests/SecretsProbe"),
    .testTarget(name: "SecretsTests", dependencies: ["Secrets", "TestSupport", "secrets-probe"]),
    .testTarget(name: "PKCS11Tests", dependencies: ["PKCS11", "Secrets", "TestSupport", crypto]),
    .testTarget(name: "XMLSignatureTests", dependencies: ["XMLSignature", "TestSupport", x509, asn1, crypto, cryptoExtras]),
    .executableTarget(name: "transport-probe", dependencies: ["HTTPSTransport"], path: "Tests/TransportProbe"),
    .testTarget(
      name: "HTTPSTransportTests", dependencies: ["HTTPSTransport", "TestSupport", "transport-probe", crypto, cryptoExtras]),
    .testTarget(name: "KeyEvidenceTests", dependencies: ["KeyEvidence", "TestSupport", x509, asn1, crypto, cryptoExtras]),
    .testTarget(
      name: "TokenKeysTests",
      dependencies: ["KeyEvidence", "TokenKeys", "PKCS11", "Secrets", "TestSupport", x509, asn1, crypto, cryptoExtras]),
    .executableTarget(
      name: "conformance-probe", dependencies: ["TokenKeys", "PKCS11", "Secrets", "TestSupport", x509, asn1, crypto, cryptoExtras],
      path: "Tests/ConformanceProbe", swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
    .testTarget(
      name: "ConformanceTests", dependencies: ["conformance-probe", "TestSupport", x509, asn1],
      exclude: ["Golden"]),
    .testTarget(
      name: "KeyCeremonyTests",
      dependencies: [
        "KeyCeremony", "KeyEvidence", "TokenKeys", "PKCS11", "Secrets", "StrictYAML", "TestSupport", "hsmkey", x509, asn1, crypto, yams,
        systemPackage,
      ]),
    .testTarget(
      name: "CertificateServiceTests",
      dependencies: ["CertificateService", "XMLSignature", "Secrets", "TestSupport", x509, asn1, crypto, cryptoExtras]),
    .testTarget(
      name: "ServiceSimulatorTests",
      dependencies: [
        "ServiceSimulator", "certificate-service-simulator", "XMLSignature", "TestSupport", x509, asn1, crypto, cryptoExtras,
      ]),
    .testTarget(
      name: "CertificateLifecycleTests",
      dependencies: [
        "CertificateLifecycle", "CertificateService", "HTTPSTransport", "ServiceSimulator", "TestSupport", "Secrets", x509, asn1, crypto,
        cryptoExtras, grdb,
      ]),
    .target(
      name: "Campaign",
      dependencies: [
        "CertificateLifecycle", "KeyCeremony", "ServiceSimulator", "TestSupport", "hsmkey", x509, asn1, crypto, grdb,
      ],
      path: "Tests/Campaign"),
    .executableTarget(
      name: "ceremony-campaign", dependencies: ["Campaign", "TestSupport", argumentParser], path: "Tests/CeremonyCampaign"),
    .executableTarget(name: "kill-campaign", dependencies: ["Campaign", argumentParser], path: "Tests/KillCampaign"),
    .executableTarget(
      name: "ceremony-probe", dependencies: ["Commands", "KeyCeremony", "TokenKeys", "PKCS11", "Secrets", "TestSupport", x509],
      path: "Tests/CeremonyProbe"),
    .testTarget(
      name: "CommandsTests",
      dependencies: [
        "Campaign", "ceremony-probe", "Commands", "KeyCeremony", "HTTPSTransport", "PKCS11", "Secrets", "KeyEvidence", "ServiceSimulator",
        "TestSupport", "TokenKeys", "hsmkey",
        "certificate-service-simulator", x509, asn1, crypto, cryptoExtras,
      ]),
  ]
)

let cTargets: Set = ["CCryptoki", "CLibXML2", "CXML", "CTransport", "CSecretSharing", "CQRCode"]
for target in package.targets where !cTargets.contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + policy
}

import Testing

/// Which room may know which: arrows point down. The table is the architecture's; whoever changes one changes the other.
private let rooms: [String: Set<String>] = {
  let certificates: Set = ["X509", "SwiftASN1", "Crypto", "CryptoExtras", "_CryptoExtras"]
  return [
    "Secrets": [],
    "PKCS11": ["CCryptoki", "Secrets"],
    "XMLSignature": certificates.union(["CXML"]),
    "HTTPSTransport": ["CTransport"],
    "TokenKeys": certificates.union(["PKCS11", "Secrets"]),
    "CertificateService": certificates.union(["XMLSignature", "Secrets"]),
    "CertificateLifecycle": certificates.union(["CertificateService", "Secrets", "GRDB"]),
    "KeyCeremony": certificates.union(["TokenKeys", "PKCS11", "Secrets", "Yams"]),
    "ServiceSimulator": certificates.union(["XMLSignature", "FlyingFox", "FlyingSocks"]),
    "Commands": certificates.union([
      "PKCS11", "Secrets", "TokenKeys", "XMLSignature", "HTTPSTransport", "CertificateService", "CertificateLifecycle", "KeyCeremony",
      "ArgumentParser", "Logging", "Yams", "Subprocess", "SystemPackage",
    ]),
    "hsmkey": ["Commands"],
    "certificate-service-simulator": ["ServiceSimulator", "ArgumentParser"],
  ]
}()

/// What comes with the toolchain and knows nothing of XML or the network.
private let everywhere: Set = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]

/// C libraries and the one room that may import each.
private let walls = ["CCryptoki": "PKCS11", "CXML": "XMLSignature", "CLibXML2": "CXML", "CTransport": "HTTPSTransport"]

/// The rooms behind which memory may be handled by hand.
private let unsafeRooms: Set = ["PKCS11", "Secrets", "XMLSignature", "HTTPSTransport"]

/// Fixtures that speak with the system where Foundation does not.
private let unsafeFixtures: Set = [
  "Tests/TestSupport/ChildProcess.swift", "Tests/TestSupport/PseudoTerminal.swift", "Tests/TestSupport/RawServer.swift",
  "Tests/TestSupport/TemporaryFolder+Files.swift", "Tests/SecretsProbe/Main.swift", "Tests/TransportProbe/Main.swift",
  "Tests/TransportProbe/Marker.swift",
]

@Suite("Rooms and walls")
struct RoomTests {
  @Test("each room imports only what the architecture lets it")
  func arrows() {
    let findings = SourceTree.swiftSources.flatMap { file in
      guard let allowed = rooms[file.room] else { return ["\(file): the room \(file.room) is not in the table of rooms"] }
      return file.imports.filter { !allowed.contains($0) && !everywhere.contains($0) && $0 != file.room }
        .map { "\(file): \(file.room) may not import \($0)" }
    }
    expectNone(findings)
  }

  @Test("each C library has one importer, in sources and in tests")
  func wallsHold() {
    let swift = (SourceTree.swiftSources + SourceTree.swiftTests).flatMap { file in
      file.imports.compactMap { module in
        walls[module].flatMap { $0 == file.room && file.path.hasPrefix("Sources/") ? nil : "\(file): only \($0) may import \(module)" }
      }
    }
    let headers = ["libxml/": "CXML", "curl/": "CTransport", "openssl/": "CTransport"]
    let c = SourceTree.cSources.flatMap { file in
      headers.compactMap { folder, owner in
        file.text.contains("#include <\(folder)") && file.room != owner && file.room != "CLibXML2"
          ? "\(file): only \(owner) includes <\(folder)…>" : nil
      }
    }
    expectNone(swift + c)
  }

  @Test("memory is handled by hand only behind the walls and in Secrets")
  func unsafeCode() {
    let findings = (SourceTree.swiftSources + SourceTree.swiftTests).flatMap { file -> [String] in
      if file.path.hasPrefix("Sources/") ? unsafeRooms.contains(file.room) : unsafeFixtures.contains(file.path) { return [] }
      return file.codeLines.enumerated().filter { $0.element.contains(/\bunsafe\b|nonisolated\(unsafe\)|@unchecked/) }
        .map { "\(file):\($0.offset + 1): \($0.element.trimmingPrefix(while: \.isWhitespace))" }
    }
    expectNone(findings)
  }

  @Test("the table knows every room that there is")
  func tableIsComplete() {
    let known = Set(rooms.keys).union(["CCryptoki", "CLibXML2", "CXML", "CTransport"])
    let missing = Set((SourceTree.swiftSources + SourceTree.cSources).map(\.room)).subtracting(known).sorted()
    expectNone(missing)
  }
}

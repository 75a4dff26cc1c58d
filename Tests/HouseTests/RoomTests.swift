import Testing

/// Which room may know which: arrows point down. The table is that of docs/decisions/0001-rooms-and-arrows.md.
private let rooms: [String: Set<String>] = {
  let certificates: Set = ["X509", "SwiftASN1", "Crypto", "CryptoExtras", "_CryptoExtras"]
  return [
    "Secrets": [],
    "StrictYAML": ["Yams"],
    "PKCS11": ["CCryptoki", "Secrets", "Crypto"],
    "XMLSignature": certificates.union(["CXML"]),
    "HTTPSTransport": ["CTransport"],
    "KeyEvidence": certificates,
    "TokenKeys": certificates.union(["PKCS11", "Secrets", "KeyEvidence"]),
    "CertificateService": certificates.union(["XMLSignature", "Secrets"]),
    "CertificateLifecycle": certificates.union(["CertificateService", "XMLSignature", "GRDB"]),
    "KeyCeremony": certificates.union(["TokenKeys", "KeyEvidence", "PKCS11", "Secrets", "StrictYAML", "CSecretSharing", "CQRCode"]),
    "ServiceSimulator": certificates.union(["XMLSignature", "FlyingSocks"]),
    "Commands": certificates.union([
      "PKCS11", "Secrets", "KeyEvidence", "TokenKeys", "XMLSignature", "HTTPSTransport", "CertificateService", "CertificateLifecycle",
      "KeyCeremony", "StrictYAML",
      "ArgumentParser", "Logging", "Subprocess",
    ]),
    "hsmkey": ["Commands"],
    "certificate-service-simulator": ["ServiceSimulator", "ArgumentParser"],
  ]
}()

/// What comes with the toolchain and knows nothing of XML or the network; the C library in its three spellings.
private let everywhere: Set = [
  "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization", "Dispatch", "SystemPackage",
]

/// C libraries and the one room that may import each.
private let walls = [
  "CCryptoki": "PKCS11", "CXML": "XMLSignature", "CLibXML2": "CXML", "CTransport": "HTTPSTransport", "CSecretSharing": "KeyCeremony",
  "CQRCode": "KeyCeremony",
]

/// Single files of other rooms that must hand a text to the system, each with the reason.
private let unsafeFiles = [
  "Sources/CertificateLifecycle/CertificateFile.swift": "rename(2), which puts a file into the place of another; lstat(2), unlink(2)",
  "Sources/KeyCeremony/Shares/SecretSharing.swift": "the wall to libgfshare",
  "Sources/KeyCeremony/Paper/QRModules.swift": "the wall to libqrencode",
]

/// The rooms behind which memory may be handled by hand.
private let unsafeRooms: Set = ["PKCS11", "Secrets", "XMLSignature", "HTTPSTransport"]

/// Fixtures that speak with the system where Foundation does not.
private let unsafeFixtures: Set = [
  "Tests/TestSupport/SoftHSMFixture.swift",
  "Tests/TestSupport/ChildProcess.swift", "Tests/TestSupport/PseudoTerminal.swift", "Tests/TestSupport/RawServer.swift",
  "Tests/TestSupport/OtherUser.swift", "Tests/TestSupport/ForkedChild.swift", "Tests/Fuzzing/PKCS11Fuzzer.swift",
  "Tests/Fuzzing/EvidenceFuzzer.swift", "Tests/Fuzzing/RevocationFuzzer.swift", "Tests/Fuzzing/TranscriptFuzzer.swift",
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
    let headers = [
      "libxml/": "CXML", "curl/": "CTransport", "openssl/": "CTransport", "libgfshare.h": "CSecretSharing", "qrencode.h": "CQRCode",
    ]
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
      if file.path.hasPrefix("Sources/")
        ? unsafeRooms.contains(file.room) || unsafeFiles[file.path] != nil : unsafeFixtures.contains(file.path) || file.room == "HouseTests"
      {
        return []
      }
      return file.codeLines.enumerated().filter { $0.element.contains(/\bunsafe\b|nonisolated\(unsafe\)/) }
        .map { "\(file):\($0.offset + 1): \($0.element.trimmingPrefix(while: \.isWhitespace))" }
    }
    expectNone(findings)
  }

  @Test("the table knows every room that there is")
  func tableIsComplete() {
    let known = Set(rooms.keys).union(walls.keys)
    let missing = Set((SourceTree.swiftSources + SourceTree.cSources).map(\.room)).subtracting(known).sorted()
    expectNone(missing)
  }

  @Test("the table is the one in the decision page")
  func tableIsWrittenDown() throws {
    let page = try SourceTree.text("docs/decisions/0001-rooms-and-arrows.md")
    let ours = Set(rooms.keys).union(walls.keys)
    var findings: [String] = []
    for line in page.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.matches(of: /`([^`]+)`/).map { String($0.1) } }
      guard cells.count == 3, cells[1].count == 1, let room = cells[1].first, let table = rooms[room] else { continue }
      // "All of the above but the simulator"
      if cells[2].isEmpty && line.contains("all of") { continue }
      let inTest = table.intersection(ours)
      if inTest != Set(cells[2]) { findings.append("\(room): the page says \(cells[2].sorted()), the test \(inTest.sorted())") }
    }
    let missing = rooms.keys.filter {
      $0 != "certificate-service-simulator" && !page.contains("`\($0)`") && SourceTree.exists("Sources/\($0)")
    }
    expectNone(findings + missing.map { "\($0): not in the page" })
  }
}

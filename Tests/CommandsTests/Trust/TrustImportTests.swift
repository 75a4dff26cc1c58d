import Crypto
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@Suite("trust import and trust list", .serialized)
struct TrustImportTests {
  private static let official = OfficialMaterial.folder.appending(path: "ca")
  private static func authority(_ name: String) -> String { official.appending(path: "\(name).pem").path }
  private static func all(_ environment: String) -> [String] {
    ["root", "intermediate", "data-providers-issuing", "ir-services-issuing"].map { authority("\(environment)-\($0)") }
  }

  /// A bench without a token and with this configuration.
  private func bench(_ configuration: String = "state: state/state.sqlite\nservice:\n  environment: test\n") throws -> Bench {
    let bench = try Bench()
    try bench.folder.write(configuration.utf8, to: "hsmkey.yaml")
    return bench
  }

  private func imports(_ bench: Bench, _ arguments: [String]) async throws -> JSON {
    let result = try await bench.hsmkey(["trust", "import"] + arguments + ["--json"])
    try #require(result.exitCode == 0, "\(result.standardError)")
    return try JSON(parsing: result.standardOutput)
  }

  private func fingerprint(_ file: String) async throws -> String {
    let shown = try await run("openssl", ["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]).standardOutput
    return String(try #require(shown.split(separator: "=").last)).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    "the agency's files are taken in any wrapping, each for its role, and are there once",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
  func wrappings() async throws {
    for environment in ["test", "production"] {
      let bench = try bench()
      let files = Self.all(environment)
      // As published; one line with CR LF, after a text; several in one file; DER.
      let der = try await run("openssl", ["x509", "-in", files[1], "-outform", "DER", "-out", bench.folder.path("intermediate.der")])
      #expect(der.exitCode == 0)
      let lines = try String(contentsOfFile: files[2], encoding: .utf8).split(separator: "\n")
      let oneLine = lines.dropFirst().dropLast().joined()
      try bench.folder.write(
        "a text\r\n\(lines[0])\r\n\(oneLine)\r\n\(lines[lines.count - 1])\r\n".utf8, to: "one-line.crt")
      let several = try [files[3], files[0]].map { try String(contentsOfFile: $0, encoding: .utf8) }.joined(separator: "\n")
      try bench.folder.write(several.utf8, to: "several.pem")
      let answer = try await imports(
        bench, [files[0], "intermediate.der", "one-line.crt", "several.pem", "--environment", environment])
      #expect(answer["imported"].list.count == 4)
      #expect(answer["missing"].list.isEmpty)
      #expect(
        Set(answer["imported"].list.compactMap { $0["role"].string }) == ["root", "intermediate", "customer-issuer", "response-issuer"])
      #expect(answer["imported"].list.allSatisfy { $0["pinned-by"].string == "published" && $0["environment"].string == environment })
      let again = try await imports(bench, files + ["--environment", environment])
      #expect(again["imported"].list.isEmpty)
      #expect(again["present"].list.count == 4)
      let kept = bench.files(under: "state/trust").filter { $0.hasSuffix(".pem") }
      #expect(kept.count == 4)
      for file in kept { #expect(try bench.mode(file) == 0o644, "\(file)") }
      #expect(try bench.mode("state") == 0o700)

      let listed = try await bench.hsmkey(["trust", "list"])
      #expect(listed.exitCode == 0)
      #expect(listed.standardError.isEmpty, "\(listed.standardError)")
      #expect(listed.standardOutput.contains("2031-"), "the end of the issuing authorities is shown")
      let list = try await bench.object("trust", "list")["authorities"].list
      #expect(list.count == 4)
      for entry in list {
        let file = try #require(entry["file"].string)
        #expect(try await fingerprint(file).replacing(":", with: "").lowercased() == entry["sha256"].string)
        #expect(try #require(entry["days-left"].number) > 1000)
      }
    }
  }

  @Test(
    "TRUST-ENVIRONMENT: test and production never mix, and nothing of a mixed import is taken",
    .enabled(if: OfficialMaterial.isPresent, Comment(rawValue: OfficialMaterial.whySkipped)))
  func environments() async throws {
    let bench = try bench()
    let root = Self.authority("production-root")
    #expect(try await bench.refused(2, "trust", "import", Self.authority("test-root"), root).rule == "TRUST-ENVIRONMENT")
    #expect(try await bench.refusedAsJSON(2, "trust", "import", root).rule == "TRUST-ENVIRONMENT")
    #expect(
      try await bench.refusedAsJSON(2, "trust", "import", Self.authority("test-root"), "--environment", "production").rule
        == "TRUST-ENVIRONMENT")
    // A given fingerprint does not bring an authority of the other environment in.
    let digest = try await fingerprint(root)
    #expect(try await bench.refused(2, "trust", "import", root, "--fingerprint", digest).rule == "TRUST-ENVIRONMENT")
    #expect(!bench.exists("state"))
    // Without a configured environment the pins say it, and only one of them.
    try bench.folder.write("state: state/state.sqlite\n".utf8, to: "hsmkey.yaml")
    #expect(try await bench.refused(2, "trust", "import", Self.authority("test-root"), root).rule == "TRUST-ENVIRONMENT")
    #expect(!bench.exists("state"))
    #expect(try await imports(bench, [root])["environment"].string == "production")
  }

  @Test("TRUST-FINGERPRINT: what is not pinned is taken with its fingerprint only, for the role that is said")
  func fingerprints() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let (root, chain) = ("trust/services-root.pem", "trust/services-chain.pem")
      let refusal = try await bench.refused(2, "trust", "import", root)
      #expect(refusal.rule == "TRUST-FINGERPRINT")
      let digest = try await fingerprint(bench.folder.path(root))
      #expect(refusal.hint.contains(digest.replacing(":", with: "").lowercased()))
      #expect(!bench.exists("state/trust"))
      // The fingerprint of something else.
      let wrong = String(repeating: "ab", count: 32)
      #expect(try await bench.refused(2, "trust", "import", root, "--fingerprint", wrong).rule == "TRUST-FINGERPRINT")
      #expect(
        try await bench.refused(2, "trust", "import", root, "--fingerprint", digest, "--fingerprint", wrong).rule == "TRUST-FINGERPRINT")
      _ = try await bench.refused(64, "trust", "import", root, "--fingerprint", "ab:cd")
      _ = try await bench.refused(64, "trust", "import", root, "--role", "root")
      // Beside one that is given, another one that is not.
      let blocks = try bench.text(chain).components(separatedBy: "-----BEGIN").dropFirst().map { "-----BEGIN\($0)" }
      try #require(blocks.count == 2)
      try bench.folder.write(blocks[0].utf8, to: "one.pem")
      try bench.folder.write(blocks[1].utf8, to: "two.pem")
      #expect(try await bench.refused(2, "trust", "import", chain, "--fingerprint", digest).rule == "TRUST-FINGERPRINT")
      #expect(!bench.exists("state/trust"))
      let answer = try await imports(bench, [root, "--fingerprint", digest])
      #expect(answer["imported"][0]["role"].string == "root")
      #expect(answer["imported"][0]["pinned-by"].string == "fingerprint")
      #expect(Set(answer["missing"].list.compactMap(\.string)) == ["customer-issuer", "response-issuer"])
      let one = try await fingerprint(bench.folder.path("one.pem"))
      _ = try await bench.refused(64, "trust", "import", "one.pem", "--fingerprint", one)
      #expect(try await bench.refused(2, "trust", "import", "one.pem", "--fingerprint", one, "--role", "root").rule == "TRUST-ROLES")
    }
  }

  @Test("once the authorities are in the trust folder, the settings that name files may be left out")
  func withoutSettings() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let configuration = try bench.text("hsmkey.yaml").split(separator: "\n").filter { !$0.contains("-ca: ") }
      try bench.folder.write("\(configuration.joined(separator: "\n"))\n".utf8, to: "hsmkey.yaml")
      let enrolment = try await bench.hsmkey(ServiceBench.enrolment() + ["--json"])
      #expect(enrolment.exitCode == 78)
      #expect(enrolment.standardError.contains("hsmkey trust import"))
      try await importAllSimulated(bench)
      let list = try await bench.object("trust", "list")["authorities"].list
      #expect(Set(list.compactMap { $0["role"].string }) == ["root", "intermediate", "customer-issuer", "response-issuer"])
      try await service.enrol()
      let trust = try await bench.object("doctor").step("trust")
      #expect(trust["outcome"].string == "ok", "\(trust)")
      #expect(trust["details"][0].string?.contains("the trust folder ") == true)
    }
  }

  private func importAllSimulated(_ bench: Bench) async throws {
    for (purpose, role) in [("services", "response-issuer"), ("providers", "customer-issuer")] {
      try await importSimulated(bench, "trust/\(purpose)-root.pem", role: nil)
      let blocks = try bench.text("trust/\(purpose)-chain.pem").components(separatedBy: "-----BEGIN").dropFirst()
      for (index, block) in blocks.enumerated() {
        try bench.folder.write("-----BEGIN\(block)".utf8, to: "block.pem")
        let subject = try await run("openssl", ["x509", "-in", bench.folder.path("block.pem"), "-noout", "-subject"]).standardOutput
        try await importSimulated(bench, "block.pem", role: subject.contains("Intermediate") ? "intermediate" : role)
        #expect(index < 2)
      }
    }
  }

  @Test("TRUST-ROLES: an import that would leave a folder that no command takes is refused before anything is written")
  func secondRoot() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let configuration = try bench.text("hsmkey.yaml").split(separator: "\n").filter { !$0.contains("-ca: ") }
      try bench.folder.write("\(configuration.joined(separator: "\n"))\n".utf8, to: "hsmkey.yaml")
      try await importAllSimulated(bench)
      let before = bench.files(under: "state/trust").sorted()
      try bench.folder.write(Self.authority(endingIn: 4000).utf8, to: "second.pem")
      let digest = try await fingerprint(bench.folder.path("second.pem"))
      let refusal = try await bench.refused(2, "trust", "import", "second.pem", "--fingerprint", digest)
      #expect(refusal.rule == "TRUST-ROLES")
      #expect(refusal.message.contains("nothing was imported: CN=Root for 4000.0 days is the lowest authority of both purposes"))
      #expect(refusal.hint.contains("in the same command"))
      #expect(bench.files(under: "state/trust").sorted() == before)
      #expect(try await bench.object("doctor").step("trust")["outcome"].string == "ok")

      // What an earlier version let in is named by its file, and gone with it.
      let file = "state/trust/test/root/\(digest.replacing(":", with: "").lowercased()).pem"
      try bench.folder.write(try bench.contents("second.pem"), to: file)
      let enrolment = try await service.enrolmentRefused(78)
      #expect(enrolment.rule == "TRUST-ROLES")
      #expect(enrolment.hint.hasSuffix(file), "\(enrolment.hint)")
      try FileManager.default.removeItem(atPath: bench.folder.path(file))
      try await service.enrol()
    }
  }

  private func importSimulated(_ bench: Bench, _ file: String, role: String?) async throws {
    let digest = try await fingerprint(bench.folder.path(file))
    let answer = try await imports(bench, [file, "--fingerprint", digest] + (role.map { ["--role", $0] } ?? []))
    #expect(answer["imported"].list.count + answer["present"].list.count == 1)
  }

  /// How many authorities the trust folder holds, by the tool's own word.
  private func inFolder(_ bench: Bench) async throws -> Int {
    try await bench.object("trust", "list")["authorities"].list.count { $0["source"].string == "trust-folder" }
  }

  @Test("TRUST-FOLDER: what others can change, what is not what its name says, and what does not belong there are refused")
  func folder() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let digest = try await fingerprint(bench.folder.path("trust/services-root.pem"))
      _ = try await imports(bench, ["trust/services-root.pem", "--fingerprint", digest])
      let file = try #require(bench.files(under: "state/trust").first { $0.hasSuffix(".pem") })
      let whole = try bench.contents(file)
      func refuses(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await bench.refused(78, "trust", "list").rule == "TRUST-FOLDER", sourceLocation: sourceLocation)
      }
      for place in ["state/trust", "state/trust/test", "state/trust/test/root", file] {
        let mode = try bench.mode(place)
        try FileManager.default.setAttributes([.posixPermissions: mode | 0o020], ofItemAtPath: bench.folder.path(place))
        try await refuses()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: bench.folder.path(place))
      }
      for changed in [Array(whole.dropLast(100)), try bench.contents("trust/services-chain.pem"), []] {
        try bench.folder.write(changed, to: file)
        try await refuses()
      }
      try bench.folder.write(whole, to: file)
      #expect(try await inFolder(bench) == 1)
      for foreign in ["state/trust/root.pem", "state/trust/test/ca.pem", "state/trust/test/root/ca.pem"] {
        try bench.folder.write(whole, to: foreign)
        try await refuses()
        try FileManager.default.removeItem(atPath: bench.folder.path(foreign))
      }
      // What an interrupted import left is passed over.
      try bench.folder.write(Array("half".utf8), to: "state/trust/test/root/.draft.new")
      #expect(try await inFolder(bench) == 1)
    }
  }

  @Test("files that hold no certificate, a private key, or something else are refused as input")
  func input() async throws {
    let bench = try bench()
    try bench.folder.write("nothing\n".utf8, to: "nothing.pem")
    #expect(try await bench.refused(65, "trust", "import", "nothing.pem").rule == "PEM-CERTIFICATE")
    _ = try await bench.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem")
    _ = try await bench.openssl("req", "-x509", "-key", "key.pem", "-subj", "/CN=nobody", "-days", "10", "-out", "leaf.pem")
    let both = try bench.text("key.pem") + bench.text("leaf.pem")
    try bench.folder.write(both.utf8, to: "both.pem")
    #expect(try await bench.refused(65, "trust", "import", "both.pem").rule == "PEM-PRIVATE-KEY")
    _ = try await bench.refused(65, "trust", "import", "absent.pem")
    // No authority, though its fingerprint is given.
    _ = try await bench.openssl(
      "req", "-x509", "-key", "key.pem", "-subj", "/CN=nobody", "-days", "10", "-out", "end.pem", "-addext",
      "basicConstraints=critical,CA:FALSE")
    let digest = try await fingerprint(bench.folder.path("end.pem"))
    #expect(try await bench.refused(65, "trust", "import", "end.pem").rule == "TRUST-AUTHORITY", "no fingerprint is asked for")
    #expect(try await bench.refused(65, "trust", "import", "end.pem", "--fingerprint", digest).rule == "TRUST-AUTHORITY")
    #expect(!bench.exists("state"))
  }

  /// A root of our own, PEM.
  private static func authority(endingIn days: Double) throws -> String {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let name = try DistinguishedName { CommonName("Root for \(days) days") }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: Date(timeIntervalSinceNow: -1000 * 86400),
      notValidAfter: Date(timeIntervalSinceNow: days * 86400), issuer: name, subject: name,
      extensions: try Certificate.Extensions { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) },
      issuerPrivateKey: key)
    return try certificate.serializeAsPEM().pemString + "\n"
  }

  @Test("an authority that ends within a year is told of, at the import and in the list; one that has ended too")
  func expiry() async throws {
    let bench = try bench()
    for (days, word) in [(364.0, "ends on"), (-1, "ended on"), (400, nil)] {
      try bench.folder.write(Self.authority(endingIn: days).utf8, to: "ca.pem")
      let digest = try await fingerprint(bench.folder.path("ca.pem"))
      let result = try await bench.hsmkey(["trust", "import", "ca.pem", "--fingerprint", digest])
      #expect(result.exitCode == 0, "\(result.standardError)")
      if let word { #expect(result.standardError.contains(word), "\(result.standardError)") } else { #expect(result.standardError.isEmpty) }
    }
    let listed = try await bench.hsmkey(["trust", "list", "--json"])
    #expect(listed.exitCode == 0)
    let warnings = listed.standardError.split(separator: "\n")
    #expect(warnings.count == 2, "\(listed.standardError)")
    #expect(warnings.allSatisfy { $0.hasPrefix("{\"warning\":") })
  }

  @Test("trust-pins replaces the built-in fingerprints; trust list --pins writes such a file, with where they come from")
  func pins() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      let shown = try await bench.succeeds("trust", "list", "--pins")
      #expect(shown.hasPrefix("hsmkey-pins 1\n"))
      #expect(shown.contains("not compared with vero.fi by us"))
      let object = try await bench.object("trust", "list", "--pins")
      #expect(object["pins"].list.count == 8)
      #expect(object["provenance"].list.contains { $0.string?.contains("not compared with vero.fi") == true })
      try bench.folder.write(shown.utf8, to: "pins.txt")
      try bench.folder.write("trust-pins: pins.txt\n\(try bench.text("hsmkey.yaml"))".utf8, to: "hsmkey.yaml")
      #expect(try await bench.object("trust", "list", "--pins")["pins"].list.count == 8)

      // Now the simulator's authorities are pinned, and the agency's are not.
      let digest = try await fingerprint(bench.folder.path("trust/services-root.pem")).replacing(":", with: "").lowercased()
      try bench.folder.write("hsmkey-pins 1\n# ours\n\ntest root \(digest) Simulated root\n".utf8, to: "pins.txt")
      let answer = try await imports(bench, ["trust/services-root.pem"])
      #expect(answer["imported"][0]["pinned-by"].string == "pins-file")
      if OfficialMaterial.isPresent {
        #expect(try await bench.refused(2, "trust", "import", Self.authority("test-root")).rule == "TRUST-FINGERPRINT")
        // What the agency's authorities are is still known.
        #expect(try await bench.refused(2, "trust", "import", Self.authority("production-root")).rule == "TRUST-ENVIRONMENT")
      }
      try bench.folder.write("hsmkey-pins 1\nproduction root \(digest) Simulated root\n".utf8, to: "pins.txt")
      #expect(try await bench.refused(2, "trust", "import", "trust/services-root.pem").rule == "TRUST-ENVIRONMENT")
      try bench.folder.write("test root \(digest) Simulated root\n".utf8, to: "pins.txt")
      #expect(try await bench.refused(78, "trust", "list").rule == "TRUST-PINS-FILE")
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: bench.folder.path("pins.txt"))
      #expect(try await bench.refused(78, "trust", "list").rule == "TRUST-FOLDER")
    }
  }
}

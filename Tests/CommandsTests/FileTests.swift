import Foundation
import TestSupport
import Testing

@Suite("Files: never overwritten, whole, and owner-only where they should be", .serialized)
struct FileTests {
  @Test("--out never overwrites, whatever the file is")
  func neverOverwritten() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try bench.folder.write("mine".utf8, to: "taken")
    try bench.folder.makeLink("link", to: "target-of-link")
    for out in ["taken", "link", "tokens", "/dev/null"] {
      for arguments in [
        ["key", "public", "k"], ["key", "sign", "k", "--in", "pin"], ["csr", "k", "--subject", "CN=x"],
        ["csr", "k", "--subject", "CN=x", "--der"],
      ] {
        let result = try await bench.hsmkey(arguments + ["--out", out])
        let refusal = try Refusal(text: result, exitCode: 65, sourceLocation: #_sourceLocation)
        #expect(refusal.message.contains("not overwritten"))
      }
    }
    #expect(try bench.text("taken") == "mine")
    #expect(!bench.exists("target-of-link"))
  }

  @Test("a folder that is not there, or that nobody can write to, is input data")
  func impossibleFolder() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    try await bench.refused(65, "key", "public", "k", "--out", "nowhere/k.pem")
    try await bench.refused(65, "key", "public", "k", "--out", "/proc/k.pem")
  }

  @Test("a disk that is full leaves no half of a file", arguments: ["k.pem"])
  func fullDisk(name: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "rsa-3072")
    // A file may not grow over one block of 1024 bytes, which is enough for the memory of refused PINs; the signal for it is ignored, as a
    // disk that is full sends none.
    let result = try await bench.shell(#"trap '' XFSZ; ulimit -f 1; "$hsmkey" csr k --subject CN=x --out k.pem"#)
    #expect(result.exitCode == 65, "\(result.standardError)")
    #expect(result.standardError.contains("could not be written"))
    #expect(!bench.exists(name))
  }

  @Test(
    "--json and --out - both want stdout",
    arguments: [
      ["key", "sign", "k", "--in", "pin"], ["csr", "k", "--subject", "CN=x"], ["key", "public", "k"], ["certificate", "export", "k"],
      ["xml", "sign", "k", "--in", "pin"],
    ])
  func jsonAndDash(arguments: [String]) async throws {
    let result = try await Bench().hsmkey(arguments + ["--out", "-", "--json"])
    _ = try Refusal(json: result, exitCode: 64, sourceLocation: #_sourceLocation)
  }

  @Test("--out - writes to stdout what a file would get")
  func dash() async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let plain = try await bench.succeeds("key", "public", "k")
    #expect(try await bench.succeeds("key", "public", "k", "--out", "-") == plain)
    let der = try await bench.shell(#""$hsmkey" csr k --subject CN=x --der --out - | openssl req -inform DER -noout -verify"#)
    #expect((der.standardError + der.standardOutput).contains("verify OK"))
    #expect(!bench.exists("-"))
  }

  @Test("the state file is 0600 in a folder that is 0700, whatever the umask")
  func stateModes() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try bench.folder.write(bench.text("hsmkey.yaml").replacing("state: state/", with: "state: deep/state/").utf8, to: "hsmkey.yaml")
      let result = try await bench.shell(#"umask 000; "$hsmkey" "# + ServiceBench.enrolment().joined(separator: " "))
      #expect(result.exitCode == 0, "\(result.standardError)")
      #expect(try bench.mode("deep/state") == 0o700)
      let files = bench.files(under: "deep/state")
      #expect(!files.isEmpty)
      for file in files { #expect(try bench.mode(file) == 0o600, "\(file)") }
    }
  }

  @Test("LIFECYCLE-OWNER-ONLY: a state file that others can open is refused", arguments: [0o644, 0o660, 0o602])
  func openState(mode: Int) async throws {
    let bench = try Bench()
    try bench.folder.write("state: s.sqlite\n".utf8, to: "hsmkey.yaml")
    try bench.folder.write([], to: "s.sqlite")
    try await bench.succeeds("certificate", "status")
    try bench.folder.setMode(mode_t(mode), of: "s.sqlite")
    let refusal = try await bench.refused(78, "certificate", "status")
    #expect(refusal.rule == "LIFECYCLE-OWNER-ONLY")
    #expect(refusal.hint.contains("chmod 600"))
  }

  @Test("LIFECYCLE-OWNER-ONLY: doctor says 78 as well, of the file and of its folder")
  func openStateInDoctor() async throws {
    let bench = try await Bench.withToken()
    try bench.folder.write("state: state/s.sqlite\ntoken:\n  uri: pkcs11:token=payroll\n".utf8, to: "hsmkey.yaml")
    try FileManager.default.createDirectory(atPath: bench.folder.path("state"), withIntermediateDirectories: false)
    try bench.folder.write([], to: "state/s.sqlite")
    for (file, folder) in [(mode_t(0o644), mode_t(0o700)), (0o600, 0o777)] {
      try bench.folder.setMode(file, of: "state/s.sqlite")
      try bench.folder.setMode(folder, of: "state")
      let result = try await bench.hsmkey(["doctor", "--offline", "--json"])
      #expect(result.exitCode == 78)
      #expect(try JSON(parsing: result.standardOutput).step("state")["rule"].string == "LIFECYCLE-OWNER-ONLY")
    }
  }

  @Test("a file that cannot be read or written, and a PIN file that is not there, are refused with what to do")
  func hints() async throws {
    let bench = try await Bench.withToken()
    #expect(try await bench.refused(65, "trust", "import", "absent.pem").hint.contains("can read"))
    #expect(try await bench.refused(78, "key", "list", "--pin-source", "file:absent").hint.contains("name a file that is there"))
    #expect(try await bench.refused(3, "key", "list", "--token", "absent").hint.contains("name one of these"))
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    #expect(try await bench.refused(65, "key", "public", "k", "--out", "nowhere/k.pem").hint.contains("a folder that is there"))
  }

  @Test("a state file that is none is refused and stays as it is")
  func brokenState() async throws {
    let bench = try Bench()
    try bench.folder.write("state: s\n".utf8, to: "hsmkey.yaml")
    try bench.folder.write("this is no database, and long enough to be taken for a page of one".utf8, to: "s")
    try await bench.refused(78, "certificate", "status")
    #expect(try bench.text("s").hasPrefix("this is no database"))
    try await bench.refused(78, "certificate", "status", "--config", "tokens/../hsmkey.yaml.missing")
  }

  @Test("a certificate file that cannot be written: the certificate is kept, and fetch writes the file later")
  func certificateFileLater() async throws {
    var settings = ServiceBench.Settings()
    settings.certificate = ["certificate-file: later/payroll.pem"]
    try await ServiceBench.with(settings) { service in
      let bench = service.bench
      let refusal = try await service.enrolmentRefused(78)
      #expect(refusal.hint.contains("hsmkey certificate fetch payroll"))
      #expect(try await service.certificatesOnToken() == 1)
      try FileManager.default.createDirectory(atPath: bench.folder.path("later"), withIntermediateDirectories: false)
      #expect(try await bench.object("certificate", "fetch", "payroll")["was-pending"].bool == true)
      let exported = try await bench.succeeds("certificate", "export", "payroll")
      #expect(try bench.text("later/payroll.pem") == exported)
      #expect(try await service.issuedCount() == 1)
    }
  }
}

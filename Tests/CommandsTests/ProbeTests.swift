import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate probe")
struct ProbeTests {
  @Test(
    "A consumer that demands the certificate accepts it, the key signing on the token by its own mechanism, where raw RSA is forbidden",
    arguments: [
      ("TLSv1.2", [], "rsa_pss_rsae_sha256", "CKM_SHA256_RSA_PKCS_PSS"), ("TLSv1.3", [], "rsa_pss_rsae_sha256", "CKM_SHA256_RSA_PKCS_PSS"),
      ("TLSv1.3", ["CKM_SHA256_RSA_PKCS_PSS"], "rsa_pss_rsae_sha256", "CKM_RSA_PKCS_PSS"),
      ("TLSv1.2", Self.allPSS, "rsa_pkcs1_sha256", "CKM_SHA256_RSA_PKCS"),
      ("TLSv1.2", Self.allPSS + ["CKM_SHA256_RSA_PKCS"], "rsa_pkcs1_sha256", "CKM_RSA_PKCS"),
    ])
  func accepted(version: String, hidden: [String], scheme: String, mechanism: String) async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer(protocols: version)
      try bench.configure([("portal", server.address + "/client")])
      let module = try FaultModule(.softHSMInChild, (["CKM_RSA_X_509"] + hidden).map { .hideMechanism($0) })
      let result = try await bench.bench.hsmkey(
        ["certificate", "probe", "payroll", "--json", "--log-level", "trace"], environment: ["HSMKEY_MODULE": module.path])
      #expect(result.exitCode == 0, "\(result.standardError)")
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer["serial"].string == (try await bench.activeSerial()))
      #expect(answer["is-active"].bool == true)
      let consumer = answer["consumers"][0]
      #expect(consumer["consumer"].string == "portal")
      #expect(consumer["is-proof-kept"].bool == true)
      #expect(consumer["previous"].isNull)
      let verdict = consumer["result"]
      #expect(verdict["verdict"].string == "accepted")
      #expect(verdict["protocol-version"].string == version)
      #expect(verdict["signature-scheme"].string == scheme)
      #expect(verdict["status"].number == 200)
      // One signature, by the one mechanism; of all else that a token can do with a key, nothing.
      let signing = result.standardError.matches(of: #/C_SignInit mechanism=(CKM_\w+) /#).map { String($0.1) }
      #expect(signing == [mechanism])
      #expect(module.count(of: "C_Sign") == 1)
      let called = Set(module.calls.map(\.function))
      #expect(called.isDisjoint(with: Self.otherUses), "\(called.intersection(Self.otherUses))")
    }
  }

  private static let allPSS = [
    "CKM_RSA_PKCS_PSS", "CKM_SHA256_RSA_PKCS_PSS", "CKM_SHA384_RSA_PKCS_PSS", "CKM_SHA512_RSA_PKCS_PSS",
  ]

  private static let otherUses: Set = [
    "C_SignUpdate", "C_SignFinal", "C_SignRecoverInit", "C_SignRecover", "C_DecryptInit", "C_Decrypt", "C_DecryptUpdate", "C_DecryptFinal",
    "C_EncryptInit", "C_Encrypt", "C_WrapKey", "C_UnwrapKey", "C_DeriveKey", "C_GenerateKey", "C_GenerateKeyPair", "C_CreateObject",
    "C_CopyObject", "C_DestroyObject", "C_SetAttributeValue",
  ]

  @Test("A consumer that knows another CA refuses, with exit code 75 and its reason, and nothing is kept")
  func refused() async throws {
    try await ConsumerBench.with { bench in
      let (right, wrong) = (try await bench.consumer(), try await bench.strangersConsumer())
      try bench.configure([("portal", right.address + "/client"), ("register", wrong.address + "/client")])
      let answer = try await bench.probe(75)
      #expect(answer["consumers"][0]["result"]["verdict"].string == "accepted")
      let refused = answer["consumers"][1]
      #expect(refused["result"]["verdict"].string == "refused")
      #expect(refused["result"]["reason"].string == "the server answered with status 400 (400 The SSL certificate error)")
      #expect(refused["is-proof-kept"].bool == false)
      #expect(refused["previous"].isNull)
      #expect(refused["next-step"].string?.contains("there is no valid certificate before this one") == true)
      // One of them alone.
      _ = try await bench.probe(0, "--consumer", "portal")
      _ = try await bench.probe(75, "--consumer", "register")
    }
  }

  @Test("A consumer that never asks proves nothing (78); one that is not there is told so (69); a refusal outweighs that")
  func provesNothing() async throws {
    try await ConsumerBench.with { bench in
      let open = try await NginxServer(authority: bench.authority)
      let port = try LoopbackSocket.freePort()
      try bench.configure([("open", open.address + "/ok"), ("gone", "https://localhost:\(port)/")])
      let answer = try await bench.probe(78)
      #expect(answer["consumers"][0]["result"]["verdict"].string == "not-asked")
      #expect(answer["consumers"][0]["is-proof-kept"].bool == false)
      #expect(answer["consumers"][1]["result"]["verdict"].string == "not-reached")
      _ = try await bench.probe(69, "--consumer", "gone")
      let text = try await bench.bench.hsmkey(["certificate", "probe", "payroll", "--consumer", "open"])
      #expect(text.exitCode == 78)
      #expect(text.standardOutput.contains("did not ask for a certificate, so its answer with status 200 proves nothing"))
      #expect(text.standardError.isEmpty)
    }
  }

  @Test(
    "A consumer that asks and lets in everybody all the same proves nothing (78), and LIFECYCLE-PROVED-FIRST holds on",
    arguments: ["optional_no_ca", "optional"])
  func notDemanded(verification: String) async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer(verification: verification)
      try bench.configure([("portal", server.address + "/client")], lines: ["certificate-file: NAME.pem"])
      let answer = try await bench.probe(78)
      let consumer = answer["consumers"][0]
      #expect(consumer["result"]["verdict"].string == "not-demanded")
      #expect(consumer["result"]["reason"].string?.contains("answered with status 200 without one") == true)
      #expect(consumer["is-proof-kept"].bool == false)
      #expect(consumer["next-step"].string == "name an address at which the consumer demands a certificate")
      #expect(!bench.bench.exists("portal.pem"))
    }
  }

  @Test("An address that is not configured can be asked, with its own CA file, and nothing of that is kept")
  func address() async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer()
      let answer = try await bench.probe(0, "--address", server.address + "/client", "--tls-ca", bench.authority.certificatePath)
      #expect(answer["consumers"][0]["consumer"].string == server.address + "/client")
      #expect(answer["consumers"][0]["result"]["verdict"].string == "accepted")
      #expect(answer["consumers"][0]["is-proof-kept"].bool == false)
      // The system's trust does not know the CA of a test.
      let stranger = try await bench.probe(69, "--address", server.address + "/client")
      #expect(stranger["consumers"][0]["result"]["verdict"].string == "not-reached")
      #expect(stranger["consumers"][0]["result"]["reason"].string?.contains("consumers.tls-ca, or --tls-ca") == true)
      for mistaken in ["localhost", "http://localhost/"] {
        let refusal = try await bench.bench.refused(64, "certificate", "probe", "payroll", "--address", mistaken)
        #expect(refusal.message.hasPrefix("read the command line: --address: \(mistaken) is no https URL"), "\(refusal.message)")
      }
    }
  }

  @Test(
    "LIFECYCLE-PROVED-FIRST: each consumer's own file gets the new certificate when that consumer accepts it, and its program runs once")
  func cutOver() async throws {
    try await ConsumerBench.with { bench in
      let old = try bench.bench.text("payroll.pem")
      let oldSerial = try await bench.activeSerial()
      let quick = try await bench.consumer()
      let slow = try await bench.consumer(settings: ["if ($ssl_client_serial != \"\(oldSerial.uppercased())\") { return 403; }"])
      let consumers = [("quick", quick.address + "/client"), ("slow", slow.address + "/client")]
      let lines = ["certificate-file: NAME.pem", "after-change: [/bin/sh, -c, \"echo told >> NAME.told\"]"]
      try bench.configure(consumers, lines: lines)
      let first = try await bench.probe(0)
      #expect(first["consumers"].list.map { $0["cut-over-file"].string?.split(separator: "/").last } == ["quick.pem", "slow.pem"])
      #expect(try bench.bench.text("quick.pem") == old && bench.bench.text("slow.pem") == old)

      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let new = try bench.bench.text("payroll.pem")
      #expect(new != old)
      _ = try await bench.probe(75)
      #expect(try bench.bench.text("quick.pem") == new)
      #expect(try bench.bench.text("slow.pem") == old)
      let again = try await bench.probe(75)
      #expect(again["consumers"][0]["cut-over-file"].isNull)
      #expect(try bench.bench.text("quick.told") == "told\ntold\n")
      #expect(try bench.bench.text("slow.told") == "told\n")
    }
  }

  @Test("While the next certificate is on its way, the one in use is probed and its proofs are kept")
  func pending() async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer()
      try bench.configure([("portal", server.address + "/client")])
      try bench.service.simulator.set(.failWithoutErrorInfo, for: .get)
      let renewal = try await bench.bench.hsmkey(["certificate", "renew", "payroll"])
      #expect(renewal.exitCode == 75, "\(renewal.standardError)")
      let answer = try await bench.probe(0)
      #expect(answer["consumers"][0]["is-proof-kept"].bool == true)
    }
  }

  @Test("What cannot be asked is refused before a PIN is needed")
  func refusals() async throws {
    try await ConsumerBench.with { bench in
      let noPIN = ["HSMKEY_PIN_SOURCE": "file:missing"]
      let none = try await bench.bench.refusedAsJSON(78, "certificate", "probe", "payroll", environment: noPIN)
      #expect(none.hint.contains("--address"))
      try bench.configure([("portal", "http://localhost/")])
      try await bench.bench.refusedAsJSON(78, "certificate", "probe", "payroll", environment: noPIN)
      try bench.configure([("portal", "https://localhost:1/")])
      let unknown = try await bench.bench.refusedAsJSON(64, "certificate", "probe", "payroll", "--consumer", "x", environment: noPIN)
      #expect(unknown.hint == "configured: portal")
      try await bench.bench.refusedAsJSON(3, "certificate", "probe", "payroll", "--serial", "00", environment: noPIN)
      try await bench.bench.refused(64, "certificate", "probe", "payroll", "--consumer", "portal", "--address", "https://localhost:1/")
      try await bench.bench.refused(64, "certificate", "probe", "payroll", "--tls-ca", "x")
      try bench.configure([("portal", "https://localhost:1/"), ("portal", "https://localhost:2/")])
      let twice = try await bench.bench.refusedAsJSON(78, "certificate", "probe", "payroll", environment: noPIN)
      #expect(twice.message.contains("has two of one name"))
    }
  }

  @Test("A token that does not sign is told as the token's error, not as one of TLS", arguments: ["TLSv1.2", "TLSv1.3"])
  func tokenFails(version: String) async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer(protocols: version)
      try bench.configure([("portal", server.address + "/client")])
      let module = try FaultModule(.softHSMInChild, .fail("C_Sign", "CKR_DEVICE_ERROR"))
      let error = try await bench.bench.refusedAsJSON(3, "certificate", "probe", "payroll", environment: ["HSMKEY_MODULE": module.path])
      #expect(error.code == "CKR_DEVICE_ERROR")
    }
  }

  @Test("With no signature scheme in common no certificate is shown: a token without PSS, and TLS 1.3")
  func noCommonScheme() async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer(protocols: "TLSv1.3")
      try bench.configure([("portal", server.address + "/client")])
      let module = try FaultModule(.softHSMInChild, Self.allPSS.map { .hideMechanism($0) })
      let answer = try await bench.probe(75, environment: ["HSMKEY_MODULE": module.path])
      #expect(answer["consumers"][0]["result"]["verdict"].string == "refused")
      #expect(answer["consumers"][0]["result"]["signature-scheme"].isNull)
      #expect(module.count(of: "C_Sign") == 0)
    }
  }

  @Test(
    "The key then works for a neighbour: curl and OpenSSL's pkcs11 engine, each a process of its own",
    .enabled(if: Engine.isPresent || Backend.areRequired, "the engine is not installed (libengine-pkcs11-openssl)"),
    arguments: ["TLSv1.2", "TLSv1.3"])
  func neighbour(version: String) async throws {
    try await ConsumerBench.with { bench in
      let server = try await bench.consumer(protocols: version)
      try bench.configure([("portal", server.address + "/client")])
      _ = try await bench.probe(0)
      let identifier = try #require(try await bench.status()["certificate"]["key-name"].string)
      let key = "pkcs11:token=payroll;object=\(identifier);type=private;pin-value=\(Bench.pin)"
      // The engine sends what the certificate file holds: the client's own certificate.
      let chain = try bench.bench.text("payroll.pem") + "\n" + bench.bench.text("trust/providers-chain.pem")
      try bench.bench.folder.write(chain.utf8, to: "chain.pem")
      let environment = bench.bench.environment.merging(["PKCS11_MODULE_PATH": Bench.module]) { $1 }
      let curl = try await run(
        "curl",
        [
          "--silent", "--show-error", "--engine", "pkcs11", "--key-type", "ENG", "--key", key, "--cert", "chain.pem", "--cacert",
          bench.authority.certificatePath, server.address + "/client",
        ], environment: environment, in: bench.bench.folder.path)
      #expect(curl.exitCode == 0, "\(curl.standardError)")
      #expect(curl.standardOutput.hasPrefix("SUCCESS "), "\(curl.standardOutput)")
      let openssl = try await run(
        "openssl",
        [
          "s_client", "-engine", "pkcs11", "-keyform", "engine", "-key", key, "-cert", "payroll.pem", "-cert_chain", "chain.pem", "-CAfile",
          bench.authority.certificatePath, "-connect", "localhost:\(server.port)", "-ign_eof",
        ], environment: environment, input: Array("GET /client HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8), in: bench.bench.folder.path)
      #expect(openssl.standardOutput.contains("SUCCESS "), "\(openssl.standardError)")
      // And for us again afterwards.
      _ = try await bench.probe(0)
    }
  }
}

/// OpenSSL's engine for PKCS#11, a neighbour of ours.
enum Engine {
  static let isPresent = ["x86_64", "aarch64"].contains {
    FileManager.default.fileExists(atPath: "/usr/lib/\($0)-linux-gnu/engines-3/pkcs11.so")
  }
}

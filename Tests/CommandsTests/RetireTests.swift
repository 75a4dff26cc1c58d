import Foundation
import ServiceSimulator
import TestSupport
import Testing

@Suite("certificate retire")
struct RetireTests {
  @Test("From one certificate to the next, consumer by consumer: probed, not yet accepted, accepted, and then the old key is destroyed")
  func overlap() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let new = try await bench.activeSerial()
      // A consumer that has not heard of the new certificate yet.
      let slow = try await bench.consumer(settings: ["if ($ssl_client_serial != \"\(old.uppercased())\") { return 403; }"])
      let quick = try await bench.consumer()
      try bench.configure([("quick", quick.address + "/client"), ("slow", slow.address + "/client")])

      // Nothing is proved yet.
      let unproved = try await bench.bench.refusedAsJSON(2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old)
      #expect(unproved.rule == "LIFECYCLE-PROVED-FIRST")

      let first = try await bench.probe(75)
      #expect(first["serial"].string == new)
      #expect(first["consumers"][0]["result"]["verdict"].string == "accepted")
      #expect(first["consumers"][1]["result"]["verdict"].string == "refused")
      #expect(first["consumers"][1]["previous"]["serial"].string == old)
      #expect(first["consumers"][1]["previous"]["result"]["verdict"].string == "accepted")
      #expect(first["consumers"][1]["next-step"].string?.contains("accepts the previous certificate and not this one yet") == true)
      // The old one for itself: accepted there, and no proof for the new one.
      let earlier = try await bench.probe(0, "--serial", old, "--consumer", "slow")
      #expect(earlier["is-active"].bool == false)
      #expect(earlier["consumers"][0]["is-proof-kept"].bool == false)
      let half = try await bench.bench.refusedAsJSON(2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old)
      #expect(half.rule == "LIFECYCLE-PROVED-FIRST")
      #expect(half.message.contains("slow") && !half.message.contains("quick"))

      // Days later.
      let later = try await bench.consumer()
      try bench.configure([("quick", quick.address + "/client"), ("slow", later.address + "/client")])
      _ = try await bench.probe(0)
      let keyName = try #require(try await bench.status()["previous"][0]["key-name"].string)
      let retired = try await bench.bench.object("certificate", "retire", "payroll", "--serial", old.uppercased(), "--confirm", old)
      #expect(retired["serial"].string == old)
      #expect(retired["key-name"].string == keyName)
      #expect(retired["is-key-destroyed"].bool == true)
      #expect(retired["active-serial"].string == new)

      // By another program's word: the key and its certificate are gone, the new ones are there.
      let objects = try await bench.bench.pkcs11Tool("--list-objects").standardOutput
      let identifier = try #require(retired["key-id"].string)
      #expect(objects.contains("Private Key Object") && !objects.contains(identifier))
      #expect(try await bench.service.certificatesOnToken() == 1)
      #expect(try await bench.status()["previous"].list.isEmpty)
      // The new one works as before, and a second time there is nothing to retire.
      _ = try await bench.probe(0)
      let again = try await bench.bench.refusedAsJSON(3, "certificate", "retire", "payroll", "--serial", old, "--confirm", old)
      #expect(again.message == "it is retired already")
    }
  }

  @Test(
    "LIFECYCLE-ACTIVE-KEPT, CONFIRM-NAME: the certificate in use, an unknown one, and one that nobody confirmed stay; no PIN is asked for")
  func refusals() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let new = try await bench.activeSerial()
      let noPIN = ["HSMKEY_PIN_SOURCE": "file:missing"]
      let before = try await bench.bench.pkcs11Tool("--list-objects").standardOutput
      let active = try await bench.bench.refusedAsJSON(
        2, "certificate", "retire", "payroll", "--serial", new, "--confirm", new, environment: noPIN)
      #expect(active.rule == "LIFECYCLE-ACTIVE-KEPT")
      try await bench.bench.refusedAsJSON(3, "certificate", "retire", "payroll", "--serial", "00", "--confirm", "00", environment: noPIN)
      for confirmation in [["--confirm", new], []] {
        let unconfirmed = try Refusal(
          json: try await bench.bench.hsmkey(
            ["certificate", "retire", "payroll", "--serial", old, "--without-proof", "--json"] + confirmation, environment: noPIN),
          exitCode: 64, sourceLocation: #_sourceLocation)
        #expect(unconfirmed.rule == "CONFIRM-NAME")
      }
      let unproved = try await bench.bench.refusedAsJSON(
        2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old, environment: noPIN)
      #expect(unproved.rule == "LIFECYCLE-PROVED-FIRST")
      #expect(try await bench.bench.pkcs11Tool("--list-objects").standardOutput == before)
    }
  }

  @Test("LIFECYCLE-PROVED-FIRST: what one address has proved is no proof for another, and what --address has seen is none at all")
  func otherAddress() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      let (staging, production) = (try await bench.consumer(), try await bench.strangersConsumer())
      let arguments = ["certificate", "retire", "payroll", "--serial", old, "--confirm", old, "--json"]
      _ = try await bench.probe(0, "--address", staging.address + "/client", "--tls-ca", bench.authority.certificatePath)
      let nobody = try Refusal(json: try await bench.bench.hsmkey(arguments), exitCode: 2, sourceLocation: #_sourceLocation)
      #expect(nobody.rule == "LIFECYCLE-PROVED-FIRST")
      #expect(nobody.hint.contains("--without-proof"))

      try bench.configure([("portal", staging.address + "/client")])
      _ = try await bench.probe(0)
      try bench.configure([("portal", production.address + "/client")])
      let moved = try Refusal(json: try await bench.bench.hsmkey(arguments), exitCode: 2, sourceLocation: #_sourceLocation)
      #expect(moved.rule == "LIFECYCLE-PROVED-FIRST")
      #expect(moved.message.hasSuffix("portal"))
      #expect(try await bench.service.certificatesOnToken() == 2)
    }
  }

  @Test("LIFECYCLE-ONE-PENDING: while the next certificate is on its way nothing is retired, and the hint says how to go on; no PIN")
  func pending() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      try bench.service.simulator.set(.failWithoutErrorInfo, for: .get)
      let renewal = try await bench.bench.hsmkey(["certificate", "renew", "payroll"])
      #expect(renewal.exitCode == 75, "\(renewal.standardError)")
      let error = try await bench.bench.refusedAsJSON(
        2, "certificate", "retire", "payroll", "--serial", old, "--confirm", old, "--without-proof",
        environment: ["HSMKEY_PIN_SOURCE": "file:missing"])
      #expect(error.rule == "LIFECYCLE-ONE-PENDING")
      #expect(error.hint.contains("hsmkey certificate fetch payroll; then"))
    }
  }

  @Test("Without proof it is done when it is asked for, and says whom it may concern")
  func withoutProof() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      try bench.configure([("portal", "https://localhost:1/")])
      let retired = try await bench.bench.object(
        "certificate", "retire", "payroll", "--serial", old, "--confirm", old, "--without-proof")
      #expect(retired["without-proof"].list.map(\.string) == ["portal"])
      #expect(try await bench.service.certificatesOnToken() == 1)
    }
  }

  @Test("On a terminal the serial number is asked for, with what is about to be lost")
  func terminal() async throws {
    try await ConsumerBench.with { bench in
      let old = try await bench.activeSerial()
      try await bench.bench.succeeds("certificate", "renew", "payroll")
      try bench.configure([("portal", "https://localhost:1/")])
      let terminal = try PseudoTerminal()
      let child = try terminal.start(
        Bench.program,
        ["certificate", "retire", "payroll", "--serial", old, "--without-proof", "--config", bench.bench.folder.path("hsmkey.yaml")],
        environment: bench.bench.environment)
      try await terminal.waits(for: "not known to accept and to use the certificate in use: portal")
      try await terminal.waits(for: "type the serial number to go on")
      terminal.type("\(old)\n")
      #expect(try await child.wait() == 0, "\(terminal.shown)")
      #expect(try await bench.service.certificatesOnToken() == 1)
    }
  }
}

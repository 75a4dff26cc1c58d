import Foundation
import TestSupport
import Testing

@testable import Commands

@Suite("benchmark", .serialized)
struct BenchmarkTests {
  @Test("measures every kind of key that the token offers, and leaves nothing on it")
  func everything() async throws {
    let bench = try await Bench.withToken()
    let answer = try await bench.object("benchmark", "--seconds", "1", "--threads", "2")
    #expect(answer["token"].string == "payroll")
    #expect(answer["keys-were-stored"].bool == false)
    let kinds = ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"]
    #expect(answer["signatures"].list.map { $0["algorithm"].string ?? "?" } == kinds)
    #expect(answer["key-generations"].list.map { $0["algorithm"].string ?? "?" } == kinds)
    for line in answer["signatures"].list + answer["key-generations"].list {
      let result = line["result"]
      #expect((result["count"].number ?? 0) > 0, "\(line)")
      #expect((result["per-second"].value as? NSNumber)?.doubleValue ?? 0 > 0)
      let (middle, late) = (result["p50-milliseconds"].value as? NSNumber, result["p99-milliseconds"].value as? NSNumber)
      #expect((middle?.doubleValue ?? 1) <= (late?.doubleValue ?? 0))
    }
    let objects = try await bench.pkcs11Tool("--list-objects")
    #expect(objects.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty, "\(objects.standardOutput)")
  }

  @Test("a token that makes no keys in a session gets stored ones, which are destroyed at the end")
  func storedKeys() async throws {
    let module = try FaultModule(
      .softHSMInChild, "refuse-attribute CKA_TOKEN = FALSE CKR_TEMPLATE_INCONSISTENT generate",
      "only-mechanisms CKM_EC_KEY_PAIR_GEN CKM_ECDSA")
    let bench = try await Bench.withToken()
    let answer = try await bench.object(
      "benchmark", "--seconds", "1", "--threads", "1", environment: ["HSMKEY_MODULE": module.path])
    #expect(answer["keys-were-stored"].bool == true)
    #expect((answer["signatures"][0]["result"]["count"].number ?? 0) > 0)
    let objects = try await bench.pkcs11Tool("--list-objects")
    #expect(!objects.standardOutput.contains("hsmkey-benchmark"), "\(objects.standardOutput)")
  }

  @Test("Ctrl-C ends it in order: stored keys are destroyed, the exit code is the signal's, stdout is empty")
  func interrupted() async throws {
    let module = try FaultModule(
      .softHSMInChild, "refuse-attribute CKA_TOKEN = FALSE CKR_TEMPLATE_INCONSISTENT generate",
      "only-mechanisms CKM_EC_KEY_PAIR_GEN CKM_ECDSA")
    let bench = try await Bench.withToken()
    let result = try await bench.shell(
      """
      "$hsmkey" benchmark --seconds 60 --threads 1 --log-level info > out & child=$!
      while ! grep -q '^C_Sign ' "$log" 2>/dev/null; do sleep 0.1; done
      kill -INT $child; wait $child
      """, environment: ["HSMKEY_MODULE": module.path, "log": "\(module.path).log"])
    #expect(result.exitCode == 130, "\(result.standardError)")
    #expect(result.standardError.contains("interrupted; nothing is left on the token"))
    #expect(try bench.text("out").isEmpty)
    let objects = try await bench.pkcs11Tool("--list-objects")
    #expect(!objects.standardOutput.contains("hsmkey-benchmark"), "\(objects.standardOutput)")
  }

  @Test("a token with few sessions is measured with those that it has")
  func fewSessions() async throws {
    let module = try FaultModule(.softHSMInChild, .maxSessions(3), "only-mechanisms CKM_EC_KEY_PAIR_GEN CKM_ECDSA")
    let bench = try await Bench.withToken()
    let answer = try await bench.object(
      "benchmark", "--seconds", "1", "--threads", "1,2,4", environment: ["HSMKEY_MODULE": module.path])
    let p256 = answer["signatures"].list.filter { $0["algorithm"].string == "ecdsa-p256" }
    #expect(p256.map { $0["result"].isNull } == [false, false, true], "\(p256)")
    #expect(p256.last?["trouble"].string == "the token has 2 sessions for this")
  }

  @Test("mistakes on the command line", arguments: [["--seconds", "0"], ["--threads", "0"], ["--threads", "1,,2"], ["--threads", "x"]])
  func usage(arguments: [String]) async throws {
    let result = try await Bench().hsmkey(["benchmark"] + arguments)
    #expect(result.exitCode == 64)
  }

  @Test("a measurement: rate, middle, and what all but a hundredth stay below")
  func measurement() throws {
    let times = (1...100).map { Duration.milliseconds($0) }
    let measured = try #require(Measurement(times.shuffled(), in: .seconds(2)))
    #expect(measured.count == 100)
    #expect(measured.perSecond == 50)
    #expect(measured.p50Milliseconds == 50)
    #expect(measured.p99Milliseconds == 99)
    #expect(Measurement([], in: .seconds(1)) == nil)
    #expect(BenchmarkTable.number(1234.56) == "1235")
    #expect(BenchmarkTable.number(0.0625) == "0.062")
  }
}

import Foundation
import TestSupport
import Testing

@Suite("doctor: state, trust and service", .serialized)
struct DoctorServiceTests {
  @Test("with a service: connected to and not asked; authorities that the agency has not published are a warning")
  func service() async throws {
    try await ServiceBench.with { service in
      let answer = try await service.bench.object("doctor")
      #expect(answer["outcome"].string == "warning")
      #expect(answer.step("service")["outcome"].string == "ok", "\(answer.step("service"))")
      #expect(answer.step("service")["message"].string?.hasSuffix("connection made, without TLS; nothing was sent") == true)
      #expect(answer.step("trust")["outcome"].string == "warning")
      #expect(answer.step("trust")["details"].list.contains { $0.string?.hasPrefix("response-ca: ") == true })
      #expect(answer.step("state")["message"].string?.contains("is not there yet") == true)
      #expect(!service.bench.exists("state"), "looking makes no state")
      #expect(try await service.bench.object("doctor", "--offline").step("service")["message"].string == "not checked: --offline")

      try await service.enrol()
      let state = try await service.bench.object("doctor").step("state")
      #expect(state["outcome"].string == "ok")
      #expect(state["message"].string?.contains("owner-only; its history is whole") == true)
    }
  }

  @Test("LIFECYCLE-HISTORY-CHAIN: a state file that something else has written to is found, with exit code 2, and the rest is looked at")
  func changedState() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try await service.enrol()
      // Never due again, says the table; the record beside it is as it was.
      let program = """
        import sqlite3, sys
        file = sqlite3.connect(sys.argv[1])
        file.execute("UPDATE certificate SET not_after = 9999999999")
        file.commit()
        """
      try #require(try await run("python3", ["-c", program, bench.folder.path("state/state.sqlite")]).succeeded)
      let result = try await bench.hsmkey(["doctor", "--offline", "--json"])
      #expect(result.exitCode == 2)
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer.step("state")["rule"].string == "LIFECYCLE-HISTORY-CHAIN")
      #expect(answer.step("state")["message"].string == "not_after of payroll is not what the record says")
      #expect(answer.step("state")["hint"].string?.contains("compare it with a backup") == true)
      #expect(answer.step("certificates")["outcome"].string == "ok")
    }
  }

  @Test("a service that is not there is exit code 69, with everything before it looked at")
  func unreachable() async throws {
    try await ServiceBench.with { service in
      try service.write(.init(), endpoint: "https://127.0.0.1:1/2017/10/CertificateServices")
      let result = try await service.bench.hsmkey(["doctor", "--json"])
      #expect(result.exitCode == 69)
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer.step("service")["rule"].string == "TRANSPORT-UNREACHABLE")
      #expect(answer.step("pin")["outcome"].string == "ok")
    }
  }

  @Test("a file of authorities that is missing is named, and the service is looked at all the same")
  func missingAuthorities() async throws {
    try await ServiceBench.with { service in
      try FileManager.default.removeItem(atPath: service.bench.folder.path("trust/services-root.pem"))
      let result = try await service.bench.hsmkey(["doctor", "--json"])
      #expect(result.exitCode == 78)
      let answer = try JSON(parsing: result.standardOutput)
      #expect(answer.step("trust")["message"].string?.contains("services-root.pem") == true, "\(answer.step("trust"))")
      #expect(answer.step("service")["outcome"].string == "ok")
    }
  }
}
